/* SPDX-License-Identifier: MIT */
/* The models that are listed: of the project, of installed packages, or of both. */
#ifndef MODELS_EACH_H
#define MODELS_EACH_H

#include "guild.h"

/* 0, or -ENOMEM, which ends it. */
typedef int (*model_visit)(void *arg, const struct model *m);

/*
 * What packages have, when it is asked for or there is no project; then what the project has. The
 * models of a project come as they are written, those of a package by name. EXIT_OK, or EXIT_ERROR
 * after a message.
 */
int models_each(struct guild *g, bool installed, model_visit visit, void *arg);

#endif

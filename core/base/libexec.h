/* SPDX-License-Identifier: MIT */
/* Where guild-supervise and the Python shim are. */
#ifndef BASE_LIBEXEC_H
#define BASE_LIBEXEC_H

#include "base/buf.h"
#include "base/strv.h"

/* Beside this program (a build), or in ../libexec/guildfs. Appended. */
int libexec_dir(struct buf *ret_path);
/* A PYTHONPATH for the shim's modules: its directory, in front of what `env` has. Appended. */
int libexec_python_path(const struct strv *env, struct buf *ret);
/* `env` with that PYTHONPATH. */
int libexec_python_env(const struct strv *env, struct strv *ret);
/* The `guild` program that belongs to this one. */
int libexec_guild(struct buf *ret_path);

#endif

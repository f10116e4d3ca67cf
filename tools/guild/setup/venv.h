/* SPDX-License-Identifier: MIT */
/*
 * Virtual environments of Python for `guild init`: by the venv module of a Python, else by
 * virtualenv, with what is to be installed there by the environment's own pip. What they print goes
 * to the terminal.
 *
 * Results are exit statuses; a message has been printed.
 */
#ifndef SETUP_VENV_H
#define SETUP_VENV_H

#include <stdbool.h>

#include "guild.h"

struct venv {
	const char *dir;   /* absolute */
	const char *name;  /* what its prompt shows */
	struct buf python; /* the program that it is made with; empty: the one that runs have */
	const char *guild; /* a version of Guild AI, or its wheel; NULL: none is installed */
	bool system_site_packages, no_progress, pre;
	struct strv packages;     /* of the Guild file's package */
	struct strv requirements; /* names, and files of such */
	struct strv paths;        /* more directories that its Python imports from */
};

void venv_release(struct venv *venv);

/* What --python says (3.11, python3.11, a path) as a program. */
int venv_choose_python(const struct guild *g, const char *given, struct venv *venv);
/*
 * The requirements: those that are given, else ./requirements.txt, and what the package of
 * the Guild file needs, unless there is to be none of either; and a Python that fits what these
 * say.
 */
int venv_choose_requirements(
	struct guild *g, const struct strv *given, bool none, struct venv *venv);
/* Makes it, and installs all of that. */
int venv_make(struct guild *g, const struct venv *venv);

#endif

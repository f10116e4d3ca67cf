/* SPDX-License-Identifier: MIT */
/*
 * The package that a Guild file describes (reference, 8): the `package` object, its values checked
 * and completed by what Guild AI assumes. Without such an object a package has the name of the
 * default model.
 *
 * The caller releases *ret, also after an error. What is borrowed lives as long as the Guild file.
 * Errors: -EINVAL with a sentence that names the Guild file, -ENOMEM.
 */
#ifndef PACKAGE_DEFINITION_H
#define PACKAGE_DEFINITION_H

#include "base/err.h"
#include "base/strv.h"
#include "project/guildfile.h"

struct package {
	const struct guildfile *file;
	char *name;    /* of the distribution: gpkg.hello */
	char *module;  /* the Python package that it becomes: the name with _ for - */
	char *version; /* in PEP 440's normal form; 0.0.0 when not given */
	char *description, *url, *author, *author_email, *license; /* "" when not given */
	char *python_tag, *python_requires;                        /* the same */
	struct strv tags;          /* with "gpkg", which says what kind of package it is */
	struct strv data_files;    /* patterns and directories, below the Guild file's */
	struct strv requires;      /* for pip */
	const struct value *parts; /* Python packages and their directories; NULL: what is there */
};

void package_release(struct package *package);
/* Sentences about what is odd are added to `warnings`. */
int package_define(
	const struct guildfile *file, struct package *ret, struct strv *warnings, struct err *err);

/* Adds what `requires` of a package has as pip knows it: pypi.NAME is a NAME of that index, and one
 * name stands for builds that have several. */
int package_pip_requirements(const struct strv *given, struct strv *ret);

#endif

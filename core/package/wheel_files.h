/* SPDX-License-Identifier: MIT */
/*
 * Which files of a project go into its package: Python modules of the project directory and of the
 * Python packages below it, what data-files names, the Guild file, LICENSE and README.
 *
 * The caller releases *ret, also after an error. Errors: -EINVAL with a sentence for a name that
 * the package cannot have, for a pattern that matches nothing and for what is outside of the
 * project; those of reading directories.
 */
#ifndef PACKAGE_WHEEL_FILES_H
#define PACKAGE_WHEEL_FILES_H

#include "package/definition.h"

struct wheel_file {
	char *member; /* in the wheel */
	char *path;   /* absolute */
};

struct wheel_files {
	struct wheel_file *v; /* by member, bytewise; each member once */
	size_t n;
	struct strv modules; /* Python packages: a.b, and what is below it */
};

int wheel_files_find(const struct package *package, struct wheel_files *ret, struct err *err);
void wheel_files_release(struct wheel_files *files);

#endif

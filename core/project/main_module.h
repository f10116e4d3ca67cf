/* SPDX-License-Identifier: MIT */
/*
 * The Python program that an operation runs: its `main` module, or the script that the operation
 * was made for. Errors: -ENOMEM, -EINVAL (`main` cannot be split into words).
 */
#ifndef PROJECT_MAIN_MODULE_H
#define PROJECT_MAIN_MODULE_H

#include "base/strv.h"
#include "project/guildfile.h"

struct main_module {
	struct strv
		words; /* the module, as `main` names it, and its own arguments; none: no Python */
	struct strv dirs; /* where it is looked for */
	struct strv tried; /* where its file was looked for, up to where it is */
	char *path;        /* of its file; NULL: not in the project */
};

int main_module_find(const struct operation *op, struct main_module *ret);
void main_module_release(struct main_module *m);
#define _cleanup_main_module_ _cleanup_(main_module_release)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What an operation says of how its runs are published: its attribute `publish`, as the Guild file
 * has it now.
 *
 *	publish:
 *	  template: report          a directory of the project
 *	  files: ['*.png']          as `sourcecode` is written: patterns, include and exclude
 *
 * Patterns are about the whole path in the run, and * matches slashes; the last one that matches
 * decides. A directory that is not chosen is not gone into.
 */
#ifndef PUBLISH_DEF_H
#define PUBLISH_DEF_H

#include <stdbool.h>

#include "guild.h"
#include "run/opref.h"

struct publish_rule {
	bool include;
	const char *pattern; /* borrowed from the Guild file */
};

struct publish_def {
	struct guildfile *file; /* NULL: the run's project or package is not there any more */
	const char *template;   /* NULL: none is named */
	struct publish_rule *rules;
	size_t n_rules;
	bool no_files; /* files: no */
};

/* Packages, which are looked for once. */
struct publish_defs {
	struct guild *g;
	struct installed packages;
	bool has_packages;
};

void publish_defs_release(struct publish_defs *defs);

/* Without a Guild file, or where it has no such operation any more, nothing is said. -EINVAL with a
 * sentence about what is not understood. *ret is to be released also after an error. */
int publish_def_find(struct publish_defs *defs, const struct opref *ref, struct publish_def *ret,
	struct err *err);
void publish_def_release(struct publish_def *def);
#define _cleanup_publish_def_ _cleanup_(publish_def_release)

enum publish_choice { PUBLISH_NOT_SAID, PUBLISH_INCLUDED, PUBLISH_EXCLUDED };
enum publish_choice publish_def_choose(const struct publish_def *def, const char *path);

#endif

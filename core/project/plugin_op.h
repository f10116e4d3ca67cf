/* SPDX-License-Identifier: MIT */
/*
 * Operations whose process was a plugin's of Guild AI (`plugin-op: cloudml-train`), as Guild files
 * of 2018 have them for Google's Cloud ML Engine, which has ended. Some have a successor among our
 * commands; none is a program.
 */
#ifndef PROJECT_PLUGIN_OP_H
#define PROJECT_PLUGIN_OP_H

#include "base/err.h"
#include "project/guildfile.h"

struct plugin_op {
	const char *name;
	/* Its successor is `guild COMMAND`, to which the value of this flag matters. NULL: none. */
	const char *command, *flag;
	const char *instead; /* a sentence: what to do */
};

/* NULL: an operation like any other. */
const struct plugin_op *plugin_op_of(const struct operation *op);
/* -EINVAL with a sentence for one that is, 0 for all others. */
int plugin_op_refuse(const struct operation *op, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Operations whose process was a plugin's of Guild AI (`plugin-op: cloudml-train`), as Guild files
 * of 2018 have them for Google's Cloud ML Engine, which has ended. Each has a successor on the
 * command line, or none: a command of ours, or a process that has Vertex AI run another operation
 * of the model, `train` or the one behind a # (`cloudml-train#finetune`).
 */
#ifndef PROJECT_PLUGIN_OP_H
#define PROJECT_PLUGIN_OP_H

#include "base/err.h"
#include "project/guildfile.h"

struct plugin_op {
	const char *name;
	/* Its successor is `guild COMMAND`, to which the value of this flag matters. NULL: none. */
	const char *command, *flag;
	/* Its successor is a process: a module that stands for one of ours (project/command.h). The
	 * words behind it are those of the operation that it has run. NULL: none. */
	const char *module;
	/* Flags of that process itself, as a Guild file has them, in YAML. */
	const char *flags;
	const char *instead; /* a sentence: what to do, or what is done */
};

/* NULL: an operation like any other. */
const struct plugin_op *plugin_op_of(const struct operation *op);
/* -EINVAL with a sentence for one that cannot be started as an operation, 0 for all others. */
int plugin_op_refuse(const struct operation *op, struct err *err);
/* What it was, and what has come after: for who starts it. */
void plugin_op_notice(const struct plugin_op *p, struct buf *b);
/*
 * The mapping of an operation, completed by that of the one among `ops` that it has run, and with
 * the flags of its process. *ret is NULL where there is nothing to complete. 0, -ENOMEM, -EINVAL.
 */
int plugin_op_complete(const struct value *op, const struct value *ops, struct value **ret);

#endif

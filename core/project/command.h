/* SPDX-License-Identifier: MIT */
/*
 * From an operation and its flags to an argument vector and an environment.
 *
 * What a run needs to be started, now or years later, is its `op` attribute (Guild AI's format,
 * readable by it); command_attr() makes that from a Guild file, and all else is computed from the
 * attribute, so that a fresh run, a staged one and a restart take one way.
 *
 * Errors: -EINVAL with a sentence (a reference to an undefined flag, an open quote), -ENOMEM.
 */
#ifndef PROJECT_COMMAND_H
#define PROJECT_COMMAND_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "project/guildfile.h"
#include "yaml/value.h"

/*
 * The `op` attribute. The caller frees it; NULL: out of memory, or a sentence in err when a
 * resource that is required is not defined.
 */
struct value *command_attr(const struct operation *op, const struct value *flags, struct err *err);

/* A sentence for each flag that is not passed on because the command has its option already. */
int command_shadowed(const struct value *op_attr, const struct value *flags, struct strv *warnings);

/* ${python_exe} in cmd-args becomes `python`. */
int command_argv(const struct value *op_attr, const struct value *flags, const char *python,
	struct strv *ret_argv, struct err *err);
/* The operation's process is ours: it runs the `steps` of the run (tools/guild/steps.c). */
bool command_is_steps(const struct value *op_attr);
/* Its process is a Python's, which needs a PYTHONPATH: by its first word, as in Guild AI. */
bool command_is_python(const struct value *op_attr);

/* What an environment gets for the sake of the operation itself: its env and FLAG_* variables. */
int command_env(
	const struct value *op_attr, const struct value *flags, struct strv *env, struct err *err);

/*
 * The Python of a run, as an absolute path: $GUILD_PYTHON_EXE, else .venv beside the Guild file,
 * else `python`, then `python3` of PATH. -ENOENT when there is none.
 */
int python_find(const char *project_dir, const struct strv *env, struct buf *ret_path);

/* Absolute path of a program, searched on the PATH of env as execvp does. -ENOENT. */
int program_find(const char *name, const struct strv *env, struct buf *ret_path);

#endif

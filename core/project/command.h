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

/*
 * Patterns of what to look for in the operation's output, as the attribute has them: the
 * operation's own; else for scalars those of the framework that its program uses; else null, which
 * means the defaults (metrics/capture_pattern.h). The caller frees it; NULL: out of memory.
 */
struct value *command_output_scalars(const struct operation *op);
struct value *command_output_attrs(const struct operation *op);

/* A sentence for each flag that is not passed on because the command has its option already. */
int command_shadowed(const struct value *op_attr, const struct value *flags, struct strv *warnings);

/* ${python_exe} in cmd-args becomes `python`. */
int command_argv(const struct value *op_attr, const struct value *flags, const char *python,
	struct strv *ret_argv, struct err *err);
/*
 * What of Guild AI's own modules is run by our own program instead: the command of `guild` that
 * takes a pipeline, a batch or a queue through (cmd_steps.c, cmd_batch.c and cmd_queue.c of
 * tools/guild/process), or a model or a job to where others serve or train it (cmd_*_main.c of
 * tools/guild/models).
 * NULL: nothing is.
 */
const char *command_own_process(const struct value *op_attr);
/* Its process is a Python's, which needs a PYTHONPATH: by its first word, as in Guild AI. */
bool command_is_python(const struct value *op_attr);

/* What an environment gets for the sake of the operation itself: its env and FLAG_* variables. */
int command_env(
	const struct value *op_attr, const struct value *flags, struct strv *env, struct err *err);

/*
 * The Python of a run, as an absolute path: $GUILD_PYTHON_EXE, else .venv beside the Guild file,
 * else, for the Guild file of a package, the virtual environment that it is installed in, else
 * `python`, then `python3` of PATH. -ENOENT when there is none.
 */
int python_find(const char *project_dir, const struct strv *env, struct buf *ret_path);

/* Absolute path of a program, searched on the PATH of env as execvp does. -ENOENT. */
int program_find(const char *name, const struct strv *env, struct buf *ret_path);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The command line: one table of commands (main.c), one table of options for each, which parsing
 * and --help are both made from (options.h), and one file for each family of commands. Data goes to
 * stdout, messages to stderr.
 *
 * A command returns its exit status: 0, 1 (a message was printed), 2 (usage), 4 (declined).
 */
#ifndef GUILD_H
#define GUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"
#include "catalog/catalog.h"
#include "options.h"
#include "package/installed.h"
#include "project/guildfile.h"
#include "run/home.h"

enum exit_status { EXIT_OK, EXIT_ERROR, EXIT_USAGE, EXIT_DECLINED = 4 };

struct guild {
	const char *home_option; /* -H */
	char *cwd;               /* -C, else where guild was started */
	char *start_dir;         /* where guild was started */
	struct strv env;
	struct home *home; /* by guild_open_home() */
	struct catalog *catalog;
};

struct command {
	const char *group; /* "runs", "api", or NULL */
	const char *name;
	bool in_runs; /* known by `guild X` and `guild runs X` alike */
	const char *usage;
	const char *summary;
	const struct option_def *options;
	size_t options_size; /* of the structure that they fill in */
	/* `options` points to such a structure; args are what is not an option. */
	int (*run)(struct guild *g, void *options, const struct strv *args);
	void (*release)(void *options);
};

/* "guild: ..." on stderr. Returns EXIT_ERROR. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For commands without arguments: EXIT_OK when there are none, else EXIT_USAGE, with a message. */
int guild_no_arguments(const struct strv *args);
/* "WARNING: ..." on stderr. */
void warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_warnings(const struct strv *sentences);
/* Nonzero, with a message, when it cannot be opened. Nothing when it is open. */
int guild_open_home(struct guild *g);
/* The Guild file of the current directory; *ret is NULL when there is none. EXIT_ERROR after a
 * message about one that cannot be read. */
int guild_open_project(struct guild *g, struct guildfile **ret);
/* The Python that runs of the current directory have, an absolute path. EXIT_ERROR, with a message.
 */
int guild_find_python(struct guild *g, struct buf *ret);
/* Guild files of packages that are installed for it; none without a Python. EXIT_ERROR after a
 * message. */
int guild_open_installed(struct guild *g, struct installed *ret);
/* "QUESTION? (Y/n) " on stderr: EXIT_OK for yes, EXIT_DECLINED; EXIT_ERROR at the end of input. */
int confirm(const char *question, bool default_yes);

extern const struct command cmd_run, cmd_runs_list, cmd_runs_info, cmd_runs_delete, cmd_runs_rm,
	cmd_runs_restore, cmd_runs_purge, cmd_stop, cmd_label, cmd_tag, cmd_mark, cmd_comment,
	cmd_select, cmd_compare, cmd_cat, cmd_ls, cmd_models, cmd_operations, cmd_help, cmd_steps,
	cmd_mount, cmd_unmount, cmd_check, cmd_merge, cmd_diff, cmd_open, cmd_export, cmd_import,
	cmd_archive, cmd_complete, cmd_completion, cmd_watch, cmd_init, cmd_tensorboard, cmd_view,
	cmd_api_merge, cmd_man, cmd_batch, cmd_queue, cmd_pause, cmd_resume, cmd_drain, cmd_package,
	cmd_install, cmd_uninstall, cmd_packages, cmd_packages_info, cmd_packages_delete,
	cmd_packages_rm, cmd_packages_ls, cmd_publish, cmd_api_compare, cmd_api_help_op,
	cmd_api_ops, cmd_api_runs, cmd_search, cmd_deploy, cmd_deploy_main, cmd_predict,
	cmd_predict_main, cmd_cloudml_main, cmd_shell, cmd_download, cmd_tensorflow_inspect;

/* What the command line is made of: commands, and options that stand before them. */
const struct command *const *guild_commands(size_t *ret_n);
/* `guild NAME`, or `guild GROUP NAME`; a group of NULL is the former. */
bool guild_command_is_in(const struct command *command, const char *group);
const struct command *guild_find_command(const char *group, const char *name); /* or NULL */
/* One of them with these words, as if it had been typed. */
int guild_run_command(struct guild *g, const struct command *command, const struct strv *words);
extern const struct option_def guild_options[];

#endif

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
	const char *group; /* "runs", or NULL */
	const char *name;
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
/* Nonzero, with a message, when it cannot be opened. */
int guild_open_home(struct guild *g);
/* The Guild file of the current directory; NULL after a message. */
struct guildfile *guild_open_project(struct guild *g);
/* "QUESTION? (Y/n) " on stderr: EXIT_OK for yes, EXIT_DECLINED; EXIT_ERROR at the end of input. */
int confirm(const char *question, bool default_yes);

extern const struct command cmd_run, cmd_runs_list, cmd_runs_info, cmd_runs_delete, cmd_runs_rm,
	cmd_runs_restore, cmd_runs_purge, cmd_stop, cmd_label, cmd_tag, cmd_mark, cmd_comment,
	cmd_select, cmd_compare, cmd_cat, cmd_ls, cmd_models, cmd_operations, cmd_help, cmd_steps,
	cmd_mount, cmd_unmount, cmd_check;

#endif

/* SPDX-License-Identifier: MIT */
/* Commands, global options, and what all commands use. */
#include "guild.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run_job.h"
#include "sweeper.h"
#include "project/flag_import.h"
#include "project/nearest.h"

extern char **environ;

static const struct command *const commands[] = {
	&cmd_run,
	&cmd_runs_list,
	&cmd_runs_info,
	&cmd_runs_delete,
	&cmd_runs_rm,
	&cmd_runs_restore,
	&cmd_runs_purge,
	&cmd_select,
	&cmd_compare,
	&cmd_stop,
	&cmd_label,
	&cmd_tag,
	&cmd_mark,
	&cmd_comment,
	&cmd_cat,
	&cmd_ls,
	&cmd_models,
	&cmd_operations,
	&cmd_help,
	&cmd_steps,
	&cmd_mount,
	&cmd_unmount,
	&cmd_check,
};

struct global_options {
	const char *dir, *home;
	bool debug, version;
};

#define GLOBAL(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct global_options, member)                                  \
	}

static const struct option_def global_options[] = {
	GLOBAL(dir, "--chdir", "-C", "DIR", "work as if started in DIR", OPTION_VALUE),
	GLOBAL(home, "--home", "-H", "DIR", "use this Guild home", OPTION_VALUE),
	GLOBAL(debug, "--debug", NULL, NULL, "tell more", OPTION_FLAG),
	GLOBAL(version, "--version", NULL, NULL, "print the version", OPTION_FLAG),
	{0},
};

/* --- for all commands ----------------------------------------------------- */

int complain(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("guild: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return EXIT_ERROR;
}

int guild_open_home(struct guild *g)
{
	_cleanup_buf_ struct buf path = BUF_INIT, cache = BUF_INIT;
	struct err err = ERR_INIT;

	if (home_find(g->home_option, g->cwd, &path, &err) < 0 ||
		home_open(buf_str(&path), &g->home, &err) < 0 ||
		catalog_new(g->home, &g->catalog, &err) < 0)
		return complain("%s", err_text(&err));
	buf_printf(&cache, "%s/cache/import-flags", g->home->path);
	flag_import_set_cache(buf_str(&cache));
	return EXIT_OK;
}

struct guildfile *guild_open_project(struct guild *g)
{
	struct guildfile *file;
	struct err err = ERR_INIT;
	int r = guildfile_load(g->cwd, &file, &err);

	if (r == 0) {
		print_warnings(file);
		return file;
	}
	if (r == -ENOENT)
		complain("cannot find a Guild file (guild.yml) in %s", g->cwd);
	else
		complain("error in %s", err_text(&err));
	return NULL;
}

int confirm(const char *question, bool default_yes)
{
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	fprintf(stderr, "%s (%s) ", question, default_yes ? "Y/n" : "y/N");
	fflush(stderr);
	n = getline(&line, &cap, stdin);
	if (n < 0) {
		fputc('\n', stderr);
		return EXIT_ERROR;
	}
	if (n <= 1)
		return default_yes ? EXIT_OK : EXIT_DECLINED;
	return line[0] == 'y' || line[0] == 'Y' ? EXIT_OK : EXIT_DECLINED;
}

/* --- help ----------------------------------------------------------------- */

static void print_usage(void)
{
	puts("Usage: guild [OPTION]... COMMAND [ARG]...\n"
	     "       guild OPERATION [MODEL] [FLAG=VALUE]...\n"
	     "\n"
	     "Options:");
	options_print(global_options);
	puts("  --help                     this text\n\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = commands[i];
		char name[32];

		snprintf(name, sizeof(name), "%s%s%s", c->group ? c->group : "",
			c->group ? " " : "", c->name);
		if (c->summary) /* others are started by programs */
			printf("  %-16s %s\n", name, c->summary);
	}
	puts("\n'guild COMMAND --help' says more.");
}

static void print_help(const struct command *c)
{
	printf("Usage: guild %s\n\n%s.\n\nOptions:\n", c->usage, c->summary);
	options_print(c->options);
	puts("  --help                     this text");
}

/* --- choosing ------------------------------------------------------------- */

/* Those that are about runs are known as `guild X` and `guild runs X` alike. */
static const struct command *find_command(const char *group, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = commands[i];
		bool in_runs = c->group || c == &cmd_stop || c == &cmd_label || c == &cmd_tag ||
			       c == &cmd_mark || c == &cmd_compare || c == &cmd_cat || c == &cmd_ls;

		if (strcmp(c->name, name) == 0 && (group ? in_runs : !c->group))
			return c;
	}
	return NULL;
}

static int no_command(const char *name)
{
	const char *names[ARRAY_SIZE(commands)];
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		names[i] = commands[i]->name;
	near = nearest_name(name, names, ARRAY_SIZE(names));
	complain("unrecognized command '%s'%s%s%s\nTry 'guild --help' for a list.", name,
		near ? " - did you mean '" : "", near ? near : "", near ? "'?" : "");
	return EXIT_USAGE;
}

static int run_command(struct guild *g, const struct command *c, char **argv, int argc)
{
	_cleanup_free_ void *options = calloc(1, c->options_size);
	_cleanup_strv_ struct strv args = STRV_INIT;
	struct err err = ERR_INIT;
	bool help = false;
	int rest, status;
	int r = options ? options_parse(
				  c->options, options, argv, argc, false, &args, &rest, &help, &err)
			: -ENOMEM;

	if (help) {
		print_help(c);
		status = EXIT_OK;
	} else if (r < 0) {
		complain("%s\nTry 'guild %s%s%s --help' for help.",
			err.code ? err_text(&err) : strerror(-r), c->group ? c->group : "",
			c->group ? " " : "", c->name);
		status = EXIT_USAGE;
	} else {
		status = c->run(g, options, &args);
	}
	if (options && c->release)
		c->release(options);
	return status;
}

/* `guild train cnn epochs=3` is `guild run cnn:train epochs=3`, for what is not a command. */
static int run_operation(struct guild *g, char **argv, int argc)
{
	bool has_model = argc > 1 && argv[1][0] != '-' && !strchr(argv[1], '=');
	_cleanup_buf_ struct buf opspec = BUF_INIT;
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_free_ char **words = calloc((size_t)argc + 1, sizeof(*words));
	const struct operation *op;
	int skip = has_model ? 2 : 1;

	if (guildfile_load(g->cwd, &file, NULL) < 0 || !words)
		return no_command(argv[0]);
	if (has_model)
		buf_printf(&opspec, "%s:", argv[1]);
	buf_puts(&opspec, argv[0]);
	if (!has_model && guildfile_find_operation(file, buf_str(&opspec), &op, NULL) < 0)
		return no_command(argv[0]);
	words[0] = opspec.data;
	for (int i = skip; i < argc; i++)
		words[i - skip + 1] = argv[i];
	return run_command(g, &cmd_run, words, argc - skip + 1);
}

static int choose(struct guild *g, char **argv, int argc)
{
	const struct command *c;

	if (strcmp(argv[0], "help") == 0) {
		c = argc > 1 ? find_command(NULL, argv[1]) : NULL;
		if (!c)
			return run_command(g, &cmd_help, argv + 1, argc - 1);
		print_help(c);
		return EXIT_OK;
	}
	if (strcmp(argv[0], "runs") == 0) {
		c = argc > 1 && argv[1][0] != '-' ? find_command("runs", argv[1]) : NULL;
		if (c)
			return run_command(g, c, argv + 2, argc - 2);
		if (argc > 1 && argv[1][0] != '-')
			return no_command(argv[1]);
		return run_command(g, &cmd_runs_list, argv + 1, argc - 1);
	}
	if (strcmp(argv[0], "ops") == 0)
		return run_command(g, &cmd_operations, argv + 1, argc - 1);
	c = find_command(NULL, argv[0]);
	return c ? run_command(g, c, argv + 1, argc - 1) : run_operation(g, argv, argc);
}

static int open_guild(struct guild *g, const struct global_options *o)
{
	struct stat st;

	g->home_option = o->home;
	g->start_dir = getcwd(NULL, 0);
	g->cwd = realpath(o->dir ? o->dir : ".", NULL);
	if (!g->cwd || !g->start_dir)
		return complain("directory '%s' does not exist", o->dir ? o->dir : ".");
	if (stat(g->cwd, &st) == 0 && !S_ISDIR(st.st_mode))
		return complain("'%s' is not a directory", o->dir);
	/* Whatever is started from here reads it, too. */
	if (o->debug && setenv("LOG_LEVEL", "10", 1) < 0)
		return complain("out of memory");
	for (char **e = environ; *e; e++)
		if (strv_add(&g->env, *e) < 0)
			return complain("out of memory");
	return EXIT_OK;
}

static void close_guild(struct guild *g)
{
	if (g->catalog)
		catalog_free(g->catalog);
	if (g->home)
		home_close(g->home);
	strv_release(&g->env);
	free(g->cwd);
	free(g->start_dir);
}

int main(int argc, char **argv)
{
	struct global_options o = {0};
	_cleanup_strv_ struct strv none = STRV_INIT;
	struct guild g = {0};
	struct err err = ERR_INIT;
	bool help;
	int rest, status;

	if (options_parse(global_options, &o, argv + 1, argc - 1, true, &none, &rest, &help, &err) <
		0) {
		complain("%s\nTry 'guild --help' for help.", err_text(&err));
		return EXIT_USAGE;
	}
	rest++;
	if (o.version) {
		printf("guildfs %s\n", GUILDFS_VERSION);
		return EXIT_OK;
	}
	if (help || rest >= argc) {
		print_usage();
		return EXIT_OK;
	}
	status = open_guild(&g, &o);
	if (status == EXIT_OK)
		status = choose(&g, argv + rest, argc - rest);
	/* What was printed must have arrived for this to be a success. */
	if (fflush(stdout) != 0 && status == EXIT_OK)
		status = complain("cannot write: %s", strerror(errno));
	sweeper_finish(&g);
	close_guild(&g);
	return status;
}

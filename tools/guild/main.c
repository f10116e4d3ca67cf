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

#include "sweeper.h"
#include "project/command.h"
#include "project/flag_import.h"
#include "project/nearest.h"
#include "project/script.h"

extern char **environ;

/* Of the longest of them, and a space. */
enum { NAME_COLUMNS = 19 };

static const struct command *const commands[] = {
	&cmd_run,
	&cmd_runs_list,
	&cmd_runs_info,
	&cmd_runs_delete,
	&cmd_runs_rm,
	&cmd_runs_restore,
	&cmd_runs_purge,
	&cmd_export,
	&cmd_import,
	&cmd_archive,
	&cmd_publish,
	&cmd_select,
	&cmd_compare,
	&cmd_stop,
	&cmd_pause,
	&cmd_resume,
	&cmd_drain,
	&cmd_label,
	&cmd_tag,
	&cmd_mark,
	&cmd_comment,
	&cmd_diff,
	&cmd_merge,
	&cmd_open,
	&cmd_watch,
	&cmd_cat,
	&cmd_ls,
	&cmd_models,
	&cmd_operations,
	&cmd_help,
	&cmd_package,
	&cmd_install,
	&cmd_uninstall,
	&cmd_packages,
	&cmd_packages_ls,
	&cmd_packages_info,
	&cmd_packages_delete,
	&cmd_packages_rm,
	&cmd_search,
	&cmd_deploy,
	&cmd_predict,
	&cmd_steps,
	&cmd_batch,
	&cmd_queue,
	&cmd_deploy_main,
	&cmd_predict_main,
	&cmd_cloudml_main,
	&cmd_mount,
	&cmd_unmount,
	&cmd_init,
	&cmd_tensorboard,
	&cmd_view,
	&cmd_download,
	&cmd_shell,
	&cmd_tensorflow_inspect,
	&cmd_check,
	&cmd_completion,
	&cmd_complete,
	&cmd_api_compare,
	&cmd_api_help_op,
	&cmd_api_merge,
	&cmd_api_ops,
	&cmd_api_runs,
	&cmd_man,
};

/* Commands of several words, and what the first one alone does. */
static const struct group {
	const char *name;
	const struct command *itself;
} groups[] = {
	{"runs", &cmd_runs_list},
	{"api", NULL},
	{"packages", &cmd_packages},
	{"tensorflow", NULL},
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

const struct option_def guild_options[] = {
	GLOBAL(dir, "--chdir", "-C", "DIR", "work as if started in DIR", OPTION_VALUE),
	GLOBAL(home, "--home", "-H", "DIR", "use this Guild home", OPTION_VALUE),
	GLOBAL(debug, "--debug", NULL, NULL, "tell more", OPTION_FLAG),
	GLOBAL(version, "--version", NULL, NULL, "print the version", OPTION_FLAG),
	{0},
};

/* --- for all commands ----------------------------------------------------- */

/* After what was printed before. */
__attribute__((format(printf, 2, 0))) static void say(
	const char *who, const char *format, va_list ap)
{
	fflush(stdout);
	fputs(who, stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
}

int complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("guild: ", format, ap);
	va_end(ap);
	return EXIT_ERROR;
}

void warning(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("WARNING: ", format, ap);
	va_end(ap);
}

void print_warnings(const struct strv *sentences)
{
	for (size_t i = 0; i < sentences->n; i++)
		warning("%s", sentences->v[i]);
}

int guild_no_arguments(const struct strv *args)
{
	if (!args->n)
		return EXIT_OK;
	complain("unexpected argument '%s'", args->v[0]);
	return EXIT_USAGE;
}

int guild_open_home(struct guild *g)
{
	_cleanup_buf_ struct buf path = BUF_INIT, cache = BUF_INIT;
	struct err err = ERR_INIT;

	/* By a command that has this one run. */
	if (g->catalog)
		return EXIT_OK;
	if (home_find(g->home_option, g->cwd, &path, &err) < 0 ||
		home_open(buf_str(&path), &g->home, &err) < 0 ||
		catalog_new(g->home, &g->catalog, &err) < 0)
		return complain("%s", err_text(&err));
	buf_printf(&cache, "%s/cache/import-flags", g->home->path);
	flag_import_set_cache(buf_str(&cache));
	return EXIT_OK;
}

int guild_open_project(struct guild *g, struct guildfile **ret)
{
	struct err err = ERR_INIT;
	int r = guildfile_load(g->cwd, ret, &err);

	if (r == 0)
		print_warnings(&(*ret)->warnings);
	else if (r == -ENOENT)
		*ret = NULL;
	else
		return complain("error in %s", err_text(&err));
	return EXIT_OK;
}

int guild_find_python(struct guild *g, struct buf *ret)
{
	if (python_find(g->cwd, &g->env, ret) < 0)
		return complain("there is no Python here: neither python nor python3 is on PATH, "
				"and GUILD_PYTHON_EXE names none");
	return EXIT_OK;
}

int guild_open_installed(struct guild *g, struct installed *ret)
{
	_cleanup_buf_ struct buf python = BUF_INIT;
	int r = python_find(g->cwd, &g->env, &python);

	*ret = (struct installed){0};
	if (r == 0)
		r = installed_read(buf_str(&python), ret);
	if (r < 0 && r != -ENOENT)
		return complain("cannot read what is installed: %s", strerror(-r));
	print_warnings(&ret->warnings);
	return EXIT_OK;
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
	options_print(guild_options);
	puts("  --help                     this text\n\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct command *c = commands[i];
		char name[32];

		snprintf(name, sizeof(name), "%s%s%s", c->group ? c->group : "",
			c->group ? " " : "", c->name);
		if (c->summary) /* others are started by programs */
			printf("  %-*s %s\n", NAME_COLUMNS, name, c->summary);
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

const struct command *const *guild_commands(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(commands);
	return commands;
}

bool guild_command_is_in(const struct command *command, const char *group)
{
	if (!group)
		return !command->group;
	if (command->group)
		return strcmp(command->group, group) == 0;
	return command->in_runs && strcmp(group, "runs") == 0;
}

const struct command *guild_find_command(const char *group, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i]->name, name) == 0 && guild_command_is_in(commands[i], group))
			return commands[i];
	return NULL;
}

static size_t count_operations(const struct guildfile *file)
{
	size_t n = 0;

	for (size_t i = 0; file && i < file->n_models; i++)
		n += file->models[i].n_operations;
	return n;
}

/* `file`: of the project, whose operations may stand in a command's place; or NULL. */
static int no_command(const char *group, const char *name, const struct guildfile *file)
{
	size_t max = ARRAY_SIZE(commands) + ARRAY_SIZE(groups) + count_operations(file), n = 0;
	_cleanup_free_ const char **names = calloc(max, sizeof(*names));
	const char *near;

	if (!names)
		return complain("out of memory");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i]->summary && guild_command_is_in(commands[i], group))
			names[n++] = commands[i]->name;
	for (size_t i = 0; !group && i < ARRAY_SIZE(groups); i++)
		names[n++] = groups[i].name;
	for (size_t i = 0; file && i < file->n_models; i++)
		for (size_t j = 0; j < file->models[i].n_operations; j++)
			names[n++] = file->models[i].operations[j].name;
	near = nearest_name(name, names, n);
	complain("unrecognized command '%s'%s%s%s\nTry 'guild --help' for a list.", name,
		near ? " - did you mean '" : "", near ? near : "", near ? "'?" : "");
	return EXIT_USAGE;
}

/* `called`: the word in the place of the command's name, when it was another one. A usage error has
 * a status of its own, but for a value that an option does not know. */
static int complain_usage(
	const struct command *c, const char *called, int error, const struct err *err)
{
	const char *group = c->group && !called ? c->group : "";

	complain("%s\nTry 'guild %s%s%s --help' for more information.",
		err->code ? err_text(err) : strerror(-error), group, *group ? " " : "",
		called ? called : c->name);
	return error == -EDOM ? EXIT_ERROR : EXIT_USAGE;
}

static int run_command_as(
	struct guild *g, const struct command *c, const char *called, char **argv, int argc)
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
		status = complain_usage(c, called, r, &err);
	} else {
		status = c->run(g, options, &args);
	}
	if (options && c->release)
		c->release(options);
	return status;
}

/* A script is no command, and no operation without `run`: so it is in Guild AI. */
static int no_operation(const struct guild *g, const struct guildfile *project, const char *name)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;

	if (script_guildfile(g->cwd, name, &file, NULL) < 0)
		return no_command(NULL, name, project);
	complain("unrecognized command '%s', which is a script\nTry 'guild run %s'.", name, name);
	return EXIT_USAGE;
}

static int run_command(struct guild *g, const struct command *c, char **argv, int argc)
{
	return run_command_as(g, c, NULL, argv, argc);
}

int guild_run_command(struct guild *g, const struct command *c, const struct strv *words)
{
	return run_command(g, c, words->v, (int)words->n);
}

/* It may be an operation's name, which nobody can tell. */
static int unknown_operations(const char *name, const struct err *err)
{
	return complain("'%s' is no command, and operations are not known: error in %s", name,
		err_text(err));
}

/* `guild train cnn epochs=3` is `guild run cnn:train epochs=3`, for what is not a command. */
static int run_operation(struct guild *g, char **argv, int argc)
{
	bool has_model = argc > 1 && argv[1][0] != '-' && !strchr(argv[1], '=');
	_cleanup_buf_ struct buf opspec = BUF_INIT;
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_free_ char **words = calloc((size_t)argc + 1, sizeof(*words));
	const struct operation *op;
	struct err err = ERR_INIT;
	int skip = has_model ? 2 : 1;
	int r = words ? guildfile_load(g->cwd, &file, &err) : -ENOMEM;

	if (r < 0)
		return r == -ENOENT || !err.code ? no_operation(g, NULL, argv[0])
						 : unknown_operations(argv[0], &err);
	if (has_model)
		buf_printf(&opspec, "%s:", argv[1]);
	buf_puts(&opspec, argv[0]);
	if (!has_model && guildfile_find_operation(file, buf_str(&opspec), &op, NULL) < 0)
		return no_operation(g, file, argv[0]);
	words[0] = opspec.data;
	for (int i = skip; i < argc; i++)
		words[i - skip + 1] = argv[i];
	return run_command(g, &cmd_run, words, argc - skip + 1);
}

static void print_group(const struct group *group)
{
	if (!group->itself)
		printf("Usage: guild %s COMMAND [ARG]...\n\nOptions:\n"
		       "  --help                     this text\n",
			group->name);
	puts("\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i]->summary && guild_command_is_in(commands[i], group->name))
			printf("  %-*s %s\n", NAME_COLUMNS, commands[i]->name,
				commands[i]->summary);
}

static int choose_in(struct guild *g, const struct group *group, char **argv, int argc)
{
	bool help = argc == 1 && strcmp(argv[0], "--help") == 0;
	const struct command *c;
	int status;

	if (argc && argv[0][0] != '-') {
		c = guild_find_command(group->name, argv[0]);
		return c ? run_command(g, c, argv + 1, argc - 1)
			 : no_command(group->name, argv[0], NULL);
	}
	if (!group->itself && !help) {
		complain("guild %s needs a command\nTry 'guild %s --help' for a list.", group->name,
			group->name);
		return EXIT_USAGE;
	}
	status =
		group->itself ? run_command_as(g, group->itself, group->name, argv, argc) : EXIT_OK;
	if (help)
		print_group(group);
	return status;
}

static int choose(struct guild *g, char **argv, int argc)
{
	const struct command *c;

	if (strcmp(argv[0], "help") == 0) {
		c = argc > 1 ? guild_find_command(NULL, argv[1]) : NULL;
		if (!c)
			return run_command(g, &cmd_help, argv + 1, argc - 1);
		print_help(c);
		return EXIT_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (strcmp(argv[0], groups[i].name) == 0)
			return choose_in(g, &groups[i], argv + 1, argc - 1);
	if (strcmp(argv[0], "ops") == 0)
		return run_command(g, &cmd_operations, argv + 1, argc - 1);
	c = guild_find_command(NULL, argv[0]);
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

	if (options_parse(guild_options, &o, argv + 1, argc - 1, true, &none, &rest, &help, &err) <
		0) {
		complain("%s\nTry 'guild --help' for more information.", err_text(&err));
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

/* SPDX-License-Identifier: MIT */
/*
 * What could stand at the end of an unfinished command line. Everything comes from the tables that
 * the command line is parsed by: commands, their options, and the words of their usage, each of
 * which stands for a kind of argument.
 *
 * Called by the scripts of guild completion. Prints a candidate a line, with a tab and a
 * description where there is one; a line that begins with a colon says what the shell itself
 * completes.
 */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "runs/select.h"
#include "base/shell.h"
#include "project/flag_import.h"
#include "project/flag_values.h"
#include "project/guildfile.h"

enum { RUNS_MAX = 200 };

struct complete_options {
	const char *line, *breaks;
};

static const struct option_def complete_options[] = {
	{.name = "--line",
		.value = "LINE",
		.help = "the command line, as text",
		.kind = OPTION_VALUE,
		.offset = offsetof(struct complete_options, line)},
	{.name = "--breaks",
		.value = "CHARS",
		.help = "what ends a word for the shell, which wants only the rest",
		.kind = OPTION_VALUE,
		.offset = offsetof(struct complete_options, breaks)},
	{0},
};

struct completion {
	struct guild *g;
	const char *current; /* the word that is being written */
	size_t skip;         /* how much of it the shell does not want again */
};

static void offer(const struct completion *c, const char *text, const char *description)
{
	if (strncmp(text, c->current, strlen(c->current)) != 0)
		return;
	fputs(text + c->skip, stdout);
	if (description && *description)
		printf("\t%.*s", (int)strcspn(description, "\n"), description);
	putchar('\n');
}

/* --- kinds of values ------------------------------------------------------ */

static void offer_dirs(struct completion *c, const struct strv *args)
{
	(void)c;
	(void)args;
	puts(":dirs");
}

static void offer_files(struct completion *c, const struct strv *args)
{
	(void)c;
	(void)args;
	puts(":files");
}

/* The newest runs; a nonzero result of visit ends it. */
static int each_run(struct completion *c,
	int (*visit)(void *arg, const char *id, const struct run_summary *s), void *arg)
{
	_cleanup_free_ uint64_t *serials = NULL;
	size_t n = 0;
	int r = 0;

	if (guild_open_home(c->g) != EXIT_OK ||
		catalog_newest_first(c->g->catalog, &serials, &n) < 0)
		return -EIO;
	for (size_t i = 0; r == 0 && i < n && i < RUNS_MAX; i++) {
		_cleanup_summary_ struct run_summary s = {0};

		if (catalog_summary(c->g->catalog, serials[i], &s) >= 0)
			r = visit(arg, catalog_id(c->g->catalog, serials[i]), &s);
	}
	return r;
}

static int offer_run(void *arg, const char *run_id, const struct run_summary *s)
{
	_cleanup_buf_ struct buf id = BUF_INIT, what = BUF_INIT;

	buf_printf(&id, "%.8s", run_id);
	run_summary_operation(s, &what);
	buf_printf(&what, "  %s  %s", run_status_name(s->status), s->label);
	offer(arg, buf_str(&id), buf_str(&what));
	return 0;
}

static void offer_runs(struct completion *c, const struct strv *args)
{
	(void)args;
	each_run(c, offer_run, c);
}

static int add_operation(void *arg, const char *id, const struct run_summary *s)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	(void)id;
	run_summary_operation(s, &name);
	return strv_add(arg, buf_str(&name));
}

static void offer_run_operations(struct completion *c, const struct strv *args)
{
	_cleanup_strv_ struct strv names = STRV_INIT;

	(void)args;
	if (each_run(c, add_operation, &names) < 0)
		return;
	strv_sort(&names);
	strv_unique(&names);
	for (size_t i = 0; i < names.n; i++)
		offer(c, names.v[i], NULL);
}

static void offer_operations(struct completion *c, const struct strv *args)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;

	(void)args;
	if (guildfile_load(c->g->cwd, &file, NULL) < 0)
		return;
	for (size_t m = 0; m < file->n_models; m++) {
		for (size_t i = 0; i < file->models[m].n_operations; i++) {
			const struct operation *op = &file->models[m].operations[i];
			_cleanup_buf_ struct buf spec = BUF_INIT;

			operation_spec(&spec, op);
			if (*op->name != '_')
				offer(c, buf_str(&spec), op->description);
		}
	}
}

static void offer_models(struct completion *c, const struct strv *args)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;

	(void)args;
	if (guildfile_load(c->g->cwd, &file, NULL) < 0)
		return;
	for (size_t m = 0; m < file->n_models; m++)
		if (*file->models[m].name && *file->models[m].name != '_')
			offer(c, file->models[m].name, file->models[m].description);
}

/* NAME= for flags, NAME=VALUE for the choices of one that is named already. */
static void offer_flag(struct completion *c, const struct flag *flag)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	size_t len;

	buf_printf(&name, "%s=", flag->name);
	if (!strchr(c->current, '=')) {
		offer(c, buf_str(&name), flag->description);
		return;
	}
	len = name.len;
	for (size_t i = 0; i < flag->n_choices; i++) {
		buf_resize(&name, len);
		flag_encode(&name, flag->choices[i].value);
		offer(c, buf_str(&name), flag->choices[i].description);
	}
}

/* Of the operation that is the first argument. */
static void offer_flags(struct completion *c, const struct strv *args)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct operation *op;

	if (guildfile_load(c->g->cwd, &file, NULL) < 0 || !args->n ||
		guildfile_find_operation(file, args->v[0], &op, NULL) < 0)
		return;
	operation_import_flags(op);
	for (size_t i = 0; i < op->n_flags; i++)
		offer_flag(c, &op->flags[i]);
}

static void offer_commands_of(const struct completion *c, const char *group)
{
	size_t n;
	const struct command *const *commands = guild_commands(&n);

	for (size_t i = 0; i < n; i++)
		if (commands[i]->summary && guild_command_is_in(commands[i], group))
			offer(c, commands[i]->name, commands[i]->summary);
	if (!group)
		offer(c, "runs", "Show or manage runs");
}

static void offer_topics(struct completion *c, const struct strv *args)
{
	(void)args;
	offer_commands_of(c, NULL);
}

/* By the word for it in usage lines and option tables. */
static const struct {
	const char *word;
	void (*offer)(struct completion *c, const struct strv *args);
} kinds[] = {
	{"RUN", offer_runs},
	{"OP", offer_run_operations},
	{"[MODEL:]OPERATION", offer_operations},
	{"FLAG=VALUE", offer_flags},
	{"MODEL", offer_models},
	{"COMMAND", offer_topics},
	{"DIR", offer_dirs},
	{"MOUNTPOINT", offer_dirs},
	{"PATH", offer_files},
	{"FILE", offer_files},
	{"LOCATION", offer_files},
	{"ARCHIVE", offer_files},
};

/* One kind, or A|B. */
static void offer_kind(struct completion *c, const char *word, size_t len, const struct strv *args)
{
	const char *bar = memchr(word, '|', len);
	size_t first = bar ? (size_t)(bar - word) : len;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strlen(kinds[i].word) == first && strncmp(kinds[i].word, word, first) == 0)
			kinds[i].offer(c, args);
	if (bar)
		offer_kind(c, bar + 1, len - first - 1, args);
}

/* --- where in the line ---------------------------------------------------- */

static void offer_options(const struct completion *c, const struct option_def *defs)
{
	for (; defs->name || defs->more; defs++) {
		if (defs->more)
			offer_options(c, defs->more);
		else
			offer(c, defs->name, defs->help);
	}
}

/* Words of the usage that stand for arguments: the nth, or the last one when it may be repeated. */
static void offer_argument(
	struct completion *c, const struct command *command, const struct strv *args)
{
	const char *word = command->usage;
	size_t n = 0;

	while (*word) {
		size_t len = strcspn(word, " "), inner = len;
		const char *start = word, *next = word + len + strspn(word + len, " ");
		bool repeated = len > 3 && strncmp(word + len - 3, "...", 3) == 0;

		if (repeated)
			inner -= 3;
		if (*start == '[' && start[inner - 1] == ']')
			start++, inner -= 2;
		else if (*start == '[' && strncmp(start, "[MODEL:]", 8) != 0)
			start++, inner--; /* [RUN RUN] */
		else if (start[inner - 1] == ']')
			inner--;
		/* Names of commands are in small letters. */
		if ((*start < 'a' || *start > 'z') && strncmp(start, "OPTION", 6) != 0 &&
			(n++ == args->n || (repeated && n <= args->n)))
			offer_kind(c, start, inner, args);
		word = next;
	}
}

static const struct option_def *find_option(const struct option_def *defs, const char *word)
{
	const struct option_def *found = NULL;

	for (; !found && (defs->name || defs->more); defs++) {
		if (defs->more)
			found = find_option(defs->more, word);
		else if (strcmp(defs->name, word) == 0 ||
			 (defs->short_name && strcmp(defs->short_name, word) == 0))
			found = defs;
	}
	return found;
}

/* An option whose value comes next, else NULL; what is no option is added to args. */
static int read_words(const struct option_def *defs, const struct strv *words, size_t *at,
	bool stop, struct strv *args, const struct option_def **ret_waiting)
{
	*ret_waiting = NULL;
	for (; *at < words->n; ++*at) {
		const char *word = words->v[*at];
		const struct option_def *def = *word == '-' ? find_option(defs, word) : NULL;

		if (*word != '-' && stop)
			return 0;
		if (*word != '-' && strv_add(args, word) < 0)
			return -1;
		if (!def || !def->value)
			continue;
		if (++*at == words->n)
			*ret_waiting = def;
	}
	return 0;
}

static void offer_in_command(
	struct completion *c, const struct command *command, const struct strv *words, size_t at)
{
	_cleanup_strv_ struct strv args = STRV_INIT;
	const struct option_def *waiting;
	const char *equals = strchr(c->current, '=');

	if (read_words(command->options, words, &at, false, &args, &waiting) < 0)
		return;
	if (waiting) {
		offer_kind(c, waiting->value, strlen(waiting->value), &args);
	} else if (*c->current != '-') {
		offer_argument(c, command, &args);
	} else if (!equals) {
		offer_options(c, command->options);
		offer(c, "--help", NULL);
	}
}

static void complete_words(struct completion *c, const struct strv *words)
{
	_cleanup_strv_ struct strv none = STRV_INIT;
	const struct option_def *waiting;
	const struct command *command;
	bool of_runs;
	size_t at = 0;

	if (read_words(guild_options, words, &at, true, &none, &waiting) < 0)
		return;
	if (waiting) {
		offer_kind(c, waiting->value, strlen(waiting->value), &none);
		return;
	}
	of_runs = at < words->n && strcmp(words->v[at], "runs") == 0;
	if (of_runs)
		at++;
	if (at < words->n && words->v[at][0] != '-') {
		command = guild_find_command(of_runs ? "runs" : NULL, words->v[at]);
		if (!command && !of_runs)
			/* guild OPERATION FLAG=VALUE... */
			offer_in_command(c, &cmd_run, words, at);
		else if (command)
			offer_in_command(c, command, words, at + 1);
	} else if (*c->current == '-' || at < words->n) {
		if (of_runs)
			offer_in_command(c, &cmd_runs_list, words, at);
		else
			offer_options(c, guild_options);
	} else {
		offer_commands_of(c, of_runs ? "runs" : NULL);
		if (!of_runs)
			offer_operations(c, words);
	}
}

/* Where the shell's word begins, for one to which a=b or a:b are several. */
static size_t behind_break(const char *word, const char *breaks)
{
	size_t at = 0;

	for (size_t i = 0; breaks && word[i]; i++)
		if (strchr(breaks, word[i]))
			at = i + 1;
	return at;
}

/* A line that ends behind a word is about the next one. Its first word is guild itself. */
static int split_line(const char *line, struct strv *ret)
{
	size_t len = strlen(line);
	_cleanup_strv_ struct strv words = STRV_INIT;
	int r = shell_split(line, &words, NULL);

	for (size_t i = 1; r == 0 && i < words.n; i++)
		r = strv_add(ret, words.v[i]);
	if (r == 0 && (!len || line[len - 1] == ' ' || line[len - 1] == '\t'))
		r = strv_add(ret, "");
	return r;
}

static int complete(struct guild *g, void *options, const struct strv *args)
{
	const struct complete_options *o = options;
	_cleanup_strv_ struct strv words = STRV_INIT;
	struct completion c = {.g = g};
	int r = o->line ? split_line(o->line, &words) : strv_copy(&words, args);

	/* An open quote, say. */
	if (r < 0 || !words.n)
		return EXIT_OK;
	c.current = words.v[words.n - 1];
	c.skip = behind_break(c.current, o->breaks);
	words.n--;
	complete_words(&c, &words);
	words.n++;
	return EXIT_OK;
}

const struct command cmd_complete = {
	.name = "complete",
	.usage = "complete [--line LINE | -- WORD...]",
	.options = complete_options,
	.options_size = sizeof(struct complete_options),
	.run = complete,
};

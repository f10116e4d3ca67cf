/* SPDX-License-Identifier: MIT */
/* guild label, tag and mark: what people add to runs. */
#include "guild.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "runs/select.h"
#include "base/regex.h"
#include "base/shell.h"
#include "project/flags.h"
#include "run/annotate.h"
#include "run/attr.h"

struct annotate_options {
	struct selection sel;
	bool yes, clear, sync_labels, list_all;
	const char *set, *prepend, *append;
	struct strv add, delete, remove;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct annotate_options, member)                                \
	}
#define YES OPTION(yes, "--yes", "-y", NULL, "do not ask", OPTION_FLAG)
#define SELECT                                                                                     \
	{                                                                                          \
		.more = selection_options, .more_offset = offsetof(struct annotate_options, sel)   \
	}

static void release(void *options)
{
	struct annotate_options *o = options;

	selection_release(&o->sel);
	strv_release(&o->add);
	strv_release(&o->delete);
	strv_release(&o->remove);
}

/* What a command says. */
struct wording {
	const char *preview, *question, *nothing, *done;
	bool default_yes;
};

/* Selects, and asks unless told not to. */
static int choose(struct guild *g, const struct annotate_options *o, const struct strv *args,
	enum selection_default otherwise, const struct wording *words, struct selected *runs)
{
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, otherwise, runs);
	if (r != EXIT_OK)
		return r;
	if (!runs->n)
		fprintf(stderr, "%s\n", words->nothing);
	if (!runs->n || o->yes)
		return EXIT_OK;
	r = select_preview(g, words->preview, runs);
	return r == EXIT_OK ? confirm(words->question, words->default_yes) : r;
}

typedef int (*run_change)(int run_fd, const struct annotate_options *o);

static int change_all(struct guild *g, const struct annotate_options *o,
	const struct selected *runs, run_change change, const char *done)
{
	for (size_t i = 0; i < runs->n; i++) {
		const char *id = catalog_id(g->catalog, runs->serials[i]);
		_cleanup_close_ int fd = home_open_run(g->home, id);
		struct err err = ERR_INIT;
		_cleanup_close_ int lock = fd < 0 ? fd : annotate_lock(fd, &err);
		int r = lock < 0 ? lock : change(fd, o);

		if (r < 0)
			return complain("cannot change run %s: %s", id,
				err.code ? err_text(&err) : strerror(-r));
		home_poke(g->home, id);
	}
	fprintf(stderr, "%s %zu run(s)\n", done, runs->n);
	return EXIT_OK;
}

static int choose_and_change(struct guild *g, const struct annotate_options *o,
	const struct strv *args, enum selection_default otherwise, const struct wording *words,
	run_change change)
{
	_cleanup_selected_ struct selected runs = {0};
	int r = choose(g, o, args, otherwise, words, &runs);

	return r != EXIT_OK || !runs.n ? r : change_all(g, o, &runs, change, words->done);
}

/* --- parts of labels ------------------------------------------------------ */

/* A part is a regular expression for whole words, as in Guild AI. */
static int compile_part(const char *part, struct regex **ret)
{
	_cleanup_buf_ struct buf pattern = BUF_INIT;
	struct err err = ERR_INIT;

	buf_printf(&pattern, "(?:^|\\s)(?:%s)(?:$|\\s)", part);
	return regex_compile(buf_str(&pattern), ret, &err) < 0
		       ? complain("cannot remove label part '%s': %s", part, err_text(&err))
		       : EXIT_OK;
}

static int check_parts(const struct strv *parts)
{
	int r = EXIT_OK;

	for (size_t i = 0; r == EXIT_OK && i < parts->n; i++) {
		_cleanup_regex_ struct regex *regex = NULL;

		r = compile_part(parts->v[i], &regex);
	}
	return r;
}

static void add_words(struct buf *b, const char *text, size_t len)
{
	while (len && isspace((unsigned char)*text))
		text++, len--;
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	if (len && b->len)
		buf_putc(b, ' ');
	buf_add(b, text, len);
}

static int remove_part(struct buf *label, const char *part)
{
	_cleanup_buf_ struct buf rest = BUF_INIT;
	_cleanup_regex_ struct regex *regex = NULL;
	const char *text = buf_str(label);
	struct regex_match match;

	if (compile_part(part, &regex) != EXIT_OK)
		return -EINVAL;
	while (*text && regex_search(regex, text, &match) && match.group[0].len) {
		add_words(&rest, text, (size_t)(match.group[0].start - text));
		text = match.group[0].start + match.group[0].len;
	}
	add_words(&rest, text, strlen(text));
	buf_clear(label);
	buf_puts(label, buf_str(&rest));
	return buf_error(&rest);
}

static int remove_parts(struct buf *label, const struct strv *parts)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < parts->n; i++)
		r = remove_part(label, parts->v[i]);
	return r;
}

/* --- label ---------------------------------------------------------------- */

static const struct option_def label_options[] = {
	OPTION(set, "--set", "-s", "VAL", "set the label", OPTION_VALUE),
	OPTION(prepend, "--prepend", "-p", "VAL", "put VAL before the label", OPTION_VALUE),
	OPTION(append, "--append", "-a", "VAL", "put VAL behind the label", OPTION_VALUE),
	OPTION(remove, "--remove", "-rm", "VAL", "take VAL out of the label; may be repeated",
		OPTION_LIST),
	OPTION(clear, "--clear", "-c", NULL, "remove the label", OPTION_FLAG),
	YES,
	SELECT,
	{0},
};

/* VAL is a template: ${flag}, and ${label} for the label that is there. */
static void expand(int run_fd, const char *template, const char *label, struct buf *b)
{
	_cleanup_value_ struct value *flags = attr_read_or_empty(run_fd, "flags", VALUE_MAP);

	if (flags && value_map_set(flags, "label", value_string(label)) == 0)
		flags_expand_label(b, template, flags);
}

static int change_label(int run_fd, const struct annotate_options *o)
{
	_cleanup_buf_ struct buf old = BUF_INIT, new = BUF_INIT, label = BUF_INIT;
	const char *template = o->set ? o->set : o->prepend ? o->prepend : o->append;
	int r = 0;

	attr_read_text(run_fd, "label", &old);
	if (o->append)
		buf_printf(&new, "%s ", buf_str(&old));
	if (template)
		expand(run_fd, template, buf_str(&old), &new);
	if (o->prepend)
		buf_printf(&new, " %s", buf_str(&old));
	if (o->remove.n) {
		buf_puts(&new, buf_str(&old));
		r = remove_parts(&new, &o->remove);
	}
	add_words(&label, buf_str(&new), new.len);
	if (r == 0)
		r = buf_error(&label);
	return r < 0 ? r : annotate_set_label(run_fd, buf_str(&label));
}

static void print_label_preview(const struct annotate_options *o, struct buf *b)
{
	_cleanup_buf_ struct buf removed = BUF_INIT;

	for (size_t i = 0; i < o->remove.n; i++)
		buf_printf(&removed, "%s'%s'", i ? ", " : "", o->remove.v[i]);
	buf_puts(b, "You are about to ");
	if (o->set)
		buf_printf(b, "label the following runs with '%s':", o->set);
	else if (o->prepend)
		buf_printf(b, "prepend '%s' to the label of the following runs:", o->prepend);
	else if (o->append)
		buf_printf(b, "append '%s' to the label of the following runs:", o->append);
	else if (o->remove.n)
		buf_printf(b, "remove %s from the label of the following runs:", buf_str(&removed));
	else
		buf_puts(b, "clear the label of the following runs:");
}

static int check_label(const struct annotate_options *o)
{
	const struct {
		const char *name;
		bool given;
	} options[] = {{"--set", o->set != NULL}, {"--append", o->append != NULL},
		{"--prepend", o->prepend != NULL}, {"--remove", o->remove.n > 0},
		{"--clear", o->clear}};
	bool any = false;
	int r = EXIT_OK;

	for (size_t i = 0; r == EXIT_OK && i < ARRAY_SIZE(options); i++) {
		any |= options[i].given;
		for (size_t j = i + 1; r == EXIT_OK && j < ARRAY_SIZE(options); j++)
			r = exclude("label", options[i].given, options[i].name, options[j].given,
				options[j].name);
	}
	if (any)
		return r == EXIT_OK ? check_parts(&o->remove) : r;
	complain("missing one of: --set, --append, --prepend, --remove, --clear\n"
		 "Try 'guild label --help' for more information.");
	return EXIT_USAGE;
}

static int label(struct guild *g, void *options, const struct strv *args)
{
	const struct annotate_options *o = options;
	_cleanup_buf_ struct buf preview = BUF_INIT;
	int r = check_label(o);

	print_label_preview(o, &preview);
	const struct wording words = {buf_str(&preview), "Continue?", "No runs to modify.",
		o->clear ? "Cleared label for" : "Labeled", true};
	return r == EXIT_OK ? choose_and_change(g, o, args, SELECT_LATEST, &words, change_label)
			    : r;
}

const struct command cmd_label = {
	.name = "label",
	.in_runs = true,
	.usage = "label [OPTION]... [RUN]...",
	.summary = "Set run labels",
	.options = label_options,
	.options_size = sizeof(struct annotate_options),
	.run = label,
	.release = release,
};

/* --- tag ------------------------------------------------------------------ */

static const struct option_def tag_options[] = {
	OPTION(add, "--add", "-a", "TAG", "add a tag; may be repeated", OPTION_LIST),
	OPTION(delete, "--delete", "-d", "TAG", "remove a tag; may be repeated", OPTION_LIST),
	OPTION(clear, "--clear", "-c", NULL, "remove all tags", OPTION_FLAG),
	OPTION(sync_labels, "--sync-labels", "-s", NULL, "change them in the labels, too",
		OPTION_FLAG),
	OPTION(list_all, "--list-all", NULL, NULL, "list the tags of the runs", OPTION_FLAG),
	YES,
	SELECT,
	{0},
};

/* Removed tags leave the label; added ones that are not in it come first. */
static int sync_label(int run_fd, const struct annotate_options *o, const struct strv *removed)
{
	_cleanup_buf_ struct buf old = BUF_INIT, rest = BUF_INIT, new = BUF_INIT;
	_cleanup_strv_ struct strv words = STRV_INIT;
	int r;

	attr_read_text(run_fd, "label", &old);
	if (shell_split(buf_str(&old), &words, NULL) < 0)
		strv_release(&words);
	buf_puts(&rest, buf_str(&old));
	r = remove_parts(&rest, removed);
	for (size_t i = 0; i < o->add.n; i++)
		if (!strv_has(&words, o->add.v[i]))
			add_words(&new, o->add.v[i], strlen(o->add.v[i]));
	add_words(&new, buf_str(&rest), rest.len);
	if (r == 0)
		r = buf_error(&new);
	return r < 0 ? r : annotate_set_label(run_fd, buf_str(&new));
}

static int change_tags(int run_fd, const struct annotate_options *o)
{
	_cleanup_strv_ struct strv old = STRV_INIT, new = STRV_INIT;
	int r = annotate_get_tags(run_fd, &old);

	for (size_t i = 0; r == 0 && !o->clear && i < old.n; i++)
		if (!strv_has(&o->delete, old.v[i]))
			r = strv_add(&new, old.v[i]);
	if (r == 0)
		r = strv_copy(&new, &o->add);
	if (r == 0)
		r = annotate_set_tags(run_fd, &new);
	if (r == 0 && o->sync_labels)
		r = sync_label(run_fd, o, o->clear ? &old : &o->delete);
	return r;
}

static int find_tag(struct guild *g, const struct selected *runs, const char *tag, bool *ret)
{
	int r = 0;

	*ret = false;
	for (size_t i = 0; r == 0 && !*ret && i < runs->n; i++) {
		_cleanup_close_ int fd =
			home_open_run(g->home, catalog_id(g->catalog, runs->serials[i]));
		_cleanup_strv_ struct strv tags = STRV_INIT;

		r = fd < 0 ? fd : annotate_get_tags(fd, &tags);
		*ret = r == 0 && strv_has(&tags, tag);
	}
	return r;
}

/* Tags to be deleted that no run has are most likely misspelt. An error when that was all. */
static int check_deleted(
	struct guild *g, const struct annotate_options *o, const struct selected *runs)
{
	bool any = o->add.n || o->clear || !o->delete.n;

	for (size_t i = 0; i < o->delete.n; i++) {
		bool found;
		int r = find_tag(g, runs, o->delete.v[i], &found);

		if (r < 0)
			return complain("cannot read tags: %s", strerror(-r));
		if (!found)
			warning("%s tag '%s'", runs->n == 1 ? "the run has no" : "no run has the",
				o->delete.v[i]);
		any |= found;
	}
	return any ? EXIT_OK
		   : complain("nothing was deleted: 'guild tag --list-all' shows the tags");
}

static int list_tags(struct guild *g, const struct annotate_options *o, const struct strv *args)
{
	_cleanup_selected_ struct selected runs = {0};
	_cleanup_strv_ struct strv tags = STRV_INIT;
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, SELECT_ALL, &runs);
	for (size_t i = 0; r == EXIT_OK && i < runs.n; i++) {
		_cleanup_close_ int fd =
			home_open_run(g->home, catalog_id(g->catalog, runs.serials[i]));

		if (fd >= 0)
			annotate_get_tags(fd, &tags);
	}
	strv_sort(&tags);
	strv_unique(&tags);
	for (size_t i = 0; i < tags.n; i++)
		puts(tags.v[i]);
	return r;
}

static int check_tag(const struct annotate_options *o)
{
	if (exclude("tag", o->add.n > 0, "--add", o->list_all, "--list-all") ||
		exclude("tag", o->delete.n > 0, "--delete", o->list_all, "--list-all") ||
		exclude("tag", o->clear, "--clear", o->list_all, "--list-all"))
		return EXIT_ERROR;
	if (o->add.n || o->delete.n || o->clear || o->list_all)
		return EXIT_OK;
	complain("missing one of: --add, --delete, --clear, --list-all\n"
		 "Try 'guild tag --help' for more information.");
	return EXIT_USAGE;
}

static int tag(struct guild *g, void *options, const struct strv *args)
{
	const struct annotate_options *o = options;
	const struct wording words = {
		o->sync_labels ? "You are about to modify tags for the following runs:\n"
				 "Labels are updated to reflect the latest tags."
			       : "You are about to modify tags for the following runs:\n"
				 "Labels are not updated - use --sync-labels to apply changes run "
				 "labels.",
		"Continue?", "No runs to modify.", "Modified tags for", true};
	_cleanup_selected_ struct selected runs = {0};
	int r = check_tag(o);

	if (r != EXIT_OK)
		return r;
	if (o->list_all)
		return list_tags(g, o, args);
	r = choose(g, o, args, SELECT_LATEST, &words, &runs);
	if (r != EXIT_OK || !runs.n)
		return r;
	r = check_deleted(g, o, &runs);
	return r == EXIT_OK ? change_all(g, o, &runs, change_tags, words.done) : r;
}

const struct command cmd_tag = {
	.name = "tag",
	.in_runs = true,
	.usage = "tag [OPTION]... [RUN]...",
	.summary = "Add or remove run tags",
	.options = tag_options,
	.options_size = sizeof(struct annotate_options),
	.run = tag,
	.release = release,
};

/* --- mark ----------------------------------------------------------------- */

static const struct option_def mark_options[] = {
	OPTION(clear, "--clear", "-c", NULL, "remove the mark", OPTION_FLAG),
	YES,
	SELECT,
	{0},
};

static int change_mark(int run_fd, const struct annotate_options *o)
{
	return annotate_set_marked(run_fd, !o->clear);
}

static int mark(struct guild *g, void *options, const struct strv *args)
{
	static const struct wording set = {"You are about to mark the following runs:", "Continue?",
		"No runs to mark.", "Marked", true};
	static const struct wording clear = {"You are about to unmark the following runs:",
		"Continue?", "No runs to unmark.", "Unmarked", true};
	struct annotate_options *o = options;

	if (!o->clear)
		return choose_and_change(g, o, args, SELECT_LATEST, &set, change_mark);
	/* Without a RUN, marks are taken from all that have one. */
	if (!args->n)
		o->sel.marked = true;
	return choose_and_change(g, o, args, SELECT_ALL, &clear, change_mark);
}

const struct command cmd_mark = {
	.name = "mark",
	.in_runs = true,
	.usage = "mark [OPTION]... [RUN]...",
	.summary = "Mark a run, which operations that need one then prefer",
	.options = mark_options,
	.options_size = sizeof(struct annotate_options),
	.run = mark,
	.release = release,
};

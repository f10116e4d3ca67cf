/* SPDX-License-Identifier: MIT */
/* guild comment: the list of {body, host, time, user} in the attribute `comments`. */
#include "guild.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "term/edit.h"
#include "runs/select.h"
#include "term/table.h"
#include "base/clock.h"
#include "base/user.h"
#include "run/annotate.h"
#include "run/attr.h"

struct comment_options {
	struct selection sel;
	bool list, edit, clear, yes;
	const char *add, *delete, *user;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct comment_options, member)                                 \
	}

static const struct option_def comment_options[] = {
	OPTION(list, "--list", "-l", NULL, "list the comments", OPTION_FLAG),
	OPTION(add, "--add", "-a", "COMMENT", "add a comment", OPTION_VALUE),
	OPTION(edit, "--edit", "-e", NULL, "write the comment in an editor", OPTION_FLAG),
	OPTION(delete, "--delete", "-d", "INDEX", "remove the comment of this index", OPTION_VALUE),
	OPTION(clear, "--clear", "-c", NULL, "remove all comments", OPTION_FLAG),
	OPTION(user, "--user", "-u", "USER", "who says it: USER or USER@HOST", OPTION_VALUE),
	OPTION(yes, "--yes", "-y", NULL, "do not ask", OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct comment_options, sel)},
	{0},
};

static void release(void *options)
{
	selection_release(&((struct comment_options *)options)->sel);
}

/* --- showing -------------------------------------------------------------- */

static const char *text_of(const struct value *comment, const char *key)
{
	const struct value *v = value_get(comment, key);

	return v && v->source ? v->source : value_str(v) ? value_str(v) : "";
}

static void print_heading(const struct value *comment)
{
	const char *host = text_of(comment, "host");
	_cleanup_buf_ struct buf time = BUF_INIT;
	int64_t usec;

	if (value_as_int(value_get(comment, "time"), &usec))
		clock_format_local(&time, usec);
	else
		buf_puts(&time, text_of(comment, "time"));
	printf("%s%s%s %s\n", text_of(comment, "user"), *host ? "@" : "", host, buf_str(&time));
}

static void print_body(const char *body, const char *indent)
{
	putchar('\n');
	while (*body) {
		size_t len = strcspn(body, "\n");

		printf("%s%.*s\n", len ? indent : "", (int)len, body);
		body += len + (body[len] == '\n');
	}
	putchar('\n');
}

void print_run_comments(int run_fd, bool numbered)
{
	_cleanup_value_ struct value *comments = NULL;
	size_t n = 0;

	if (attr_read_as(run_fd, "comments", VALUE_LIST, &comments))
		n = comments->list.n;
	if (!n && numbered)
		puts("  <no comments>");
	for (size_t i = 0; i < n; i++) {
		if (numbered)
			printf("[%zu] ", i + 1);
		else
			printf("  ");
		print_heading(comments->list.items[i]);
		print_body(text_of(comments->list.items[i], "body"), numbered ? "  " : "    ");
	}
}

struct details {
	struct guild *g;
	const uint64_t *serials; /* of the rows */
};

static void print_details(void *arg, size_t row)
{
	const struct details *d = arg;
	_cleanup_close_ int fd =
		home_open_run(d->g->home, catalog_id(d->g->catalog, d->serials[row]));

	if (fd >= 0)
		print_run_comments(fd, true);
}

static int list_comments(struct guild *g, const struct selected *runs)
{
	_cleanup_(table_release) struct table t = {.columns = SELECT_COLUMNS};
	struct details details = {g, runs->serials};

	for (size_t i = 0; i < runs->n; i++) {
		size_t row = t.cells.n / t.columns;

		if (select_add_bare_row(g, runs->serials[i], &t) < 0)
			return complain("cannot read the runs");
		runs->serials[row] = runs->serials[i];
	}
	table_print_detailed(&t, print_details, &details);
	return EXIT_OK;
}

/* --- changing ------------------------------------------------------------- */

struct change {
	const char *body, *user; /* user: with or without @HOST; NULL: who we are */
	size_t delete;           /* index from 1; 0: none */
	bool clear;
};

/* Who says it, as runs are told: $HOST counts before the machine's name, $USER before the login. */
static int set_author(struct value *comment, const char *user)
{
	const char *at = user ? strchr(user, '@') : NULL, *env = getenv("HOST");
	_cleanup_free_ char *name = at ? strndup(user, (size_t)(at - user)) : NULL;
	_cleanup_buf_ struct buf login = BUF_INIT;
	char host[HOST_NAME_MAX + 1] = "";
	int r;

	gethostname(host, sizeof(host) - 1);
	if (!user)
		user = getenv("USER");
	if (!user || !*user) {
		user_name(getuid(), &login);
		user = buf_str(&login);
	}
	r = value_map_set(comment, "host",
		value_string(at && at[1]   ? at + 1
			     : env && *env ? env
					   : host));
	return r < 0 ? r
		     : value_map_set(comment, "user",
			       value_string(name ? name : user));
}

static int add_comment(struct value *list, const struct change *c)
{
	struct value *comment = value_map();
	int r = comment ? value_map_set(comment, "body", value_string(c->body)) : -ENOMEM;

	if (r == 0)
		r = value_map_set(comment, "time", value_int(clock_now()));
	if (r == 0)
		r = set_author(comment, c->user);
	if (r == 0)
		return value_list_add(list, comment);
	value_free(comment);
	return r;
}

static int delete_comment(struct value *list, size_t index)
{
	if (index > list->list.n)
		return -ERANGE;
	value_free(list->list.items[index - 1]);
	list->list.n--;
	memmove(&list->list.items[index - 1], &list->list.items[index],
		(list->list.n - (index - 1)) * sizeof(*list->list.items));
	return 0;
}

/* -ERANGE: there is no comment of that number. */
static int change_run(int run_fd, const struct change *c, struct err *err)
{
	_cleanup_close_ int lock = annotate_lock(run_fd, err);
	_cleanup_value_ struct value *list = NULL;
	int r;

	if (lock < 0)
		return lock;
	r = attr_read(run_fd, "comments", &list, NULL);
	/* What is damaged is not written over. */
	if (r < 0 && r != -ENOENT && !c->clear)
		return r;
	if (!list || list->type != VALUE_LIST || c->clear) {
		value_free(list);
		list = value_list();
	}
	r = list ? 0 : -ENOMEM;
	if (r == 0 && c->delete)
		r = delete_comment(list, c->delete);
	if (r == 0 && c->body)
		r = add_comment(list, c);
	return r < 0 ? r : attr_write(run_fd, "comments", list->list.n ? list : NULL, FILE_SYNC);
}

static int change_runs(
	struct guild *g, const struct selected *runs, const struct change *c, const char *done)
{
	size_t changed = 0;

	for (size_t i = 0; i < runs->n; i++) {
		const char *id = catalog_id(g->catalog, runs->serials[i]);
		_cleanup_close_ int fd = home_open_run(g->home, id);
		struct err err = ERR_INIT;
		int r = fd < 0 ? fd : change_run(fd, c, &err);

		if (r == -ERANGE) {
			warning("run %.8s has no comment %zu", id, c->delete);
			continue;
		}
		if (r < 0)
			return complain("cannot change run %s: %s", id,
				err.code ? err_text(&err) : strerror(-r));
		home_poke(g->home, id);
		changed++;
	}
	if (!changed)
		return complain(
			"nothing was deleted: 'guild comment --list' shows comments' numbers");
	fprintf(stderr, "%s %zu run(s)\n", done, changed);
	return EXIT_OK;
}

/* Without the lines that explain, and blanks around the rest. */
static void strip(struct buf *b, const char *text, bool explained)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (!explained || *text != '#')
			buf_printf(b, "%.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
	while (b->len && strchr(" \t\r\n", b->data[b->len - 1]))
		buf_resize(b, b->len - 1);
}

static int edit_comment(
	struct guild *g, const char *comment, const struct selected *runs, struct buf *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT, saved = BUF_INIT;
	int r;

	buf_printf(&text,
		"%s\n# The comment for the runs below. Lines that begin with '#' are left out; "
		"without\n# a comment nothing is changed.\n#\n# Runs:\n",
		comment ? comment : "");
	for (size_t i = 0; i < runs->n; i++)
		buf_printf(&text, "#   %.8s\n", catalog_id(g->catalog, runs->serials[i]));
	r = edit_text("comment", buf_str(&text), &saved);
	if (r == EXIT_OK)
		strip(ret, buf_str(&saved), true);
	return r;
}

/* The question, unless the editor was one. */
static int ask(struct guild *g, const struct comment_options *o, const char *preview,
	bool default_yes, const struct selected *runs)
{
	int r = o->yes ? EXIT_OK : select_preview(g, preview, runs);

	return o->yes || r != EXIT_OK ? r : confirm("Continue?", default_yes);
}

static int add(struct guild *g, const struct comment_options *o, const struct selected *runs)
{
	_cleanup_buf_ struct buf body = BUF_INIT;
	bool edit = o->edit || !o->add || !*o->add;
	struct change c = {.user = o->user};
	int r = EXIT_OK;

	if (edit)
		r = edit_comment(g, o->add, runs, &body);
	else
		strip(&body, o->add, false);
	if (r == EXIT_OK && !body.len) {
		fputs("Aborting due to an empty comment.\n", stderr);
		return EXIT_ERROR;
	}
	if (r == EXIT_OK && !edit)
		r = ask(g, o, "You are about to add a comment to the following runs:", true, runs);
	c.body = buf_str(&body);
	return r == EXIT_OK ? change_runs(g, runs, &c, "Added comment to") : r;
}

static int delete_one(struct guild *g, const struct comment_options *o, const struct selected *runs)
{
	_cleanup_buf_ struct buf preview = BUF_INIT;
	struct change c = {.delete = strtoul(o->delete, NULL, 10)};
	int r;

	buf_printf(
		&preview, "You are about to delete comment %zu from the following runs:", c.delete);
	r = ask(g, o, buf_str(&preview), true, runs);
	return r == EXIT_OK ? change_runs(g, runs, &c, "Deleted comment for") : r;
}

static int clear_all(struct guild *g, const struct comment_options *o, const struct selected *runs)
{
	static const struct change c = {.clear = true};
	int r = ask(g, o,
		"WARNING: You are about to delete ALL comments from the following runs:", false,
		runs);

	return r == EXIT_OK ? change_runs(g, runs, &c, "Deleted all comments for") : r;
}

static int check(const struct comment_options *o)
{
	const bool is_add = o->add != NULL, is_delete = o->delete != NULL;
	char *end = NULL;

	if (exclude("comment", o->list, "--list", is_add, "--add") ||
		exclude("comment", o->list, "--list", is_delete, "--delete") ||
		exclude("comment", o->list, "--list", o->clear, "--clear") ||
		exclude("comment", is_add, "--add", is_delete, "--delete") ||
		exclude("comment", is_add, "--add", o->clear, "--clear") ||
		exclude("comment", o->edit, "--edit", is_delete, "--delete") ||
		exclude("comment", o->edit, "--edit", o->clear, "--clear") ||
		exclude("comment", is_delete, "--delete", o->clear, "--clear"))
		return EXIT_ERROR;
	if (is_delete && (strtol(o->delete, &end, 10) < 1 || *end)) {
		complain("'%s' is not an index of a comment: 'guild comment --list' shows them",
			o->delete);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int comment(struct guild *g, void *options, const struct strv *args)
{
	const struct comment_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	int r = check(o);

	if (r == EXIT_OK)
		r = guild_open_home(g);
	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, SELECT_LATEST, &runs);
	if (r != EXIT_OK)
		return r;
	if (o->list)
		return list_comments(g, &runs);
	if (!runs.n) {
		fputs("No runs to modify.\n", stderr);
		return EXIT_OK;
	}
	return o->delete  ? delete_one(g, o, &runs)
	       : o->clear ? clear_all(g, o, &runs)
			  : add(g, o, &runs);
}

const struct command cmd_comment = {
	.name = "comment",
	.in_runs = true,
	.usage = "comment [OPTION]... [RUN]...",
	.summary = "List, add or remove comments of runs",
	.options = comment_options,
	.options_size = sizeof(struct comment_options),
	.run = comment,
	.release = release,
};

/* SPDX-License-Identifier: MIT */
/* guild label, tag, mark, and stop: what is done to runs that are there. */
#include "guild.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "select.h"
#include "table.h"
#include "base/clock.h"
#include "run/annotate.h"
#include "run/attr.h"
#include "run/launch.h"

enum { STOP_GRACE_S = 30, POLL_NS = 20 * 1000 * 1000 };

struct annotate_options {
	struct selection sel;
	bool yes, clear, no_wait, force;
	const char *set, *prepend, *append, *remove, *timeout;
	struct strv add, delete;
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
}

/* Selects, and asks unless told not to. */
static int choose(struct guild *g, const struct annotate_options *o, const struct strv *args,
	enum selection_default otherwise, const char *what, struct selected *runs)
{
	_cleanup_(table_release) struct table t = {.columns = SELECT_COLUMNS};
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_runs(g, &o->sel, args, 0, otherwise, runs);
	if (r != EXIT_OK)
		return r;
	if (!runs->n)
		return complain("nothing to %s", what);
	if (o->yes)
		return EXIT_OK;
	fprintf(stderr, "You are about to %s the following runs:\n", what);
	for (size_t i = 0; i < runs->n; i++)
		if (select_add_row(g, runs->serials[i], 0, &t) < 0)
			return complain("cannot read the runs");
	table_print(&t, "  ", stderr);
	return confirm("Continue?", true);
}

typedef int (*run_change)(int run_fd, const struct annotate_options *o);

static int change_all(struct guild *g, const struct annotate_options *o,
	const struct selected *runs, run_change change, const char *done)
{
	for (size_t i = 0; i < runs->n; i++) {
		const char *id = catalog_id(g->catalog, runs->serials[i]);
		int fd = home_open_run(g->home, id);
		int r = fd < 0 ? fd : change(fd, o);

		if (fd >= 0)
			close(fd);
		if (r < 0)
			return complain("cannot change run %s: %s", id, strerror(-r));
		home_poke(g->home, id);
	}
	fprintf(stderr, "%s %zu run(s)\n", done, runs->n);
	return EXIT_OK;
}

/* --- label ---------------------------------------------------------------- */

static const struct option_def label_options[] = {
	OPTION(set, "--set", "-s", "VAL", "set the label", OPTION_VALUE),
	OPTION(prepend, "--prepend", "-p", "VAL", "put VAL before the label", OPTION_VALUE),
	OPTION(append, "--append", "-a", "VAL", "put VAL behind the label", OPTION_VALUE),
	OPTION(remove, "--remove", "-rm", "VAL", "take VAL out of the label", OPTION_VALUE),
	OPTION(clear, "--clear", "-c", NULL, "remove the label", OPTION_FLAG),
	YES,
	SELECT,
	{0},
};

static void without(struct buf *b, const char *text, const char *part)
{
	const char *at = strstr(text, part);

	if (!at || !*part) {
		buf_puts(b, text);
		return;
	}
	buf_add(b, text, (size_t)(at - text));
	while (b->len && b->data[b->len - 1] == ' ')
		buf_resize(b, b->len - 1);
	at += strlen(part);
	buf_puts(b, b->len ? at : at + strspn(at, " "));
}

static int change_label(int run_fd, const struct annotate_options *o)
{
	_cleanup_buf_ struct buf old = BUF_INIT, new = BUF_INIT;

	attr_read_text(run_fd, "label", &old);
	if (o->set)
		buf_puts(&new, o->set);
	else if (o->prepend)
		buf_printf(&new, "%s%s%s", o->prepend, old.len ? " " : "", buf_str(&old));
	else if (o->append)
		buf_printf(&new, "%s%s%s", buf_str(&old), old.len ? " " : "", o->append);
	else if (o->remove)
		without(&new, buf_str(&old), o->remove);
	return buf_error(&new) ? buf_error(&new) : annotate_set_label(run_fd, buf_str(&new));
}

static int label(struct guild *g, void *options, const struct strv *args)
{
	const struct annotate_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	int given = (o->set != NULL) + (o->prepend != NULL) + (o->append != NULL) +
		    (o->remove != NULL) + o->clear;
	int r;

	if (given != 1) {
		complain("one of --set, --prepend, --append, --remove and --clear is needed\n"
			 "Try 'guild label --help' for help.");
		return EXIT_USAGE;
	}
	r = choose(g, o, args, SELECT_LATEST, o->clear ? "clear the labels of" : "label", &runs);
	return r != EXIT_OK ? r
			    : change_all(g, o, &runs, change_label,
				      o->clear ? "Cleared label for" : "Labeled");
}

const struct command cmd_label = {
	.name = "label",
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
	YES,
	SELECT,
	{0},
};

static int change_tags(int run_fd, const struct annotate_options *o)
{
	_cleanup_strv_ struct strv old = STRV_INIT, new = STRV_INIT;
	int r = o->clear ? 0 : annotate_get_tags(run_fd, &old);

	for (size_t i = 0; r == 0 && i < old.n; i++)
		if (!strv_has(&o->delete, old.v[i]))
			r = strv_add(&new, old.v[i]);
	if (r == 0)
		r = strv_copy(&new, &o->add);
	return r < 0 ? r : annotate_set_tags(run_fd, &new);
}

static int tag(struct guild *g, void *options, const struct strv *args)
{
	const struct annotate_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	int r;

	if (!o->add.n && !o->delete.n && !o->clear) {
		complain("one of --add, --delete and --clear is needed\n"
			 "Try 'guild tag --help' for help.");
		return EXIT_USAGE;
	}
	r = choose(g, o, args, SELECT_LATEST, "modify tags for", &runs);
	return r != EXIT_OK ? r : change_all(g, o, &runs, change_tags, "Modified tags for");
}

const struct command cmd_tag = {
	.name = "tag",
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
	struct annotate_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	int r;

	/* Without a RUN, marks are taken from all that have one. */
	if (o->clear && !args->n)
		o->sel.marked = true;
	r = choose(g, o, args, o->clear ? SELECT_ALL : SELECT_LATEST, o->clear ? "unmark" : "mark",
		&runs);
	return r != EXIT_OK
		       ? r
		       : change_all(g, o, &runs, change_mark, o->clear ? "Unmarked" : "Marked");
}

const struct command cmd_mark = {
	.name = "mark",
	.usage = "mark [OPTION]... [RUN]...",
	.summary = "Mark a run, which operations that need one then prefer",
	.options = mark_options,
	.options_size = sizeof(struct annotate_options),
	.run = mark,
	.release = release,
};

/* --- stop ----------------------------------------------------------------- */

static const struct option_def stop_options[] = {
	OPTION(force, "--force", NULL, NULL, "kill what has not stopped after the time-out",
		OPTION_FLAG),
	OPTION(timeout, "--timeout", NULL, "SECONDS", "how long to wait (30)", OPTION_VALUE),
	OPTION(no_wait, "--no-wait", "-n", NULL, "do not wait until it has stopped", OPTION_FLAG),
	YES,
	SELECT,
	{0},
};

static bool wait_for_end(int run_fd, long seconds)
{
	int64_t deadline = clock_monotonic_ms() + seconds * 1000;
	const struct timespec pause = {.tv_nsec = POLL_NS};

	while (run_status_get(run_fd) == RUN_RUNNING) {
		if (clock_monotonic_ms() >= deadline)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

static int stop_run(struct guild *g, const struct annotate_options *o, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(g->home, id);
	long seconds = o->timeout ? strtol(o->timeout, NULL, 10) : STOP_GRACE_S;
	struct err err = ERR_INIT;
	struct proc_ref process;

	if (run_fd < 0)
		return complain("cannot read run %s: %s", id, strerror(-run_fd));
	if (run_process(run_fd, &process) == 0)
		fprintf(stderr, "Stopping %.8s (pid %d)\n", id, (int)process.pid);
	if (launch_stop(g->home, id, false, &err) < 0)
		return complain("%.8s: %s", id, err_text(&err));
	if (o->no_wait || wait_for_end(run_fd, seconds))
		return EXIT_OK;
	if (!o->force)
		return complain("%.8s is still running after %ld s; --force kills it", id, seconds);
	if (launch_stop(g->home, id, true, &err) < 0 && run_status_get(run_fd) == RUN_RUNNING)
		return complain("%.8s: %s", id, err_text(&err));
	return wait_for_end(run_fd, STOP_GRACE_S) ? EXIT_OK : complain("%.8s cannot be killed", id);
}

static int stop(struct guild *g, void *options, const struct strv *args)
{
	const struct annotate_options *o = options;
	_cleanup_selected_ struct selected runs = {0};
	int status = EXIT_OK;
	int r = choose(g, o, args, SELECT_RUNNING, "stop", &runs);

	for (size_t i = 0; r == EXIT_OK && i < runs.n; i++) {
		int stopped = stop_run(g, o, catalog_id(g->catalog, runs.serials[i]));

		if (stopped != EXIT_OK)
			status = stopped;
	}
	return r != EXIT_OK ? r : status;
}

const struct command cmd_stop = {
	.name = "stop",
	.usage = "stop [OPTION]... [RUN]...",
	.summary = "Stop running runs",
	.options = stop_options,
	.options_size = sizeof(struct annotate_options),
	.run = stop,
	.release = release,
};

/* SPDX-License-Identifier: MIT */
/*
 * guild runs delete, restore, purge. Deleting moves a run to trash/runs/ and restoring moves it
 * back, both by rename; what is in the way there is moved aside, never replaced.
 */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "runs/archives.h"
#include "term/progress.h"
#include "runs/select.h"
#include "base/file.h"
#include "run/launch.h"
#include "run/trash.h"

enum { STOP_GRACE_S = 30 };

struct delete_options {
	struct selection sel;
	bool yes, permanent;
	const char *archive;
};

#define OPTION(member, n, s, h)                                                                    \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct delete_options, member)                                  \
	}
#define YES OPTION(yes, "--yes", "-y", "do not ask")
#define SELECT                                                                                     \
	{                                                                                          \
		.more = selection_options, .more_offset = offsetof(struct delete_options, sel)     \
	}

static const struct option_def delete_options[] = {
	OPTION(permanent, "--permanent", "-p", "delete for ever; they cannot be restored"),
	{.name = "--archive",
		.short_name = "-A",
		.value = "PATH",
		.help = "runs of an archive: a directory, or a name",
		.kind = OPTION_VALUE,
		.offset = offsetof(struct delete_options, archive)},
	YES,
	SELECT,
	{0},
};

static const struct option_def trash_options[] = {YES, SELECT, {0}};

static void release(void *options)
{
	selection_release(&((struct delete_options *)options)->sel);
}

/* What is done, in words. */
struct wording {
	const char *preview, *question, *nothing, *done;
	bool default_yes;
};

/* What to do with one run of `where`: 0 or a negative errno. */
typedef int (*run_action)(struct guild *g, struct guild *where, const char *id);

static int tell_aside(
	struct guild *g, const char *dir, const char *id, const struct buf *aside, int r)
{
	if (aside->len)
		fprintf(stderr, "WARNING: %s/%s/%s exists, moving to %s/%s\n", g->home->path, dir,
			id, g->home->path, buf_str(aside));
	return r;
}

static int trash_run(struct guild *g, struct guild *where, const char *id)
{
	_cleanup_buf_ struct buf aside = BUF_INIT;
	int r = trash_put(g->home, where->home, id, &aside);

	return tell_aside(g, "trash/runs", id, &aside, r);
}

static int restore_run(struct guild *g, struct guild *where, const char *id)
{
	_cleanup_buf_ struct buf aside = BUF_INIT;
	int r = trash_restore(g->home, where->home, id, &aside);

	return tell_aside(g, "runs", id, &aside, r);
}

static int purge_run(struct guild *g, struct guild *where, const char *id)
{
	return trash_remove(g->home, where->home, id);
}

/* g has the home; `where` the catalogue that the runs are of, which is its, the trash's or that of
 * an archive. */
static int act(struct guild *g, struct guild *where, const struct selected *runs, run_action action,
	const struct wording *words)
{
	struct progress progress;
	size_t done = 0;
	int status = EXIT_OK;

	progress_begin(&progress, runs->n);
	for (; status == EXIT_OK && done < runs->n && progress_go_on(&progress, 0); done++) {
		const char *id = catalog_id(where->catalog, runs->serials[done]);
		int r;

		progress.done = done;
		r = action(g, where, id);
		if (r < 0) {
			progress_clear(&progress);
			status = r == -EBUSY
					 ? complain("run %s has been started meanwhile: it stays",
						   id)
					 : complain("cannot move or remove run %s: %s", id,
						   strerror(-r));
		}
	}
	progress_clear(&progress);
	if (status == EXIT_OK)
		fprintf(stderr, "%s %zu run(s)\n", words->done, done);
	progress_end(&progress);
	return status;
}

static int choose(struct guild *where, const struct delete_options *o, const struct strv *args,
	const struct wording *words, struct selected *runs)
{
	_cleanup_buf_ struct buf question = BUF_INIT;
	int r = select_runs(where, &o->sel, args, SELECT_ALL, runs);

	if (r != EXIT_OK || !runs->n) {
		if (r == EXIT_OK)
			fprintf(stderr, "%s\n", words->nothing);
		return r;
	}
	if (o->yes)
		return EXIT_OK;
	r = select_preview(where, words->preview, runs);
	buf_printf(&question, "%s %zu run(s)?", words->question, runs->n);
	return r == EXIT_OK ? confirm(buf_str(&question), words->default_yes) : r;
}

/* --- delete --------------------------------------------------------------- */

/* Those that run; asked about once more. */
static int stop_running(
	struct guild *g, const struct delete_options *o, const struct selected *runs)
{
	bool asked = o->yes;

	for (size_t i = 0; i < runs->n; i++) {
		_cleanup_run_view_ struct run_view v;
		struct err err = ERR_INIT;
		int r = run_view_try(g, runs->serials[i], &v);

		if (r == -ENOENT)
			continue; /* whoever deletes it says so */
		if (r < 0)
			return complain("cannot read run %s: %s", v.id, strerror(-r));
		if (v.summary.status != RUN_RUNNING && v.summary.status != RUN_PENDING)
			continue;
		/* One that only waits need not be stopped. */
		if (v.summary.status == RUN_PENDING && launch_withdraw(g->home, v.id) != -EBUSY)
			continue;
		if (!asked) {
			fputs("WARNING: One or more runs are still running and will be stopped "
			      "before being deleted.\n",
				stderr);
			r = confirm("Really delete these runs?", false);
			if (r != EXIT_OK)
				return r;
			asked = true;
		}
		r = launch_stop(g->home, v.id, false, &err);
		if (r < 0 && r != -ESRCH)
			return complain("%.8s: %s", v.id, err_text(&err));
		if (!wait_for_end(v.fd, STOP_GRACE_S))
			return complain("%.8s cannot be stopped, so it is not deleted", v.id);
	}
	return EXIT_OK;
}

static int delete_runs(struct guild *g, void *options, const struct strv *args)
{
	static const struct wording trash = {"You are about to delete the following runs:",
		"Delete", "Nothing to delete.", "Deleted", true};
	static const struct wording permanent = {
		"WARNING: You are about to permanently delete the following runs:",
		"Permanently delete", "Nothing to delete.", "Permanently deleted", false};
	const struct delete_options *o = options;
	const struct wording *words = o->permanent ? &permanent : &trash;
	_cleanup_selected_ struct selected runs = {0};
	_cleanup_archive_ struct open_archive archive = OPEN_ARCHIVE_INIT;
	struct guild *where;
	int r = archive_or_home(g, o->archive, &archive, &where);

	if (r == EXIT_OK && archive_is_zip(&archive))
		r = complain("runs cannot be deleted from a zip file");
	if (r == EXIT_OK)
		r = choose(where, o, args, words, &runs);
	if (r == EXIT_OK)
		r = stop_running(where, o, &runs);
	if (r != EXIT_OK || !runs.n)
		return r;
	return act(g, where, &runs, o->permanent ? purge_run : trash_run, words);
}

const struct command cmd_runs_delete = {
	.group = "runs",
	.name = "delete",
	.usage = "runs delete [OPTION]... [RUN]...",
	.summary = "Delete runs",
	.options = delete_options,
	.options_size = sizeof(struct delete_options),
	.run = delete_runs,
	.release = release,
};

const struct command cmd_runs_rm = {
	.group = "runs",
	.name = "rm",
	.usage = "runs rm [OPTION]... [RUN]...",
	.summary = "The same as runs delete",
	.options = delete_options,
	.options_size = sizeof(struct delete_options),
	.run = delete_runs,
	.release = release,
};

/* --- deleted runs --------------------------------------------------------- */

static int in_trash(struct guild *g, const struct delete_options *o, const struct strv *args,
	run_action action, const struct wording *words)
{
	_cleanup_selected_ struct selected runs = {0};
	struct guild trash = {0};
	int r = guild_open_home(g);

	if (r == EXIT_OK)
		r = select_open_trash(g, &trash);
	if (r == EXIT_OK)
		r = choose(&trash, o, args, words, &runs);
	if (r == EXIT_OK && runs.n)
		r = act(g, &trash, &runs, action, words);
	select_close_trash(&trash);
	return r;
}

static int restore(struct guild *g, void *options, const struct strv *args)
{
	static const struct wording words = {"You are about to restore the following runs:",
		"Restore", "Nothing to restore.", "Restored", true};

	return in_trash(g, options, args, restore_run, &words);
}

const struct command cmd_runs_restore = {
	.group = "runs",
	.name = "restore",
	.usage = "runs restore [OPTION]... [RUN]...",
	.summary = "Restore deleted runs",
	.options = trash_options,
	.options_size = sizeof(struct delete_options),
	.run = restore,
	.release = release,
};

static int purge(struct guild *g, void *options, const struct strv *args)
{
	static const struct wording words = {
		"WARNING: You are about to permanently delete the following runs:",
		"Permanently delete", "Nothing to purge.", "Permanently deleted", false};

	return in_trash(g, options, args, purge_run, &words);
}

const struct command cmd_runs_purge = {
	.group = "runs",
	.name = "purge",
	.usage = "runs purge [OPTION]... [RUN]...",
	.summary = "Delete deleted runs for ever",
	.options = trash_options,
	.options_size = sizeof(struct delete_options),
	.run = purge,
	.release = release,
};

/* SPDX-License-Identifier: MIT */
/* guild export, import, archive: runs to and from other directories and zip files. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runs/archives.h"
#include "term/progress.h"
#include "runs/select.h"
#include "base/file.h"
#include "run/transfer_zip.h"

struct transfer_options {
	struct selection sel;
	bool yes, move, copy, resources, create, list, verbose;
	const char *description;
};

#define OPTION(member, n, s, h)                                                                    \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct transfer_options, member)                                \
	}
#define YES OPTION(yes, "--yes", "-y", "do not ask")
#define RESOURCES(short_name)                                                                      \
	OPTION(resources, "--copy-resources", short_name, "what links lead to, not the links")
#define SELECT                                                                                     \
	{                                                                                          \
		.more = selection_options, .more_offset = offsetof(struct transfer_options, sel)   \
	}

static void release(void *options)
{
	selection_release(&((struct transfer_options *)options)->sel);
}

/* A selection of runs on their way. */
struct job {
	struct guild *from;      /* its home and catalogue are those of the runs */
	const struct home *home; /* the user's, where it is told that runs came or went */
	struct selected *runs;
	struct transfer how;
	struct progress progress;
	size_t done;
};

static void say(struct job *job, const char *id)
{
	progress_clear(&job->progress);
	fprintf(stderr, "%s %s\n", job->how.move ? "Moving" : "Copying", id);
}

static const char *run_id(const struct job *job, size_t i)
{
	return catalog_id(job->from->catalog, job->runs->serials[i]);
}

/* True for what concerns one run only, which is left where it is. */
static bool is_skipped(
	struct job *job, int error, const char *where, const char *id, const struct err *err)
{
	progress_clear(&job->progress);
	if (error == -EEXIST)
		fprintf(stderr, "WARNING: %s%s exists, skipping\n", where, id);
	else if (error == -EBUSY || error == -ENOENT)
		fprintf(stderr, "WARNING: %s, skipping\n", err_text(err));
	else
		return false;
	return true;
}

static int fail(struct job *job, int error, const struct err *err)
{
	progress_clear(&job->progress);
	return error == -EINTR ? complain("interrupted; %zu run(s) are done", job->done)
			       : complain("%s", err->code ? err_text(err) : strerror(-error));
}

/* --- to a directory ------------------------------------------------------- */

static int transfer_all(
	struct job *job, struct transfer_place *from, struct transfer_place *to, const char *where)
{
	for (size_t i = 0; i < job->runs->n; i++) {
		const char *id = run_id(job, i);
		struct err err = ERR_INIT;
		int r;

		job->progress.done = i;
		if (!file_exists(to->fd, id) && transfer_check_quiet(from->fd, id, NULL) == 0)
			say(job, id);
		r = transfer_run(from, id, to, &job->how, &err);
		if (r < 0 && !is_skipped(job, r, where, id, &err))
			return fail(job, r, &err);
		if (r < 0)
			continue;
		job->done++;
		home_poke(job->home, id);
	}
	return EXIT_OK;
}

static int to_dir(struct job *job, const char *path)
{
	struct transfer_place from = TRANSFER_PLACE_INIT, to = TRANSFER_PLACE_INIT;
	_cleanup_buf_ struct buf where = BUF_INIT;
	int r = transfer_make_dir(path, &to.fd);

	if (r == -ENOTDIR)
		return complain("'%s' is not a directory", path);
	if (r < 0)
		return complain("cannot use the directory %s: %s", path, strerror(-r));
	from.fd = job->from->home->runs_fd;
	buf_printf(&where, "%s/", path);
	r = transfer_all(job, &from, &to, buf_str(&where));
	transfer_end(&from);
	transfer_end(&to);
	close(to.fd);
	return r;
}

/* --- to a zip file -------------------------------------------------------- */

/* Runs that are in the zip file now, and what they were before that. */
struct added {
	struct strv ids;
	struct transfer_stamp *stamps;
};

static void release_added(struct added *added)
{
	strv_release(&added->ids);
	free(added->stamps);
}

static int add_all(struct job *job, struct zip_writer *zip, struct added *ret)
{
	ret->stamps = calloc(job->runs->n, sizeof(*ret->stamps));
	if (!ret->stamps)
		return complain("out of memory");
	for (size_t i = 0; i < job->runs->n; i++) {
		const char *id = run_id(job, i);
		struct err err = ERR_INIT;
		int r;

		job->progress.done = i;
		if (!zip_writer_has(zip, id) &&
			transfer_check_quiet(job->from->home->runs_fd, id, NULL) == 0)
			say(job, id);
		ret->stamps[ret->ids.n] = transfer_stamp(job->from->home->runs_fd, id);
		r = zip_writer_add(zip, job->from->home->runs_fd, id, &err);
		if (r < 0 && !is_skipped(job, r, "", id, &err))
			return fail(job, r, &err);
		if (r == 0 && strv_add(&ret->ids, id) < 0)
			return complain("out of memory");
	}
	return EXIT_OK;
}

static int remove_all(struct job *job, const struct added *added)
{
	struct transfer_place from = TRANSFER_PLACE_INIT;
	struct err err = ERR_INIT;
	int r = 0;

	from.fd = job->from->home->runs_fd;
	for (size_t i = 0; r == 0 && i < added->ids.n; i++) {
		const char *id = added->ids.v[i];

		err = ERR_INIT;
		r = transfer_remove_copied(&from, id, &added->stamps[i], &err);
		home_poke(job->home, id);
		if (r == -EBUSY || r == -ENOENT) {
			progress_clear(&job->progress);
			fprintf(stderr, "WARNING: %s; it was copied, and is not removed\n",
				err_text(&err));
			r = 0;
		}
	}
	transfer_end(&from);
	return r < 0 ? fail(job, r, &err) : EXIT_OK;
}

static int to_zip(struct job *job, const char *path)
{
	_cleanup_(release_added) struct added added = {0};
	struct zip_writer *zip = NULL;
	struct err err = ERR_INIT;
	int r = zip_writer_new(path, &job->how, &zip, &err);
	int status;

	if (r < 0)
		return fail(job, r, &err);
	status = add_all(job, zip, &added);
	if (status == EXIT_OK && added.ids.n) {
		r = zip_writer_finish(zip, &err);
		status = r < 0 ? fail(job, r, &err) : EXIT_OK;
	}
	zip_writer_free(zip);
	if (status == EXIT_OK) {
		job->done = added.ids.n;
		if (job->how.move)
			status = remove_all(job, &added);
	}
	return status;
}

/* --- asking and doing ----------------------------------------------------- */

struct wording {
	const char *verb;   /* "export", as in No runs to export. */
	const char *action; /* "copy", "import (copy)" */
	const char *preposition;
	const char *past; /* "Exported" */
	const char *quote;
};

static int choose(struct guild *where, const struct transfer_options *o, const struct strv *args,
	const struct wording *w, const char *place, struct selected *runs)
{
	_cleanup_buf_ struct buf heading = BUF_INIT;
	int r = select_runs(where, &o->sel, args, SELECT_ALL, runs);

	if (r == EXIT_OK && !runs->n)
		fprintf(stderr, "No runs to %s.\n", w->verb);
	if (r != EXIT_OK || !runs->n || o->yes)
		return r;
	buf_printf(&heading, "You are about to %s the following runs %s '%s':", w->action,
		w->preposition, place);
	r = select_preview(where, buf_str(&heading), runs);
	if (r == EXIT_OK)
		r = confirm("Continue?", true);
	if (r != EXIT_OK || !o->resources)
		return r;
	fputs("WARNING: You specified --copy-resources, which will copy resources used by each "
	      "run.\n",
		stderr);
	return confirm("Really copy resources exported runs?", false);
}

static int finish(struct job *job, int status, const struct wording *w, const char *place)
{
	progress_end(&job->progress);
	if (status == EXIT_OK)
		fprintf(stderr, "%s %zu run(s) %s %s%s%s\n", w->past, job->done, w->preposition,
			w->quote, place, w->quote);
	return status;
}

/* Which runs it is about, all arguments behind the first naming them. Begun when there are some. */
static int prepare(struct job *job, const struct transfer_options *o, const struct strv *args,
	const struct wording *w, bool move)
{
	_cleanup_strv_ struct strv specs = STRV_INIT;
	int r = EXIT_OK;

	for (size_t i = 1; i < args->n; i++)
		if (strv_add(&specs, args->v[i]) < 0)
			return complain("out of memory");
	r = choose(job->from, o, &specs, w, args->v[0], job->runs);
	if (r != EXIT_OK || !job->runs->n)
		return r;
	progress_begin(&job->progress, job->runs->n);
	job->how = (struct transfer){.move = move,
		.follow = o->resources,
		.go_on = progress_go_on,
		.arg = &job->progress};
	return EXIT_OK;
}

static int missing(const char *what)
{
	complain("missing argument for %s", what);
	return EXIT_USAGE;
}

/* --- export --------------------------------------------------------------- */

static const struct option_def export_options[] = {
	OPTION(move, "--move", "-m", "move the runs, do not copy them"),
	RESOURCES("-r"),
	YES,
	SELECT,
	{0},
};

static int export_runs(struct guild *g, void *options, const struct strv *args)
{
	const struct transfer_options *o = options;
	const struct wording words = {"export", o->move ? "move" : "copy", "to", "Exported", ""};
	_cleanup_selected_ struct selected runs = {0};
	struct job job = {.from = g, .runs = &runs};
	int r;

	if (!args->n)
		return missing("LOCATION");
	r = guild_open_home(g);
	job.home = g->home;
	if (r == EXIT_OK)
		r = prepare(&job, o, args, &words, o->move);
	if (r != EXIT_OK || !runs.n)
		return r;
	r = transfer_is_zip(args->v[0]) ? to_zip(&job, args->v[0]) : to_dir(&job, args->v[0]);
	return finish(&job, r, &words, args->v[0]);
}

const struct command cmd_export = {
	.name = "export",
	.in_runs = true,
	.usage = "export [OPTION]... LOCATION [RUN]...",
	.summary = "Copy runs to a directory or a zip file",
	.options = export_options,
	.options_size = sizeof(struct transfer_options),
	.run = export_runs,
	.release = release,
};

/* --- archive -------------------------------------------------------------- */

static const struct option_def archive_options[] = {
	OPTION(create, "--create", NULL, "make an archive if there is none of this name"),
	OPTION(list, "--list", "-l", "list the archives"),
	OPTION(copy, "--copy", "-c", "copy the runs, do not move them"),
	RESOURCES("-r"),
	{.name = "--description",
		.short_name = "-d",
		.value = "TEXT",
		.help = "what a new archive is for",
		.kind = OPTION_VALUE,
		.offset = offsetof(struct transfer_options, description)},
	OPTION(verbose, "--verbose", "-v", "list also where they are"),
	YES,
	SELECT,
	{0},
};

/* After the question, so that saying no makes no archive. */
static int archive_selected(
	struct job *job, const struct transfer_options *o, const char *name, struct buf *path)
{
	if (!path->len) {
		progress_clear(&job->progress);
		printf("Creating '%s'\n", name);
		fflush(stdout);
		if (archive_create(job->from, name, o->description, path) != EXIT_OK)
			return EXIT_ERROR;
	}
	return to_dir(job, buf_str(path));
}

static int archive_runs(struct guild *g, void *options, const struct strv *args)
{
	const struct transfer_options *o = options;
	const struct wording words = {
		"archive", o->copy ? "archive (copy)" : "archive (move)", "to", "Archived", "'"};
	_cleanup_selected_ struct selected runs = {0};
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct job job = {.from = g, .runs = &runs};
	int r = guild_open_home(g);

	if (r != EXIT_OK)
		return r;
	if (o->list)
		return archive_print_all(g, o->verbose);
	if (!args->n)
		return missing("NAME");
	if (!archive_find_named(g, args->v[0], &path) && !o->create)
		return complain("archive '%s' does not exist\n"
				"Try 'guild archive --list' to list available archives or use the "
				"'--create' option.",
			args->v[0]);
	job.home = g->home;
	r = prepare(&job, o, args, &words, !o->copy);
	if (r != EXIT_OK || !runs.n)
		return r;
	r = archive_selected(&job, o, args->v[0], &path);
	return finish(&job, r, &words, args->v[0]);
}

const struct command cmd_archive = {
	.name = "archive",
	.in_runs = true,
	.usage = "archive [OPTION]... [NAME] [RUN]...",
	.summary = "Move runs to an archive",
	.options = archive_options,
	.options_size = sizeof(struct transfer_options),
	.run = archive_runs,
	.release = release,
};

/* --- import --------------------------------------------------------------- */

static const struct option_def import_options[] = {
	OPTION(move, "--move", "-m", "move the runs, do not copy them"),
	RESOURCES(NULL),
	YES,
	SELECT,
	{0},
};

static int from_dir(struct job *job, struct guild *g)
{
	struct transfer_place from = TRANSFER_PLACE_INIT, to = TRANSFER_PLACE_INIT;
	int r;

	from.fd = job->from->home->runs_fd;
	to.fd = g->home->runs_fd;
	r = transfer_all(job, &from, &to, "");
	transfer_end(&from);
	transfer_end(&to);
	return r;
}

/* The runs that are not here yet. */
static int choose_new(struct job *job, int runs_fd, struct strv *ret)
{
	for (size_t i = 0; i < job->runs->n; i++) {
		const char *id = run_id(job, i);

		if (file_exists(runs_fd, id))
			is_skipped(job, -EEXIST, "", id, NULL);
		else if (strv_add(ret, id) < 0)
			return complain("out of memory");
	}
	return EXIT_OK;
}

/* All are unpacked in one pass, then appear one by one. */
static int from_zip(struct job *job, struct guild *g, const char *path)
{
	_cleanup_partial_ struct partial partial = PARTIAL_INIT;
	_cleanup_strv_ struct strv ids = STRV_INIT;
	struct err err = ERR_INIT;
	int r = choose_new(job, g->home->runs_fd, &ids);

	if (r != EXIT_OK || !ids.n)
		return r;
	job->progress.total = 0;
	r = partial_begin(g->home->runs_fd, &partial);
	if (r == 0)
		r = zip_unpack_runs(path, &ids, partial.fd, &job->how, &err);
	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		say(job, ids.v[i]);
		r = partial_place(&partial, ids.v[i], g->home->runs_fd, ids.v[i]);
		if (r == 0)
			job->done++;
		else if (is_skipped(job, r, "", ids.v[i], &err))
			r = 0;
		home_poke(job->home, ids.v[i]);
	}
	return r < 0 ? fail(job, r, &err) : EXIT_OK;
}

static int import_selected(struct guild *g, struct open_archive *archive,
	const struct transfer_options *o, const struct strv *args)
{
	const struct wording words = {
		"import", o->move ? "import (move)" : "import (copy)", "from", "Imported", ""};
	_cleanup_selected_ struct selected runs = {0};
	struct job job = {.from = &archive->g, .home = g->home, .runs = &runs};
	int r = prepare(&job, o, args, &words, o->move);

	if (r != EXIT_OK || !runs.n)
		return r;
	r = archive_is_zip(archive) ? from_zip(&job, g, buf_str(&archive->path))
				    : from_dir(&job, g);
	return finish(&job, r, &words, args->v[0]);
}

static int import_runs(struct guild *g, void *options, const struct strv *args)
{
	const struct transfer_options *o = options;
	_cleanup_archive_ struct open_archive archive = OPEN_ARCHIVE_INIT;
	int r;

	if (!args->n)
		return missing("ARCHIVE");
	r = guild_open_home(g);
	if (r == EXIT_OK)
		r = archive_open(g, args->v[0], &archive);
	if (r == EXIT_OK && o->move && archive_is_zip(&archive))
		r = complain("'--move' cannot be used with zip archives");
	return r == EXIT_OK ? import_selected(g, &archive, o, args) : r;
}

const struct command cmd_import = {
	.name = "import",
	.in_runs = true,
	.usage = "import [OPTION]... ARCHIVE [RUN]...",
	.summary = "Copy runs from a directory, a zip file or an archive",
	.options = import_options,
	.options_size = sizeof(struct transfer_options),
	.run = import_runs,
	.release = release,
};

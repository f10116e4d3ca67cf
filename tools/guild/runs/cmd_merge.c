/* SPDX-License-Identifier: MIT */
/* guild merge: files of a run back into its project. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runs/merge_report.h"
#include "term/table.h"
#include "base/file.h"

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct merge_options, member)                                   \
	}

const struct option_def merge_options[] = {
	OPTION(target, "--target-dir", "-t", "DIR", "copy to DIR, not the project", OPTION_VALUE),
	OPTION(source, "--sourcecode", "-s", NULL, "only source code", OPTION_FLAG),
	OPTION(all, "--all", "-a", NULL, "also files that the run made", OPTION_FLAG),
	OPTION(no_source, "--skip-sourcecode", "-S", NULL, "no source code", OPTION_FLAG),
	OPTION(no_dependencies, "--skip-deps", "-D", NULL, "no dependencies", OPTION_FLAG),
	OPTION(exclude, "--exclude", "-x", "PATTERN", "not what matches; may be repeated",
		OPTION_LIST),
	OPTION(preview, "--preview", "-p", NULL, "only say what would be copied", OPTION_FLAG),
	OPTION(yes, "--yes", "-y", NULL, "do not ask", OPTION_FLAG),
	OPTION(replace, "--replace", NULL, NULL, "replace files whatever they are", OPTION_FLAG),
	OPTION(no_replace, "--no-replace", NULL, NULL, "replace none, though git keeps it",
		OPTION_FLAG),
	/* Guild AI takes these two and makes no summary. */
	OPTION(no_summary, "--no-summary", NULL, NULL, "make no summary; none is made anyway",
		OPTION_FLAG),
	OPTION(summary_name, "--summary-name", NULL, "NAME", "likewise without effect",
		OPTION_VALUE),
	{.more = selection_options, .more_offset = offsetof(struct merge_options, sel)},
	{0},
};

void release_merge(void *options)
{
	struct merge_options *o = options;

	selection_release(&o->sel);
	strv_release(&o->exclude);
}

/* --- where to ------------------------------------------------------------- */

/* Without --target-dir only the project that the run is from. */
static int check_project(const struct merging *m)
{
	const struct opref *ref = &m->view.summary.opref;
	_cleanup_buf_ struct buf dir = BUF_INIT, shown = BUF_INIT;
	_cleanup_free_ char *real = NULL;

	if (strcmp(ref->pkg_type, "guildfile") != 0 && strcmp(ref->pkg_type, "script") != 0)
		return complain("run %s does not originate from a project - cannot merge to the "
				"current directory by default\n"
				"Use --target-dir to skip this check or try 'guild merge --help' "
				"for more information.",
			m->view.id);
	opref_project_dir(&dir, ref);
	if (!dir.len) {
		opref_format(&shown, ref);
		return complain("unexpected missing project directory for run %s (%s)\n"
				"Skip this check by using --target-dir",
			m->view.id, buf_str(&shown));
	}
	real = realpath(buf_str(&dir), NULL);
	if (real && strcmp(real, m->g->cwd) == 0)
		return EXIT_OK;
	name_user_path(&shown, buf_str(&dir));
	return complain("run %s was created from a different project (%s) - cannot merge to the "
			"current directory by default\n"
			"Use '--target-dir .' to override this check or try 'guild merge --help' "
			"for more information.",
		m->view.id, buf_str(&shown));
}

static int choose_target(struct merging *m)
{
	_cleanup_free_ char *real = NULL;
	int r = EXIT_OK;

	if (!m->o->target)
		r = check_project(m);
	m->target = m->o->target ? m->o->target : m->g->cwd;
	real = realpath(m->target, NULL);
	if (real && strcmp(real, m->g->start_dir) == 0)
		buf_puts(&m->target_name, "the current directory");
	else
		buf_printf(&m->target_name, "'%s'", m->target);
	return r;
}

static int open_target(const struct merging *m, int *ret)
{
	*ret = open(m->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret >= 0 || errno == ENOENT ? EXIT_OK
					    : complain("%s: %s", m->target, strerror(errno));
}

/* --- what ----------------------------------------------------------------- */

static int plan(struct merging *m)
{
	const struct merge_options *o = m->o;
	struct merge_spec spec = {.run_fd = m->view.fd,
		.all = o->all,
		.no_source = o->no_source,
		.no_dependencies = o->no_dependencies || o->source,
		.exclude = &o->exclude};
	_cleanup_close_ int target_fd = -1;
	int r = open_target(m, &target_fd);

	if (r != EXIT_OK)
		return r;
	spec.target_fd = target_fd;
	r = merge_plan(&spec, &m->plan);
	if (r == -ENOENT)
		return complain("run manifest does not exist for run %s", m->view.id);
	return r < 0 ? complain("cannot read the files of run %s: %s", m->view.id, strerror(-r))
		     : EXIT_OK;
}

/* A report that something would be lost ends the merge, whatever status that has. */
static int check_loss(const struct merging *m, bool *ret_lost)
{
	_cleanup_strv_ struct strv paths = STRV_INIT;
	enum merge_loss loss;
	int r;

	*ret_lost = false;
	if (m->o->replace)
		return EXIT_OK;
	r = merge_find_loss(&m->plan, m->target, !m->o->no_replace, &loss, &paths);
	if (r < 0)
		return complain("cannot look into %s: %s", m->target, strerror(-r));
	*ret_lost = loss != MERGE_NO_LOSS;
	return *ret_lost ? m->report->lost(m, loss, &paths) : EXIT_OK;
}

/* --- said to people ------------------------------------------------------- */

static int say_lost(const struct merging *m, enum merge_loss loss, const struct strv *paths)
{
	complain("files in %s %s:", buf_str(&m->target_name),
		loss == MERGE_REPLACES ? "would be replaced" : "have unstaged changes");
	for (size_t i = 0; i < paths->n; i++)
		fprintf(stderr, "  %s\n", paths->v[i]);
	fputs(loss == MERGE_REPLACES ? "Use --replace to skip this check.\n"
				     : "Stage or stash these changes or use --replace to skip this "
				       "check.\n",
		stderr);
	return EXIT_ERROR;
}

static int print_run(const struct merging *m, const char *heading)
{
	uint64_t serial = m->serial;
	const struct selected one = {.serials = &serial, .n = 1};

	return select_preview(m->g, heading, &one);
}

static int say_nothing(const struct merging *m)
{
	int r = print_run(m, "Nothing to copy for the following run:");

	fputs("Try 'guild merge --preview' for a list of skipped files.\n", stderr);
	return r;
}

static size_t count(const struct merge *plan, bool copied)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->v[i].fate != MERGE_OVERLAID &&
		     (plan->v[i].fate == MERGE_COPIED) == copied;
	return n;
}

static int print_skipped(const struct merge *plan)
{
	static const char *const reasons[] = {
		[MERGE_UNCHANGED] = "unchanged",
		[MERGE_EXCLUDED] = "excluded",
		[MERGE_SOURCE_LEFT_OUT] = "skipped source code",
		[MERGE_DEPENDENCY_LEFT_OUT] = "skipped dependency",
		[MERGE_FOREIGN_DEPENDENCY] = "non-project dependency",
		[MERGE_GENERATED] = "non-project file",
	};
	_cleanup_(table_release) struct table t = {.columns = 2};
	int r = 0;

	for (size_t i = 0; r == 0 && i < plan->n; i++) {
		const struct merge_file *f = &plan->v[i];

		if (f->fate == MERGE_COPIED || f->fate == MERGE_OVERLAID)
			continue;
		r = table_add(&t, f->target ? f->target : f->run_path);
		if (r == 0)
			r = table_add(&t, reasons[f->fate]);
	}
	if (r < 0)
		return complain("out of memory");
	fputs("Skipped:\n", stderr);
	table_print(&t, "  ", stderr);
	return EXIT_OK;
}

static int say_preview(const struct merging *m)
{
	_cleanup_buf_ struct buf heading = BUF_INIT;
	size_t skipped = count(&m->plan, false);
	int r;

	buf_printf(&heading, "%s files from the following run to %s:",
		m->o->preview ? "Merge will copy" : "You are about to copy",
		buf_str(&m->target_name));
	r = print_run(m, buf_str(&heading));
	if (r != EXIT_OK)
		return r;
	fputs("Files:\n", stderr);
	if (!count(&m->plan, true))
		fputs("  nothing to copy\n", stderr);
	for (size_t i = 0; i < m->plan.n; i++)
		if (m->plan.v[i].fate == MERGE_COPIED)
			fprintf(stderr, "  %s\n", m->plan.v[i].target);
	if (skipped && m->o->preview)
		return print_skipped(&m->plan);
	if (skipped)
		fprintf(stderr,
			"%zu file%s will not be copied (use --preview to show the full list)\n",
			skipped, skipped == 1 ? "" : "s");
	return EXIT_OK;
}

static void say_copying(const struct merge_file *file)
{
	fprintf(stderr, "Copying %s\n", file->target);
}

static const struct merge_report for_people = {
	.lost = say_lost,
	.nothing = say_nothing,
	.preview = say_preview,
	.copying = say_copying,
};

/* --- copying -------------------------------------------------------------- */

static int copy(const struct merging *m)
{
	_cleanup_close_ int target_fd = -1;
	struct err err = ERR_INIT;
	int r = file_mkdirs(AT_FDCWD, m->target, 0777);

	if (r == 0)
		r = open_target(m, &target_fd);
	else
		return complain("cannot make %s: %s", m->target, strerror(-r));
	for (size_t i = 0; r == EXIT_OK && i < m->plan.n; i++) {
		if (m->plan.v[i].fate != MERGE_COPIED)
			continue;
		if (m->report->copying)
			m->report->copying(&m->plan.v[i]);
		if (merge_copy(m->view.fd, &m->plan.v[i], target_fd, &err) < 0)
			r = complain("%s", err_text(&err));
	}
	return r;
}

static int merge_run(struct merging *m)
{
	bool lost = false;
	int r = choose_target(m);

	if (r == EXIT_OK)
		r = plan(m);
	if (r == EXIT_OK)
		r = check_loss(m, &lost);
	if (r != EXIT_OK || lost)
		return r;
	if (!count(&m->plan, true) && !m->o->preview)
		return m->report->nothing(m);
	if (m->o->preview || !m->o->yes)
		r = m->report->preview(m);
	if (r == EXIT_OK && !m->o->preview && !m->o->yes)
		r = confirm("Continue?", false);
	if (r != EXIT_OK || m->o->preview)
		return r;
	r = copy(m);
	return r == EXIT_OK && m->report->done ? m->report->done(m) : r;
}

int merge_and_report(struct guild *g, const struct merge_options *o, const struct strv *args,
	const struct merge_report *report)
{
	struct merging m = {.g = g, .o = o, .report = report, .view = RUN_VIEW_INIT};
	int r = EXIT_OK;

	if (exclude("merge", o->replace, "--replace", o->no_replace, "--no-replace") ||
		exclude("merge", o->source, "--sourcecode", o->no_source, "--skip-sourcecode"))
		return EXIT_ERROR;
	r = guild_open_home(g);
	if (r == EXIT_OK)
		r = select_one(g, &o->sel, args, &m.serial);
	if (r == EXIT_OK)
		r = run_view_open(g, m.serial, &m.view);
	if (r == EXIT_OK)
		r = merge_run(&m);
	merge_release(&m.plan);
	buf_release(&m.target_name);
	run_view_release(&m.view);
	return r;
}

static int merge(struct guild *g, void *options, const struct strv *args)
{
	return merge_and_report(g, options, args, &for_people);
}

const struct command cmd_merge = {
	.name = "merge",
	.in_runs = true,
	.usage = "merge [OPTION]... [RUN]",
	.summary = "Copy files of a run back into its project",
	.options = merge_options,
	.options_size = sizeof(struct merge_options),
	.run = merge,
	.release = release_merge,
};

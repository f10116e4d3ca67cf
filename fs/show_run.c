/* SPDX-License-Identifier: MIT */
/* The files of one run. What they say is printed by core/run/report.h, as for the command line. */
#include "show.h"

#include <errno.h>

#include "guildfs.h"
#include "run_scalars.h"
#include "runs_of.h"
#include "things.h"
#include "walk.h"
#include "base/beneath.h"
#include "catalog/catalog.h"
#include "metrics/info.h"
#include "project/flag_values.h"
#include "run/attr.h"
#include "run/executor.h"
#include "run/home.h"
#include "run/report.h"

/* The run's summary; false and a failed buffer when it is gone. */
static bool summary_of(const struct place *p, struct run_summary *s, struct buf *b)
{
	int r = catalog_summary(place_catalog(p), place_serial(p), s);

	if (r < 0)
		buf_fail(b, r == -ENOENT ? -ESTALE : r);
	return r == 0;
}

/* One line of text, -ENOENT when there is none. */
static void print_or_fail(struct buf *b, const char *text)
{
	if (*text)
		buf_printf(b, "%s\n", text);
	else
		buf_fail(b, -ENOENT);
}

void run_id(const struct place *p, struct buf *b)
{
	print_or_fail(b, place_run_id(p));
}

void run_operation(const struct place *p, struct buf *b)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (!summary_of(p, &s, b))
		return;
	run_summary_operation(&s, &name);
	print_or_fail(b, buf_str(&name));
}

void run_status(const struct place *p, struct buf *b)
{
	_cleanup_summary_ struct run_summary s = {0};

	if (summary_of(p, &s, b))
		buf_printf(b, "%s\n", run_status_name(s.status));
}

void run_why(const struct place *p, struct buf *b)
{
	_cleanup_close_ int run_fd = place_open_run(p);
	_cleanup_buf_ struct buf reason = BUF_INIT;

	if (run_fd >= 0)
		run_reason(run_fd, &reason);
	print_or_fail(b, buf_str(&reason));
}

void run_project(const struct place *p, struct buf *b)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf dir = BUF_INIT;

	if (!summary_of(p, &s, b))
		return;
	opref_project_dir(&dir, &s.opref);
	print_or_fail(b, buf_str(&dir));
}

void run_model(const struct place *p, struct buf *b)
{
	_cleanup_summary_ struct run_summary s = {0};

	if (summary_of(p, &s, b))
		print_or_fail(b, s.opref.model);
}

/* Takes the map over; NULL is out of memory. */
static void print_section(struct buf *b, const char *heading, struct value *map, bool if_empty)
{
	if (!map) {
		buf_fail(b, -ENOMEM);
		return;
	}
	if (map->map.n || if_empty)
		buf_printf(b, "%s:\n", heading);
	for (size_t i = 0; i < map->map.n; i++) {
		buf_printf(b, "  %s: ", map->map.pairs[i].key);
		flag_encode(b, map->map.pairs[i].value);
		buf_putc(b, '\n');
	}
	value_free(map);
}

static void print_numbers(const struct place *p, int run_fd, struct buf *b)
{
	_cleanup_scalars_view_ struct scalars_view view = SCALARS_VIEW_INIT;
	int r = scalars_view_open(p, &view);

	if (r < 0) {
		buf_fail(b, r);
		return;
	}
	print_section(b, "scalars", info_scalars(view.all, false, false), true);
	print_section(b, "attributes", info_attributes(run_fd, view.all), false);
}

void run_info(const struct place *p, struct buf *b)
{
	_cleanup_close_ int run_fd = place_open_run(p);
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (run_fd < 0) {
		buf_fail(b, run_fd);
		return;
	}
	if (!summary_of(p, &s, b))
		return;
	place_run_path(p, &path);
	report_info(run_fd, place_run_id(p), buf_str(&path), &s, b);
	print_numbers(p, run_fd, b);
}

void run_pid(const struct place *p, struct buf *b)
{
	_cleanup_close_ int run_fd = place_open_run(p);
	struct proc_ref process;
	int r = run_fd < 0 ? run_fd : run_process(run_fd, &process);

	if (r < 0)
		buf_fail(b, r == -ESRCH ? -ENOENT : r);
	else
		buf_printf(b, "%d\n", (int)process.pid);
}

/* --- what a report prints ------------------------------------------------- */

static void print_report(const struct place *p, void (*report)(int, struct buf *), struct buf *b)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	if (run_fd < 0)
		buf_fail(b, run_fd);
	else
		report(run_fd, b);
}

static void print_named(const struct place *p, void (*report)(int, const char *, struct buf *),
	const char *name, struct buf *b)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	if (run_fd < 0 || !name)
		buf_fail(b, run_fd < 0 ? run_fd : -ESTALE);
	else
		report(run_fd, name, b);
}

void run_attr_of_row(const struct place *p, struct buf *b)
{
	print_named(p, report_attr, p->row->name, b);
}

void run_attr_of_slot(const struct place *p, struct buf *b)
{
	print_named(p, report_attr, things_interned(p->fs->things, p->slot), b);
}

void run_time_of_row(const struct place *p, struct buf *b)
{
	print_named(p, report_time, p->row->name, b);
}

void run_duration(const struct place *p, struct buf *b)
{
	print_report(p, report_duration, b);
}

void run_flags(const struct place *p, struct buf *b)
{
	print_report(p, report_flags, b);
}

void run_cmd(const struct place *p, struct buf *b)
{
	print_report(p, report_cmd, b);
}

void run_env(const struct place *p, struct buf *b)
{
	print_report(p, report_env, b);
}

/* --- what is there -------------------------------------------------------- */

static bool has_attr(const struct place *p, const char *name)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	return run_fd >= 0 && attr_exists(run_fd, name);
}

bool run_has_attr_of_row(const struct place *p)
{
	return has_attr(p, p->row->name);
}

bool run_has_flags(const struct place *p)
{
	return has_attr(p, "flags");
}

bool run_has_cmd(const struct place *p)
{
	return has_attr(p, "cmd");
}

bool run_has_env(const struct place *p)
{
	return has_attr(p, "env");
}

bool run_has_log(const struct place *p)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	return run_fd >= 0 && beneath_exists(run_fd, p->row->backing);
}

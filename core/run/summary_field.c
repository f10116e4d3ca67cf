/* SPDX-License-Identifier: MIT */
/* A table of names, and how each is printed. */
#include "run/summary_field.h"

#include <string.h>

#include "base/clock.h"
#include "base/name.h"

static void print_id(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)s;
	buf_puts(b, id);
}

static void print_short_id(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)s;
	buf_printf(b, "%.8s", id);
}

static void print_operation(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	run_summary_operation(s, b);
}

static void print_op_name(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	buf_puts(b, s->opref.op);
}

static void print_model(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	buf_puts(b, s->opref.model);
}

static void print_pkg_name(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	buf_puts(b, s->opref.pkg_name);
}

static void print_from(const struct run_summary *s, const char *id, struct buf *b)
{
	const struct opref *ref = &s->opref;

	(void)id;
	if (strcmp(ref->pkg_type, "package") == 0)
		buf_printf(b, "%s==%s", ref->pkg_name, ref->pkg_version);
	else if (ref->pkg_name[0] == '/')
		name_user_path(b, ref->pkg_name);
	else
		buf_puts(b, ref->pkg_name);
}

static void print_status(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	buf_puts(b, run_status_name(s->status));
}

static void print_started(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	if (s->started)
		clock_format_local(b, s->started);
}

static void print_stopped(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	if (s->stopped)
		clock_format_local(b, s->stopped);
}

/* Until it ended or now; of one that waits to be started, or whose end nobody has seen, nothing. */
static void print_time(const struct run_summary *s, const char *id, struct buf *b)
{
	int64_t span = run_summary_span(s);
	long seconds = (long)(span / 1000000);

	(void)id;
	if (span >= 0)
		buf_printf(b, "%ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/* Of a run that is over. */
static void print_duration(const struct run_summary *s, const char *id, struct buf *b)
{
	if (s->status != RUN_RUNNING)
		print_time(s, id, b);
}

static void print_marked(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	buf_puts(b, s->marked ? "yes" : "no");
}

static void print_label(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	buf_puts(b, s->label);
}

static void print_exit_status(const struct run_summary *s, const char *id, struct buf *b)
{
	(void)id;
	if (s->has_exit_status)
		buf_printf(b, "%d", s->exit_status);
}

static const struct field {
	const char *name;
	void (*print)(const struct run_summary *s, const char *id, struct buf *b);
} fields[] =
	{
		{"duration", print_duration},
		{"exit_status", print_exit_status},
		{"from", print_from},
		{"id", print_id},
		{"label", print_label},
		{"marked", print_marked},
		{"model", print_model},
		{"op_name", print_op_name},
		{"operation", print_operation},
		{"pkg_name", print_pkg_name},
		{"short_id", print_short_id},
		{"started", print_started},
		{"status", print_status},
		{"stopped", print_stopped},
},
  attrs[] = {
	  {"op", print_op_name},
	  {"op_model", print_model},
	  {"run", print_short_id},
	  {"time", print_time},
};

static bool print_one(const struct field *table, size_t n, const struct run_summary *s,
	const char *id, const char *name, struct buf *b)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(table[i].name, name) != 0)
			continue;
		table[i].print(s, id, b);
		return true;
	}
	return false;
}

bool summary_field(const struct run_summary *s, const char *id, const char *name, struct buf *b)
{
	return print_one(fields, ARRAY_SIZE(fields), s, id, name, b);
}

bool summary_attr(const struct run_summary *s, const char *id, const char *name, struct buf *b)
{
	return print_one(attrs, ARRAY_SIZE(attrs), s, id, name, b) || summary_field(s, id, name, b);
}

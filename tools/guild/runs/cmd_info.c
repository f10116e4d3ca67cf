/* SPDX-License-Identifier: MIT */
/* guild runs info: one mapping, printed as text or as JSON. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runs/archives.h"
#include "runs/select.h"
#include "base/clock.h"
#include "base/natural.h"
#include "metrics/info.h"
#include "project/flag_values.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/executor.h"
#include "run/manifest.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

#define SCALARS "scalars"

struct info_options {
	struct selection sel;
	bool all_scalars, comments, env, deps, manifest, plugins, json;
	const char *archive;
};

#define OPTION(member, n, s, h)                                                                    \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct info_options, member)                                    \
	}

static const struct option_def info_options[] = {
	OPTION(all_scalars, "--all-scalars", "-s", "all scalars, with first, last, min, max, ..."),
	OPTION(comments, "--comments", "-c", "also the comments"),
	OPTION(env, "--env", "-e", "also the environment"),
	OPTION(deps, "--deps", "-d", "also the resolved dependencies"),
	OPTION(manifest, "--manifest", "-m", "also the manifest"),
	OPTION(plugins, "--plugins", "-p", "also the plugins"),
	OPTION(json, "--json", NULL, "as JSON"),
	{.name = "--archive",
		.short_name = "-A",
		.value = "PATH",
		.help = "a run of an archive: a directory, a zip file or a name",
		.kind = OPTION_VALUE,
		.offset = offsetof(struct info_options, archive)},
	{.more = selection_options, .more_offset = offsetof(struct info_options, sel)},
	{0},
};

static void release_info(void *options)
{
	selection_release(&((struct info_options *)options)->sel);
}

/* --- what there is to say ------------------------------------------------- */

/* Why it waits, or why an executor has ended it. */
static int set_reason(struct value *info, int run_fd)
{
	_cleanup_buf_ struct buf reason = BUF_INIT;

	run_reason(run_fd, &reason);
	return reason.len ? value_map_set(info, "reason", value_string(buf_str(&reason))) : 0;
}

static int set_fields(struct value *info, const struct run_view *v)
{
	int r = 0;

	for (const char *const *name = run_fields; r == 0 && *name; name++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		bool number = strcmp(*name, "exit_status") == 0 || strcmp(*name, "pid") == 0;

		run_field(v, *name, &text);
		r = value_map_set(info, *name,
			number && text.len ? value_int(strtol(text.data, NULL, 10))
					   : value_string(buf_str(&text)));
	}
	return r < 0 ? r : set_reason(info, v->fd);
}

/* Of a batch: those of its trials' prototype. */
static int set_proto_flags(struct value *info, int run_fd)
{
	_cleanup_close_ int proto_fd = batch_open_proto(run_fd);

	if (proto_fd < 0)
		return 0;
	return value_map_set(info, "proto-flags", attr_read_or_empty(proto_fd, "flags", VALUE_MAP));
}

static int set_comments(struct value *info, int run_fd)
{
	struct value *comments = attr_read_or_empty(run_fd, "comments", VALUE_LIST);

	for (size_t i = 0; comments && i < comments->list.n; i++) {
		struct value *c = comments->list.items[i];
		_cleanup_buf_ struct buf time = BUF_INIT;
		int64_t usec;

		if (!value_as_int(value_get(c, "time"), &usec))
			continue;
		clock_format_local(&time, usec);
		value_map_set(c, "time", value_string(buf_str(&time)));
		value_map_sort(c);
	}
	return value_map_set(info, "comments", comments);
}

static int set_manifest(struct value *info, int run_fd)
{
	static const struct {
		char type;
		const char *name;
	} parts[] = {{'d', "dependencies"}, {'s', "sourcecode"}};
	struct value *manifest = value_map();
	int r = manifest ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
		_cleanup_strv_ struct strv paths = STRV_INIT;

		r = manifest_paths(run_fd, parts[i].type, &paths);
		strv_sort(&paths);
		if (r == 0 && paths.n)
			r = value_map_set(manifest, parts[i].name, value_from_strv(&paths));
	}
	if (r < 0) {
		value_free(manifest);
		return r;
	}
	return value_map_set(info, "manifest", manifest);
}

static int set_attr(
	struct value *info, const char *name, int run_fd, const char *attr, enum value_type type)
{
	return value_map_set(info, name, attr_read_or_empty(run_fd, attr, type));
}

static int set_attributes(struct value *info, int run_fd, const struct scalars *scalars)
{
	struct value *attrs = info_attributes(run_fd, scalars);

	if (!attrs || attrs->map.n)
		return value_map_set(info, "attributes", attrs);
	value_free(attrs);
	return 0;
}

static int collect(struct value *info, const struct info_options *o, const struct run_view *v,
	struct strv *problems)
{
	_cleanup_scalars_ struct scalars *scalars = NULL;
	int r = scalars_read(SCALARS_SUMMARIES, v->fd, &scalars, problems);

	if (r == 0)
		r = set_fields(info, v);

	if (r == 0)
		r = set_attr(info, "tags", v->fd, "tags", VALUE_LIST);
	if (r == 0)
		r = set_attr(info, "flags", v->fd, "flags", VALUE_MAP);
	if (r == 0)
		r = set_proto_flags(info, v->fd);
	if (r == 0)
		r = value_map_set(info, SCALARS, info_scalars(scalars, o->all_scalars, o->json));
	if (r == 0)
		r = set_attributes(info, v->fd, scalars);
	if (r == 0 && o->comments)
		r = set_comments(info, v->fd);
	if (r == 0 && o->env)
		r = set_attr(info, "environment", v->fd, "env", VALUE_MAP);
	if (r == 0 && o->manifest)
		r = set_manifest(info, v->fd);
	if (r == 0 && o->deps)
		r = set_attr(info, "dependencies", v->fd, "deps", VALUE_MAP);
	if (r == 0 && o->plugins)
		r = set_attr(info, "plugins", v->fd, "plugins", VALUE_LIST);
	if (r == 0 && v->summary.damage)
		r = value_map_set(info, "damaged", value_string(v->summary.damage));
	return r;
}

/* --- as text -------------------------------------------------------------- */

static void print_lines(struct buf *b, const char *text, int indent)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		buf_printf(b, "%*s%.*s\n", indent, "", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void print_items(struct buf *b, const struct value *list, int indent)
{
	for (size_t i = 0; i < list->list.n; i++) {
		buf_printf(b, "%*s- ", indent, "");
		flag_encode(b, list->list.items[i]);
		buf_putc(b, '\n');
	}
}

/* A mapping in a list: its text is for people, so without quotes; more than a line is a block. */
static void print_entry(struct buf *b, const struct value *map)
{
	buf_puts(b, "  -\n");
	for (size_t i = 0; i < map->map.n; i++) {
		const struct value_pair *pair = &map->map.pairs[i];
		const char *text = value_str(pair->value);

		buf_printf(b, "    %s:", pair->key);
		if (text && strchr(text, '\n')) {
			buf_puts(b, " |\n");
			print_lines(b, text, 6);
			continue;
		}
		buf_putc(b, ' ');
		if (text)
			buf_puts(b, text);
		else
			flag_encode(b, pair->value);
		buf_putc(b, '\n');
	}
}

static void print_list(struct buf *b, const struct value *list)
{
	for (size_t i = 0; i < list->list.n; i++) {
		struct value *item = list->list.items[i];

		if (item->type == VALUE_MAP) {
			print_entry(b, item);
		} else {
			buf_puts(b, "  - ");
			flag_encode(b, item);
			buf_putc(b, '\n');
		}
	}
}

static int compare_pairs(const void *a, const void *b)
{
	return natural_compare(
		((const struct value_pair *)a)->key, ((const struct value_pair *)b)->key);
}

static void print_map(struct buf *b, const struct value *map)
{
	for (size_t i = 0; i < map->map.n; i++) {
		const struct value_pair *pair = &map->map.pairs[i];
		_cleanup_buf_ struct buf block = BUF_INIT;

		buf_printf(b, "  %s:", pair->key);
		if (pair->value->type == VALUE_LIST) {
			buf_putc(b, '\n');
			print_items(b, pair->value, 4);
		} else if (pair->value->type == VALUE_MAP) {
			buf_putc(b, '\n');
			yaml_emit_plain(&block, pair->value);
			print_lines(b, buf_str(&block), 4);
		} else {
			buf_putc(b, ' ');
			flag_encode(b, pair->value);
			buf_putc(b, '\n');
		}
	}
}

/* Scalars have their order (metrics/info.h); what else is a mapping is sorted. */
static void print_info(struct buf *b, const struct value *info)
{
	for (size_t i = 0; i < info->map.n; i++) {
		const struct value_pair *pair = &info->map.pairs[i];
		struct value *v = pair->value;

		buf_printf(b, "%s:", pair->key);
		if (v->type == VALUE_INT)
			buf_printf(b, " %lld", (long long)v->integer);
		else if (value_str(v) && *v->string)
			buf_printf(b, " %s", v->string);
		buf_putc(b, '\n');
		if (v->type == VALUE_LIST)
			print_list(b, v);
		if (v->type == VALUE_MAP && v->map.n && strcmp(pair->key, SCALARS) != 0)
			qsort(v->map.pairs, v->map.n, sizeof(*v->map.pairs), compare_pairs);
		if (v->type == VALUE_MAP)
			print_map(b, v);
	}
}

/* -------------------------------------------------------------------------- */

static int add_info(
	struct guild *g, uint64_t serial, const struct info_options *o, struct buf *text)
{
	_cleanup_value_ struct value *info_map = value_map();
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	_cleanup_strv_ struct strv problems = STRV_INIT;
	int r;

	if (run_view_open(g, serial, &v) != EXIT_OK)
		return EXIT_ERROR;
	r = info_map ? collect(info_map, o, &v, &problems) : -ENOMEM;
	print_warnings(&problems);
	if (r < 0)
		return complain("cannot read run %s: %s", v.id, strerror(-r));
	if (o->json)
		json_emit(text, info_map);
	else
		print_info(text, info_map);
	return EXIT_OK;
}

int run_info_all(const struct run_view *v, struct value **ret)
{
	static const struct info_options all = {
		.all_scalars = true, .comments = true, .json = true};
	_cleanup_strv_ struct strv problems = STRV_INIT;
	struct value *info = value_map();
	int r = info ? collect(info, &all, v, &problems) : -ENOMEM;

	if (r == 0 && problems.n)
		r = value_map_set(info, "problems", value_from_strv(&problems));
	if (r == 0)
		*ret = info;
	else
		value_free(info);
	return r;
}

int run_info(struct guild *g, uint64_t serial, struct buf *text)
{
	return add_info(g, serial, &(struct info_options){0}, text);
}

static int info(struct guild *g, void *options, const struct strv *args)
{
	const struct info_options *o = options;
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_archive_ struct open_archive archive = OPEN_ARCHIVE_INIT;
	struct guild *where;
	uint64_t serial;
	int r = archive_or_home(g, o->archive, &archive, &where);

	if (r == EXIT_OK)
		r = select_one(where, &o->sel, args, &serial);
	if (r == EXIT_OK)
		select_look_at_waiting(where, &serial, 1);
	if (r == EXIT_OK)
		r = add_info(where, serial, o, &text);
	if (r != EXIT_OK)
		return r;
	fputs(buf_str(&text), stdout);
	if (o->json)
		putchar('\n');
	return EXIT_OK;
}

const struct command cmd_runs_info = {
	.group = "runs",
	.name = "info",
	.usage = "runs info [OPTION]... [RUN]",
	.summary = "Show what is known of a run",
	.options = info_options,
	.options_size = sizeof(struct info_options),
	.run = info,
	.release = release_info,
};

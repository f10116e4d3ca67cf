/* SPDX-License-Identifier: MIT */
/* guild select: the id of a run, or something else of it, for scripts. */
#include "guild.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "select.h"
#include "run/attr.h"
#include "yaml/yaml.h"

struct select_options {
	struct selection sel;
	bool all, short_id, path;
	const char *attr;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct select_options, member)                                  \
	}

static const struct option_def select_options[] = {
	OPTION(all, "--all", "-A", NULL, "all matching runs, not only the latest", OPTION_FLAG),
	OPTION(short_id, "--short-id", "-s", NULL, "the short id", OPTION_FLAG),
	OPTION(attr, "--attr", "-a", "ATTR", "this attribute, not the id", OPTION_VALUE),
	OPTION(path, "--path", "-p", NULL, "the run's directory, not the id", OPTION_FLAG),
	OPTION(path, "--dir", NULL, NULL, "the same", OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct select_options, sel)},
	{0},
};

static void release_select(void *options)
{
	selection_release(&((struct select_options *)options)->sel);
}

/* As lists show it where they do, else as it is stored. */
static int print_attr(const struct run_view *v, const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *value = NULL;
	int r;

	if (run_field(v, name, &text)) {
		puts(buf_str(&text));
		return EXIT_OK;
	}
	r = attr_read(v->fd, name, &value, NULL);
	if (r == -EINVAL || r == -EFBIG)
		r = attr_read_text(v->fd, name, &text);
	else if (r == 0 && (value->type == VALUE_MAP || value->type == VALUE_LIST))
		yaml_emit_plain(&text, value);
	else if (r == 0)
		yaml_emit_flow(&text, value);
	if (r < 0)
		return complain("no such run attribute '%s'", name);
	printf("%s%s", buf_str(&text), text.len && text.data[text.len - 1] == '\n' ? "" : "\n");
	return EXIT_OK;
}

static int print_run(struct guild *g, const struct select_options *o, uint64_t serial)
{
	_cleanup_run_view_ struct run_view v;

	if (run_view_open(g, serial, &v) != EXIT_OK)
		return EXIT_ERROR;
	if (o->attr)
		return print_attr(&v, o->attr);
	if (o->short_id)
		printf("%.8s\n", v.id);
	else
		puts(o->path ? buf_str(&v.path) : v.id);
	return EXIT_OK;
}

static int select_all(struct guild *g, const struct select_options *o, const struct strv *args)
{
	_cleanup_selected_ struct selected runs = {0};
	int r = select_runs(g, &o->sel, args, SELECT_ALL, &runs);

	for (size_t i = 0; r == EXIT_OK && i < runs.n; i++)
		r = print_run(g, o, runs.serials[i]);
	return r;
}

static int select_command(struct guild *g, void *options, const struct strv *args)
{
	const struct select_options *o = options;
	uint64_t serial;
	int r = exclude("select", o->short_id, "--short-id", o->attr != NULL, "--attr");

	if (r == EXIT_OK)
		r = guild_open_home(g);
	if (r != EXIT_OK)
		return r;
	if (o->all || args->n > 1)
		return select_all(g, o, args);
	r = select_one(g, &o->sel, args, &serial);
	return r == EXIT_OK ? print_run(g, o, serial) : r;
}

const struct command cmd_select = {
	.name = "select",
	.usage = "select [OPTION]... [RUN]...",
	.summary = "Show the id of a run",
	.options = select_options,
	.options_size = sizeof(struct select_options),
	.run = select_command,
	.release = release_select,
};

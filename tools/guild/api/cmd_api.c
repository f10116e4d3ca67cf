/* SPDX-License-Identifier: MIT */
/* guild api merge: the same as guild merge, for editors and other programs, as JSON. */
#include "guild.h"

#include <stddef.h>
#include <stdlib.h>

#include "api/api.h"
#include "runs/merge_report.h"

struct api_merge_options {
	struct merge_options merge;
	bool format;
};

static const struct option_def api_merge_options[] = {
	API_FORMAT_OPTION(struct api_merge_options, format),
	{.more = merge_options, .more_offset = offsetof(struct api_merge_options, merge)},
	{0},
};

/* Takes the map over; `r` is whether it was put together. */
static int print(const struct merging *m, const char *resp, struct value *map, int r)
{
	const struct api_merge_options *o = (const struct api_merge_options *)m->o;

	if (r == 0)
		r = map ? value_map_set(map, "resp", value_string(resp)) : -1;
	if (r == 0)
		return api_print(o->format, map);
	value_free(map);
	return complain("out of memory");
}

static int set_text(struct value *map, const char *key, const char *text)
{
	return value_map_set(map, key, api_text(text));
}

static int answer_lost(const struct merging *m, enum merge_loss loss, const struct strv *paths)
{
	struct value *map = value_map();
	int r = map ? value_map_set(map, "paths", value_from_strv(paths)) : -1;

	return print(m, loss == MERGE_REPLACES ? "replacement-paths" : "unstaged-paths", map, r);
}

static int answer_nothing(const struct merging *m)
{
	return print(m, "nothing-to-copy", value_map(), 0);
}

static int answer_done(const struct merging *m)
{
	struct value *map = value_map(), *list = value_list();
	int r = map && list ? 0 : -1;

	for (size_t i = 0; r == 0 && i < m->plan.n; i++)
		if (m->plan.v[i].fate == MERGE_COPIED)
			r = value_list_add(list, value_string(m->plan.v[i].target));
	if (map)
		r = value_map_set(map, "copied", list) < 0 ? -1 : r;
	else
		value_free(list);
	return print(m, "ok", map, r);
}

/* --- preview -------------------------------------------------------------- */

static struct value *describe_run(const struct run_view *v)
{
	static const char *const fields[][2] = {{"id", "id"}, {"shortId", "short_id"},
		{"dir", "run_dir"}, {"operation", "operation"}, {"started", "started"},
		{"stopped", "stopped"}, {"label", "label"}, {"status", "status"}};
	_cleanup_buf_ struct buf project = BUF_INIT;
	struct value *map = value_map();
	int r = map ? 0 : -1;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		run_field(v, fields[i][1], &text);
		r = set_text(map, fields[i][0], buf_str(&text));
	}
	opref_project_dir(&project, &v->summary.opref);
	if (r == 0)
		r = set_text(map, "projectDir", project.len ? buf_str(&project) : NULL);
	if (r == 0)
		r = value_map_set(map, "opRef", api_opref(&v->summary.opref));
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static struct value *describe_file(const struct merge_file *f)
{
	static const char *const reasons[] = {
		[MERGE_UNCHANGED] = "u",
		[MERGE_EXCLUDED] = "x",
		[MERGE_SOURCE_LEFT_OUT] = "s",
		[MERGE_DEPENDENCY_LEFT_OUT] = "d",
		[MERGE_FOREIGN_DEPENDENCY] = "npd",
		[MERGE_GENERATED] = "?",
	};
	const char type[] = {f->type, '\0'};
	struct value *map = value_map();
	int r = map ? set_text(map, "fileType", type) : -1;

	if (r == 0)
		r = set_text(map, "runPath", f->run_path);
	if (r == 0)
		r = set_text(map, "targetPath", f->target);
	if (r == 0 && f->fate != MERGE_COPIED)
		r = set_text(map, "reason", reasons[f->fate]);
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static struct value *describe_files(const struct merge *plan, bool copied)
{
	struct value *list = value_list();
	int r = list ? 0 : -1;

	for (size_t i = 0; r == 0 && i < plan->n; i++)
		if (plan->v[i].fate != MERGE_OVERLAID &&
			(plan->v[i].fate == MERGE_COPIED) == copied)
			r = value_list_add(list, describe_file(&plan->v[i]));
	if (r == 0)
		return list;
	value_free(list);
	return NULL;
}

static int answer_preview(const struct merging *m)
{
	_cleanup_free_ char *real = realpath(m->target, NULL);
	struct value *map = value_map();
	int r = map ? value_map_set(map, "run", describe_run(&m->view)) : -1;

	if (r == 0)
		r = set_text(map, "targetDir", real ? real : m->target);
	if (r == 0)
		r = value_map_set(map, "toCopy", describe_files(&m->plan, true));
	if (r == 0)
		r = value_map_set(map, "toSkip", describe_files(&m->plan, false));
	return print(m, "preview", map, r);
}

static int api_merge(struct guild *g, void *options, const struct strv *args)
{
	static const struct merge_report as_json = {
		.lost = answer_lost,
		.nothing = answer_nothing,
		.preview = answer_preview,
		.done = answer_done,
	};
	const struct api_merge_options *o = options;

	if (!o->merge.preview && !o->merge.yes)
		return complain("--yes must be specified for this command when --preview is not "
				"used\nTry 'guild api merge --help' for more information.");
	return merge_and_report(g, &o->merge, args, &as_json);
}

const struct command cmd_api_merge = {
	.group = "api",
	.name = "merge",
	.usage = "api merge [OPTION]... [RUN]",
	.summary = "The same as merge, for programs: JSON",
	.options = api_merge_options,
	.options_size = sizeof(struct api_merge_options),
	.run = api_merge,
	.release = release_merge,
};

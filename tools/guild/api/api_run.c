/* SPDX-License-Identifier: MIT */
/* Attributes, files, scalars and dependencies of a run, under the names that programs know. */
#include "api/api_run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "guild.h"
#include "base/file.h"
#include "base/file_walk.h"
#include "base/name.h"
#include "base/natural.h"
#include "metrics/info.h"
#include "metrics/scalars.h"
#include "run/attr.h"
#include "run/manifest.h"

enum { SHORT_ID = 8 };

/* A list that is being filled for a run. */
struct filling {
	struct guild *g;
	const struct run_view *v;
	struct value *list;
};

/* --- other runs ----------------------------------------------------------- */

/* The run that an absolute path leads into; *ret_rest is the path from there. False: none. */
static bool run_of_path(
	const struct guild *g, const char *path, struct buf *ret_id, const char **ret_rest)
{
	size_t len = strlen(g->home->runs_path), n;

	if (strncmp(path, g->home->runs_path, len) != 0 || path[len] != '/')
		return false;
	path += len + 1;
	n = strcspn(path, "/");
	buf_add(ret_id, path, n);
	*ret_rest = path[n] ? path + n + 1 : "";
	return true;
}

/* False: that run is not there any more. */
static bool print_operation(struct guild *g, const char *id, struct buf *b)
{
	_cleanup_run_view_ struct run_view v = RUN_VIEW_INIT;
	uint64_t serial = catalog_find(g->catalog, id);

	if (!serial || run_view_list(g, serial, &v) < 0)
		return false;
	run_summary_operation(&v.summary, b);
	return true;
}

static struct value *short_id(const char *id)
{
	return value_string_len(id, strnlen(id, SHORT_ID));
}

/* --- files ---------------------------------------------------------------- */

/* Where a link leads, though nothing may be there. */
static void resolve(const struct run_view *v, const char *path, struct buf *ret)
{
	_cleanup_buf_ struct buf full = BUF_INIT, target = BUF_INIT;
	_cleanup_free_ char *real = NULL;

	buf_printf(&full, "%s/%s", buf_str(&v->path), path);
	real = realpath(buf_str(&full), NULL);
	if (real) {
		buf_puts(ret, real);
		return;
	}
	if (file_readlink(v->fd, path, &target) < 0)
		return;
	if (buf_str(&target)[0] == '/')
		buf_clear(&full);
	else
		buf_resize(&full, (size_t)(strrchr(buf_str(&full), '/') + 1 - full.data));
	buf_puts(&full, buf_str(&target));
	name_normal_path(ret, buf_str(&full));
}

/* Whose file a link leads to: an operation and its run, or neither. */
static int set_origin(const struct filling *f, const struct walk_entry *e, struct value *file)
{
	_cleanup_buf_ struct buf target = BUF_INIT, id = BUF_INIT, operation = BUF_INIT;
	bool known = false;
	const char *rest;
	int r;

	if (e->is_link)
		resolve(f->v, e->path, &target);
	if (run_of_path(f->g, buf_str(&target), &id, &rest)) {
		known = print_operation(f->g, buf_str(&id), &operation);
		if (!known)
			buf_printf(&operation, "%s (deleted)", buf_str(&id));
	}
	r = value_map_set(file, "operation", api_text(operation.len ? buf_str(&operation) : NULL));
	return r < 0 ? r
		     : value_map_set(file, "run", known ? short_id(buf_str(&id)) : value_null());
}

static struct value *describe_file(const struct filling *f, const struct walk_entry *e)
{
	const struct stat *st = S_ISLNK(e->st.st_mode) ? NULL : &e->st; /* a link to nothing */
	struct value *file = value_map();
	int r = file ? value_map_set(file, "path", value_string(e->path)) : -ENOMEM;

	if (r == 0)
		r = value_map_set(file, "size", st ? value_int(st->st_size) : value_null());
	if (r == 0)
		r = value_map_set(file, "mtime",
			st ? value_int((int64_t)st->st_mtim.tv_sec * 1000 +
				       st->st_mtim.tv_nsec / 1000000)
			   : value_null());
	if (r == 0)
		r = set_origin(f, e, file);
	if (r == 0)
		return file;
	value_free(file);
	return NULL;
}

static int visit(void *arg, const struct walk_entry *e)
{
	struct filling *f = arg;

	if (S_ISDIR(e->st.st_mode) && !e->is_link)
		return strcmp(e->path, RUN_GUILD_DIR) == 0 ? WALK_PASS_BY : 0;
	if (!e->is_link && !S_ISREG(e->st.st_mode))
		return 0;
	return value_list_add(f->list, describe_file(f, e));
}

static int compare_paths(const void *a, const void *b)
{
	const struct value *const *x = a, *const *y = b;

	return natural_compare(value_str(value_get(*x, "path")), value_str(value_get(*y, "path")));
}

static int fill_files(struct filling *f)
{
	int r = file_walk(f->v->fd, false, visit, f);

	if (r == 0 && f->list->list.n)
		qsort(f->list->list.items, f->list->list.n, sizeof(struct value *), compare_paths);
	return r;
}

/* --- dependencies --------------------------------------------------------- */

/* What is said of one run that is depended on; made when it is not there yet. */
static struct value *dependency(struct filling *f, const char *id, const char *operation)
{
	_cleanup_value_ struct value *of = short_id(id);
	struct value *dep;
	int r = of ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < f->list->list.n; i++)
		if (value_equal(value_get(f->list->list.items[i], "run"), of))
			return f->list->list.items[i];
	dep = value_map();
	if (r == 0)
		r = dep ? value_map_set(dep, "run", STEAL(of)) : -ENOMEM;
	if (r == 0)
		r = value_map_set(dep, "operation", value_string(operation));
	if (r == 0)
		r = value_map_set(dep, "paths", value_list());
	if (r == 0)
		return value_list_add(f->list, dep) < 0 ? NULL : dep;
	value_free(dep);
	return NULL;
}

static int add_dependency(struct filling *f, const char *path)
{
	_cleanup_buf_ struct buf full = BUF_INIT, normal = BUF_INIT, id = BUF_INIT;
	_cleanup_buf_ struct buf operation = BUF_INIT;
	struct value *dep;
	const char *rest;

	if (*path != '/')
		buf_printf(&full, "%s/", buf_str(&f->v->path));
	buf_puts(&full, path);
	name_normal_path(&normal, buf_str(&full));
	if (!run_of_path(f->g, buf_str(&normal), &id, &rest) ||
		strcmp(buf_str(&id), f->v->id) == 0 ||
		!print_operation(f->g, buf_str(&id), &operation))
		return 0;
	dep = dependency(f, buf_str(&id), buf_str(&operation));
	if (!dep)
		return -ENOMEM;
	return value_list_add((struct value *)value_get(dep, "paths"), value_string(rest));
}

static int add_paths(struct filling *f, const struct value *paths)
{
	int r = 0;

	for (size_t i = 0; paths && paths->type == VALUE_LIST && r == 0 && i < paths->list.n; i++)
		if (value_str(paths->list.items[i]))
			r = add_dependency(f, paths->list.items[i]->string);
	return r;
}

static int compare_operations(const void *a, const void *b)
{
	const struct value *const *x = a, *const *y = b;

	return strcmp(value_str(value_get(*x, "operation")), value_str(value_get(*y, "operation")));
}

/* {RESOURCE: {SOURCE: {paths: [...]}}}, of long ago {RESOURCE: [...]}. */
static int fill_deps(struct filling *f)
{
	_cleanup_value_ struct value *deps = NULL;
	int r = 0;

	if (!attr_read_as(f->v->fd, "deps", VALUE_MAP, &deps))
		return 0;
	for (size_t i = 0; r == 0 && i < deps->map.n; i++) {
		const struct value *resource = deps->map.pairs[i].value;

		r = add_paths(f, resource);
		for (size_t s = 0; resource->type == VALUE_MAP && r == 0 && s < resource->map.n;
			s++)
			r = add_paths(f, value_get(resource->map.pairs[s].value, "paths"));
	}
	if (r == 0 && f->list->list.n)
		qsort(f->list->list.items, f->list->list.n, sizeof(struct value *),
			compare_operations);
	return r;
}

/* --- scalars -------------------------------------------------------------- */

static struct value *number(double n)
{
	return isnan(n) ? value_null() : value_float(n);
}

static struct value *describe_scalar(const struct run_view *v, const struct scalar *scalar)
{
	const struct series_summary *s = &scalar->series->summary;
	const struct {
		const char *value, *step;
		const struct series_point *point;
	} points[] = {{"firstVal", "firstStep", &s->first}, {"lastVal", "lastStep", &s->last},
		{"minVal", "minStep", &s->min}, {"maxVal", "maxStep", &s->max}};
	struct value *map = value_map();
	int r = map ? value_map_set(map, "run", value_string(v->id)) : -ENOMEM;

	if (r == 0)
		r = value_map_set(map, "prefix", value_string(scalar->prefix));
	if (r == 0)
		r = value_map_set(map, "tag", value_string(scalar->series->tag));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(points); i++) {
		r = value_map_set(map, points[i].value, number(points[i].point->value));
		if (r == 0)
			r = value_map_set(map, points[i].step, value_int(points[i].point->step));
	}
	if (r == 0)
		r = value_map_set(map, "avgVal", number(series_avg(s)));
	if (r == 0)
		r = value_map_set(map, "total", number(s->total));
	if (r == 0)
		r = value_map_set(map, "count", value_int((int64_t)s->count));
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static int fill_scalars(struct filling *f)
{
	_cleanup_scalars_ struct scalars *scalars = NULL;
	_cleanup_strv_ struct strv problems = STRV_INIT;
	const struct scalar *all;
	size_t n;
	int r = scalars_read(SCALARS_SUMMARIES, f->v->fd, &scalars, &problems);

	if (r < 0)
		return r;
	for (size_t i = 0; i < problems.n; i++)
		warning("run %.8s: %s", f->v->id, problems.v[i]);
	all = scalars_list(scalars, &n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = value_list_add(f->list, describe_scalar(f->v, &all[i]));
	return r;
}

/* --- attributes ----------------------------------------------------------- */

/* Told by a name of its own, or, of long ago, one of Guild AI's own. */
static bool is_told_elsewhere(const char *name)
{
	static const char *const names[] = {"comments", "marked", "tags", "resolved_deps", "opdef"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return info_attr_is_core(name);
}

static struct value *other_attrs(const struct run_view *v)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	struct value *map = value_map();
	int r = map ? 0 : -ENOMEM;

	if (r == 0)
		r = file_names(v->fd, RUN_GUILD_DIR "/attrs", &names);
	if (r == -ENOENT)
		r = 0;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		const char *name = names.v[i];
		struct value *attr;

		if (strchr("._", *name) || is_told_elsewhere(name) ||
			attr_read(v->fd, name, &attr, NULL) < 0)
			continue;
		r = value_map_set(map, name, attr);
	}
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static struct value *source_code(const struct run_view *v)
{
	_cleanup_strv_ struct strv paths = STRV_INIT;
	_cleanup_buf_ struct buf dest = BUF_INIT;
	struct value *map = value_map();
	int r = map ? manifest_paths(v->fd, 's', &paths) : -ENOMEM;

	strv_sort(&paths);
	run_source_dest(v->fd, &dest);
	if (dest.len)
		buf_resize(&dest, dest.len - 1);
	if (r == 0)
		r = value_map_set(map, "root", value_string(dest.len ? buf_str(&dest) : "."));
	if (r == 0)
		r = value_map_set(map, "files", value_from_strv(&paths));
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static struct value *time_of(int64_t usec)
{
	return usec ? value_int(usec) : value_null();
}

static int set_texts(struct value *map, const struct run_view *v)
{
	static const char *const fields[][2] = {{"id", "id"}, {"shortId", "short_id"},
		{"operation", "operation"}, {"label", "label"}, {"status", "status"},
		{"command", "command"}};
	_cleanup_buf_ struct buf project = BUF_INIT;
	int r = value_map_set(map, "dir", value_string(buf_str(&v->path)));

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		run_field(v, fields[i][1], &text);
		r = value_map_set(map, fields[i][0], value_string(buf_str(&text)));
	}
	run_project_dir(v->fd, &v->summary, &project);
	if (r == 0)
		r = value_map_set(
			map, "projectDir", api_text(project.len ? buf_str(&project) : NULL));
	return r;
}

static int set_attrs(struct value *map, const struct run_view *v)
{
	static const struct {
		const char *name;
		enum value_type type;
	} attrs[] = {{"tags", VALUE_LIST}, {"comments", VALUE_LIST}, {"flags", VALUE_MAP},
		{"env", VALUE_MAP}};
	const struct run_summary *s = &v->summary;
	int r = value_map_set(map, "opRef", api_opref(&s->opref));

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(attrs); i++)
		r = value_map_set(map, attrs[i].name,
			attr_read_or_empty(v->fd, attrs[i].name, attrs[i].type));
	if (r == 0)
		r = value_map_set(map, "started", time_of(s->started));
	if (r == 0)
		r = value_map_set(map, "stopped", time_of(s->stopped));
	if (r == 0)
		r = value_map_set(map, "marked", value_bool(s->marked));
	if (r == 0)
		r = value_map_set(map, "exitStatus",
			s->has_exit_status ? value_int(s->exit_status) : value_string(""));
	if (r == 0)
		r = value_map_set(map, "otherAttrs", other_attrs(v));
	if (r == 0)
		r = value_map_set(map, "sourcecode", source_code(v));
	return r;
}

struct value *api_describe_run(struct guild *g, const struct run_view *v)
{
	static const struct {
		const char *name;
		int (*fill)(struct filling *f);
	} lists[] = {{"files", fill_files}, {"deps", fill_deps}, {"scalars", fill_scalars}};
	struct value *map = value_map();
	int r = map ? set_texts(map, v) : -ENOMEM;

	if (r == 0)
		r = set_attrs(map, v);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++) {
		struct filling f = {g, v, value_list()};

		r = f.list ? lists[i].fill(&f) : -ENOMEM;
		if (r == 0)
			r = value_map_set(map, lists[i].name, f.list);
		else
			value_free(f.list);
	}
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

/* SPDX-License-Identifier: MIT */
/* Dependencies: finding the files of each source. core/run/deps_put.c puts them into the run. */
#include "run/deps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "run/attr.h"
#include "run/deps_put.h"
#include "run/manifest.h"

/* --- files of a source ---------------------------------------------------- */

/* Relative paths of everything below a directory, .guild left out. */
static int list_tree(int dirfd, const char *dir, struct strv *paths)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = deps_list_dir(dirfd, *dir ? dir : ".", &names);

	if (r < 0)
		return r == -ENOTDIR ? 0 : r;
	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;
		struct stat st;

		if (!*dir && strcmp(names.v[i], RUN_GUILD_DIR) == 0)
			continue;
		if (*dir)
			buf_printf(&path, "%s/", dir);
		buf_puts(&path, names.v[i]);
		r = strv_add(paths, buf_str(&path));
		if (r == 0 && fstatat(dirfd, buf_str(&path), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode))
			r = list_tree(dirfd, buf_str(&path), paths);
	}
	return r;
}

/* What `select` matches, from the path's start to its end. */
static int select_paths(int dirfd, const char *select, struct strv *ret, struct err *err)
{
	_cleanup_strv_ struct strv all = STRV_INIT;
	_cleanup_buf_ struct buf pattern = BUF_INIT;
	regex_t regex;
	int r;

	buf_printf(&pattern, "^(%s)$", select);
	if (regcomp(&regex, buf_str(&pattern), REG_EXTENDED | REG_NOSUB) != 0)
		return err_set(err, -EINVAL, "select '%s' is not a regular expression", select);
	r = list_tree(dirfd, "", &all);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (regexec(&regex, all.v[i], 0, NULL, 0) == 0)
			r = strv_add(ret, all.v[i]);
	regfree(&regex);
	return r;
}

static bool is_or_holds(const char *name, const struct strv *paths)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < paths->n; i++)
		if (strncmp(paths->v[i], name, len) == 0 &&
			(paths->v[i][len] == '\0' || paths->v[i][len] == '/'))
			return true;
	return false;
}

/* Top-level names that the run itself made: neither source code nor what it depended on. */
static int generated_names(int run_fd, struct strv *ret)
{
	_cleanup_strv_ struct strv names = STRV_INIT, known = STRV_INIT;
	int r = deps_list_dir(run_fd, ".", &names);

	if (r == 0)
		r = manifest_paths(run_fd, 's', &known);
	if (r == 0)
		r = manifest_paths(run_fd, 'd', &known);
	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (strncmp(names.v[i], ".guild", 6) != 0 && !is_or_holds(names.v[i], &known))
			r = strv_add(ret, names.v[i]);
	return r;
}

/* --- resolving ------------------------------------------------------------ */

struct resolver {
	const struct home *home;
	int run_fd;
	const struct value *flags;
	const char *location; /* of the project */
	struct buf manifest;
	struct value *attr;
};

static const char *flag_value(const struct resolver *rs, const struct dep *dep)
{
	return dep->flag_name ? value_str(value_get(rs->flags, dep->flag_name)) : NULL;
}

/* The directory that a source's files are in, and their paths in it. */
static int find_operation_files(const struct resolver *rs, const struct dep *dep,
	struct buf *ret_dir, struct strv *ret_paths, struct err *err)
{
	const char *id = flag_value(rs, dep);
	_cleanup_close_ int from = id ? home_open_run(rs->home, id) : -ENOENT;
	int r;

	if (from < 0)
		return err_set(err, -ENOENT, "no suitable run for %s", dep->spec);
	buf_printf(ret_dir, "%s/runs/%s", rs->home->path, id);
	r = dep->select ? select_paths(from, dep->select, ret_paths, err)
			: generated_names(from, ret_paths);
	if (r == 0 && !ret_paths->n && dep->select)
		r = err_set(err, -ENOENT, "nothing in run %s matches select '%s'", id, dep->select);
	return r;
}

static int find_project_files(const struct resolver *rs, const struct dep *dep, struct buf *ret_dir,
	struct strv *ret_paths, struct err *err)
{
	const char *path = flag_value(rs, dep) ? flag_value(rs, dep) : dep->spec;
	_cleanup_buf_ struct buf full = BUF_INIT;
	_cleanup_close_ int fd = -1;
	const char *slash;
	struct stat st;
	int r;

	if (*path != '/')
		buf_printf(&full, "%s/", rs->location);
	buf_puts(&full, path);
	while (full.len > 1 && full.data[full.len - 1] == '/')
		buf_resize(&full, full.len - 1);
	if (stat(buf_str(&full), &st) < 0)
		return err_set(err, -ENOENT, "cannot find source file '%s'", path);
	if (!dep->select || !S_ISDIR(st.st_mode)) {
		slash = strrchr(buf_str(&full), '/');
		buf_add(ret_dir, full.data, (size_t)(slash - full.data));
		return strv_add(ret_paths, slash + 1);
	}
	fd = open(buf_str(&full), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	buf_puts(ret_dir, buf_str(&full));
	r = fd < 0 ? -errno : select_paths(fd, dep->select, ret_paths, err);
	if (r == 0 && !ret_paths->n)
		r = err_set(err, -ENOENT, "nothing resolved for %s", dep->name);
	return r;
}

/* {uri, paths, config} under the source's name. */
static int record(
	struct resolver *rs, const char *resource, const struct dep *dep, struct value *paths)
{
	_cleanup_buf_ struct buf uri = BUF_INIT;
	struct value *sources = value_get(rs->attr, resource);
	struct value *entry = value_map();
	const char *config = flag_value(rs, dep);
	int r;

	buf_printf(&uri, "%s:%s", dep->type_name, dep->spec);
	if (!sources) {
		r = value_map_set(rs->attr, resource, value_map());
		sources = value_get(rs->attr, resource);
		if (r < 0)
			sources = NULL;
	}
	if (!entry || !sources) {
		value_free(entry);
		value_free(paths);
		return -ENOMEM;
	}
	r = value_map_set(entry, "uri", value_string(buf_str(&uri)));
	if (r == 0)
		r = value_map_set(entry, "paths", paths);
	else
		value_free(paths);
	if (r == 0 && config)
		r = value_map_set(entry, "config", value_string(config));
	if (r < 0) {
		value_free(entry);
		return r;
	}
	return value_map_set(sources, dep->name, entry);
}

static int resolve_dep(
	struct resolver *rs, const char *resource, const struct dep *dep, struct err *err)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	_cleanup_strv_ struct strv paths = STRV_INIT;
	struct value *resolved = value_list();
	int r = resolved ? 0 : -ENOMEM;

	if (r == 0)
		r = dep->type == DEP_OPERATION ? find_operation_files(rs, dep, &dir, &paths, err)
					       : find_project_files(rs, dep, &dir, &paths, err);
	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		struct deps_item item = {
			.home = rs->home,
			.run_fd = rs->run_fd,
			.dep = dep,
			.dir = buf_str(&dir),
			.path = paths.v[i],
			.location = rs->location,
		};

		r = deps_put(&item, &rs->manifest, resolved, err);
	}
	if (r < 0) {
		value_free(resolved);
		return r;
	}
	return record(rs, resource, dep, resolved);
}

static int fail_source(const char *resource, const struct dep *dep, int code, const struct err *why,
	struct err *err)
{
	return err_set(err, code,
		"run failed because a dependency was not met: could not resolve '%s' in %s "
		"resource: %s",
		dep->name, resource, why->code ? err_text(why) : strerror(-code));
}

/* One resource of the `op` attribute; its sources are parsed by the Guild file's own parser. */
static int resolve_resource(struct resolver *rs, const struct value *item, struct err *err)
{
	const char *name = value_str(value_get(item, "name"));
	const char *location = value_str(value_get(item, "location"));
	const struct value *sources = value_get(item, "sources");
	struct operation op = {0};
	int r = sources ? deps_parse(sources, &op, err) : 0;

	if (location)
		rs->location = location;
	for (size_t i = 0; r == 0 && i < op.n_deps; i++) {
		struct err why = ERR_INIT;

		r = resolve_dep(rs, name ? name : op.deps[i].name, &op.deps[i], &why);
		if (r == -ENOMEM)
			break;
		if (r < 0 && op.deps[i].optional)
			r = 0;
		else if (r < 0)
			fail_source(name ? name : op.deps[i].name, &op.deps[i], r, &why, err);
	}
	for (size_t i = 0; i < op.n_deps; i++)
		dep_release(&op.deps[i]);
	free(op.deps);
	return r;
}

int deps_resolve(const struct home *home, int run_fd, const struct value *op_attr,
	const struct value *flags, const char *project_dir, struct err *err)
{
	const struct value *deps = value_get(op_attr, "deps");
	struct resolver rs = {
		.home = home,
		.run_fd = run_fd,
		.flags = flags,
		.location = project_dir,
		.attr = value_map(),
	};
	int r = rs.attr ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && deps && deps->type == VALUE_LIST && i < deps->list.n; i++)
		r = resolve_resource(&rs, deps->list.items[i], err);
	/* What was put there is in the manifest, also when a later source failed. */
	if (rs.manifest.len && manifest_append(run_fd, &rs.manifest) < 0 && r == 0)
		r = err_set(err, -EIO, "cannot write the run's manifest");
	if (r == 0)
		r = attr_write(run_fd, "deps", rs.attr, FILE_NOSYNC);
	buf_release(&rs.manifest);
	value_free(rs.attr);
	return r;
}

void deps_print(struct buf *b, const struct operation *op)
{
	for (size_t i = 0; i < op->n_deps; i++) {
		const struct dep *dep = &op->deps[i];

		buf_printf(b, "%s:%s", dep->type_name, dep->spec);
		if (dep->select)
			buf_printf(b, "  select: %s", dep->select);
		if (dep->rename)
			buf_printf(b, "  rename: %s", dep->rename);
		if (dep->target_path)
			buf_printf(b, "  into: %s", dep->target_path);
		if (dep->flag_name)
			buf_printf(b, "  flag: %s", dep->flag_name);
		buf_puts(b, dep->optional ? "  optional\n" : "\n");
	}
}

/* SPDX-License-Identifier: MIT */
/* Links and copies of dependencies. */
#include "run/deps_put.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/name.h"
#include "base/regex.h"
#include "project/refs.h"
#include "run/attr.h"
#include "run/manifest.h"

/* --- names ---------------------------------------------------------------- */

static int fail_rename(struct err *err, int r, const char *name, const struct rename_spec *spec,
	const struct err *why)
{
	bool undefined = strncmp(why->text, "undefined reference", 19) == 0;
	const char *where = strstr(spec->pattern, "${") ? spec->pattern : spec->repl;

	if (!undefined)
		return err_set(err, r, "error renaming source %s ('%s' -> '%s'): %s", name,
			spec->pattern, spec->repl, err_text(why));
	return err_set(err, r,
		"error renaming source %s ('%s' -> '%s'): resolution error: cannot resolve '%s': "
		"%s",
		name, spec->pattern, spec->repl, where, err_text(why));
}

/* The first spec that changes the name decides. */
static int renamed(const struct deps_source *src, const char *name, struct buf *b, struct err *err)
{
	const struct value *flags = src->spec->flags;

	for (size_t i = 0; i < src->source->n_renames; i++) {
		const struct rename_spec *spec = &src->source->renames[i];
		_cleanup_buf_ struct buf pattern = BUF_INIT, repl = BUF_INIT, result = BUF_INIT;
		_cleanup_regex_ struct regex *regex = NULL;
		struct err why = ERR_INIT;
		int r = refs_resolve_yaml(spec->pattern, flags, &pattern, &why);

		if (r == 0)
			r = refs_resolve_yaml(spec->repl, flags, &repl, &why);
		if (r == 0)
			r = regex_compile(buf_str(&pattern), &regex, &why);
		if (r < 0)
			return fail_rename(err, r, name, spec, &why);
		regex_sub(regex, name, buf_str(&repl), &result);
		if (strcmp(buf_str(&result), name) != 0) {
			buf_puts(b, buf_str(&result));
			return buf_error(b);
		}
	}
	buf_puts(b, name);
	return buf_error(b);
}

static bool is_dot(const char *path)
{
	return strcmp(path, ".") == 0 || strcmp(path, "./") == 0;
}

/* Below the run directory: the source's own path (preserve-path), else target-path. */
static int target_dir(const struct deps_source *src, const struct deps_found *found,
	const char *path, struct buf *b, struct err *err)
{
	const char *target =
		src->source->target_path ? src->source->target_path : src->resource->target_path;
	const char *slash = strrchr(path, '/');

	if (src->source->preserve_path) {
		const char *origin = found->origin ? found->origin : buf_str(&found->root);
		_cleanup_buf_ struct buf way = BUF_INIT;

		if (target)
			deps_say(src->spec, DEPS_WARNING,
				"target-path '%s' specified with preserve-path - ignoring", target);
		name_relative_path(&way, origin, buf_str(&found->root));
		if (!is_dot(buf_str(&way)) && name_is_safe_path(buf_str(&way)))
			buf_printf(b, "%s/", buf_str(&way));
		if (slash)
			buf_add(b, path, (size_t)(slash - path) + 1);
		return buf_error(b);
	}
	if (!target || !*target || is_dot(target))
		return 0;
	if (*target == '/')
		return err_set(err, -EINVAL,
			"invalid path '%s' in %s resource (path must be relative)", target,
			src->resource->resolving_name);
	buf_printf(b, "%s/", target);
	return buf_error(b);
}

static int target_path(const struct deps_source *src, const struct deps_found *found, size_t i,
	struct buf *b, struct err *err)
{
	const char *path = found->paths.v[i];
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	int r = target_dir(src, found, path, b, err);

	if (r == 0)
		r = renamed(src, name, b, err);
	/* a//b and a/ are written by people. */
	for (char *c = r == 0 && b->len ? b->data : NULL; c && (c = strstr(c, "//"));)
		memmove(c, c + 1, strlen(c));
	if (r == 0 && b->len)
		buf_resize(b, strlen(b->data));
	if (r == 0 && (!name_is_safe_path(buf_str(b)) || strncmp(buf_str(b), RUN_GUILD_DIR "/",
								 strlen(RUN_GUILD_DIR) + 1) == 0))
		r = err_set(err, -EINVAL, "'%s' is not a path below the run directory", buf_str(b));
	return r;
}

/* --- putting -------------------------------------------------------------- */

static enum target_type target_type(const struct deps_source *src)
{
	return src->source->target_type ? src->source->target_type : src->resource->target_type;
}

static bool wants_link(const struct deps_source *src)
{
	enum target_type type = target_type(src);

	return type == TARGET_DEFAULT ? src->source->type == SOURCE_OPERATION : type == TARGET_LINK;
}

static int link_to(const struct deps_source *src, const char *full, const char *target)
{
	_cleanup_buf_ struct buf from = BUF_INIT, way = BUF_INIT;
	const char *slash = strrchr(target, '/');

	buf_puts(&from, src->spec->run_dir);
	if (slash)
		buf_printf(&from, "/%.*s", (int)(slash - target), target);
	name_relative_path(&way, buf_str(&from), full);
	return symlinkat(buf_str(&way), src->spec->run_fd, target) < 0 ? -errno : 0;
}

static int copy_in(const struct deps_source *src, const char *full, const char *target)
{
	/* A link in the project stands for what it leads to. */
	_cleanup_free_ char *real = realpath(full, NULL);

	return real ? file_copy_tree(AT_FDCWD, real, src->spec->run_fd, target) : -errno;
}

static int add_manifest_line(
	const struct deps_source *src, const char *full, const char *target, struct buf *manifest)
{
	const char *project = src->resource->dir ? src->resource->dir : src->spec->project_dir;
	size_t len = strlen(project);
	char sha1[DIGEST_SHA1_LEN + 1];
	_cleanup_buf_ struct buf uri = BUF_INIT, cache = BUF_INIT;
	bool is_file = digest_file(DIGEST_SHA1, src->spec->run_fd, target, NULL, sha1) == 0;
	const char *subpath = NULL;

	buf_printf(&cache, "%s/cache/resources/", src->spec->home->path);
	if (strncmp(full, project, len) == 0 && full[len] == '/') {
		buf_printf(&uri, "file:%s", full + len + 1);
	} else {
		buf_puts(&uri, src->source->uri);
		/* Where it was in an archive or a download; of runs nothing is said. */
		if (src->source->type != SOURCE_OPERATION &&
			strncmp(full, buf_str(&cache), cache.len) == 0)
			subpath = strchr(full + cache.len, '/') + 1;
	}
	manifest_add(manifest, 'd', target, is_file ? sha1 : NULL, buf_str(&uri), subpath);
	return buf_error(manifest);
}

/* What is in the way goes, or the file is left out. True: go on. */
static bool make_room(const struct deps_source *src, const char *target)
{
	if (!file_exists(src->spec->run_fd, target))
		return true;
	if (src->source->replace_existing == YES) {
		file_remove_tree(src->spec->run_fd, target);
		return true;
	}
	deps_say(src->spec, DEPS_WARNING, "%s/%s already exists, skipping %s", src->spec->run_dir,
		target, wants_link(src) ? "link" : "copy");
	return false;
}

static int put(const struct deps_source *src, const char *full, const char *target,
	struct buf *manifest, struct err *err)
{
	int r;

	if (target_type(src) == TARGET_UNKNOWN)
		return err_set(err, -EINVAL, "unsupported target-type (expected 'link' or 'copy')");
	r = file_mkdirs_above(src->spec->run_fd, target, 0777);
	if (r < 0)
		return err_set(err, r, "cannot make a directory for %s: %s", target, strerror(-r));
	if (!make_room(src, target))
		return 0;
	r = wants_link(src) ? link_to(src, full, target) : copy_in(src, full, target);
	if (r < 0)
		return err_set(err, r, "cannot %s %s: %s", wants_link(src) ? "link" : "copy", full,
			strerror(-r));
	return add_manifest_line(src, full, target, manifest);
}

int deps_put(const struct deps_source *src, const struct deps_found *found, size_t i,
	struct buf *manifest, struct value *resolved, struct err *err)
{
	_cleanup_buf_ struct buf target = BUF_INIT, full = BUF_INIT, way = BUF_INIT;
	int r = target_path(src, found, i, &target, err);

	if (r < 0)
		return r;
	buf_printf(&full, "%s/%s",
		strcmp(buf_str(&found->root), "/") == 0 ? "" : buf_str(&found->root),
		found->paths.v[i]);
	r = put(src, buf_str(&full), buf_str(&target), manifest, err);
	name_relative_path(&way, src->spec->run_dir, buf_str(&full));
	return r < 0 ? r : value_list_add(resolved, value_string(buf_str(&way)));
}

/* SPDX-License-Identifier: MIT */
/* Where files are looked for, and the types of sources that need no more than that. */
#include "run/deps_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/name.h"
#include "base/output_of.h"
#include "fetch/archive.h"
#include "base/digest.h"
#include "fetch/url.h"
#include "project/flag_values.h"
#include "project/refs.h"
#include "run/deps_select.h"

void deps_found_release(struct deps_found *found)
{
	buf_release(&found->root);
	strv_release(&found->paths);
}

void deps_say(const struct deps_spec *spec, enum deps_level level, const char *format, ...)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&line, format, ap);
	va_end(ap);
	if (spec->say)
		spec->say(spec->arg, level, buf_str(&line));
}

/* --- places ---------------------------------------------------------------- */

const char *deps_location(const struct deps_source *src)
{
	return src->resource->dir ? src->resource->dir : src->spec->project_dir;
}

int deps_resolve_text(
	const struct deps_source *src, const char *text, struct buf *b, struct err *err)
{
	struct err why = ERR_INIT;
	int r = refs_resolve_yaml(text, src->spec->flags, b, &why);

	return r < 0 ? err_set(err, r, "cannot resolve '%s' in %s: %s", text,
			       src->source->resolving_name, err_text(&why))
		     : 0;
}

int deps_found_one(struct deps_found *ret, const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	size_t len = copy ? strlen(copy) : 0;
	const char *slash;

	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = copy ? strrchr(copy, '/') : NULL;
	if (!slash)
		return -ENOMEM;
	buf_clear(&ret->root);
	buf_add(&ret->root, copy, slash == copy ? 1 : (size_t)(slash - copy));
	return strv_add(&ret->paths, slash + 1);
}

int deps_find_local(
	const struct deps_source *src, const char *path, struct buf *ret, const char **ret_origin)
{
	const struct value *parents = src->parents;
	size_t n = 1 + (parents && parents->type == VALUE_LIST ? parents->list.n : 0);

	for (size_t i = 0; i < n; i++) {
		const char *dir = i ? value_str(parents->list.items[i - 1]) : deps_location(src);

		buf_clear(ret);
		if (*path != '/')
			buf_printf(ret, "%s/", dir ? dir : "");
		buf_puts(ret, path);
		if (faccessat(AT_FDCWD, buf_str(ret), F_OK, AT_EACCESS) == 0) {
			*ret_origin = dir;
			return 0;
		}
	}
	return -ENOENT;
}

/* The path as a user of the project would write it. */
static const char *below_project(const struct deps_source *src, const char *path)
{
	size_t len = strlen(src->spec->project_dir);

	return len && strncmp(path, src->spec->project_dir, len) == 0 && path[len] == '/'
		       ? path + len + 1
		       : path;
}

int deps_find_given(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	const char *given = src->config->source && src->config->type != VALUE_STRING
				    ? src->config->source
				    : value_str(src->config);
	const char *places[] = {src->spec->cmd_dir, src->spec->project_dir};
	_cleanup_buf_ struct buf text = BUF_INIT, path = BUF_INIT;
	struct stat st;

	if (given)
		buf_puts(&text, given);
	else
		flag_encode(&text, src->config);
	given = buf_str(&text);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!places[i])
			continue;
		buf_clear(&path);
		if (*given != '/')
			buf_printf(&path, "%s/", places[i]);
		buf_puts(&path, given);
		if (stat(buf_str(&path), &st) == 0) {
			deps_say(src->spec, DEPS_INFO, "Using %s for %s", below_project(src, given),
				src->source->resolving_name);
			ret->origin = src->spec->project_dir;
			return deps_found_one(ret, buf_str(&path));
		}
	}
	return err_set(err, -ENOENT, "%s does not exist", buf_str(&path));
}

/* --- file -------------------------------------------------------------------- */

static int find_in_directory(
	const struct deps_source *src, const char *path, struct deps_found *ret, struct err *err)
{
	_cleanup_strv_ struct strv all = STRV_INIT;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : deps_list_tree(fd, true, &all);

	buf_puts(&ret->root, path);
	return r < 0 ? r : deps_select(src->source, &all, &ret->paths, err);
}

static int find_project_file(
	const struct deps_source *src, const char *path, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf full = BUF_INIT, key = BUF_INIT, cache = BUF_INIT;
	_cleanup_free_ char *real = NULL;
	char hex[DIGEST_SHA224_LEN + 1];
	_cleanup_close_ int cache_fd = -1;
	struct stat st;
	int r;

	if (deps_find_local(src, path, &full, &ret->origin) < 0)
		return err_set(err, -ENOENT, "cannot find source file '%s'", path);
	if (stat(buf_str(&full), &st) == 0 && S_ISDIR(st.st_mode))
		return src->source->n_selects ? find_in_directory(src, buf_str(&full), ret, err)
					      : deps_found_one(ret, buf_str(&full));
	r = deps_check_sha256(src->source, buf_str(&full), err);
	if (r < 0 || !src->source->unpack || !archive_is(buf_str(&full), src->source->archive_type))
		return r < 0 ? r : deps_found_one(ret, buf_str(&full));
	/* Not unpacked within the project. */
	real = realpath(buf_str(&full), NULL);
	buf_printf(&key, "file\n%s", real ? real : buf_str(&full));
	r = digest_text(DIGEST_SHA224, key.data, key.len, hex);
	if (r < 0)
		return r;
	cache_fd = home_open_resources(src->spec->home, hex, &cache);
	return cache_fd < 0 ? cache_fd
			    : deps_find_in_file(src, buf_str(&full), cache_fd, buf_str(&cache), ret,
				      err);
}

static int find_file(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	if (value_truthy(src->config))
		return deps_find_given(src, ret, err);
	r = deps_resolve_text(src, src->source->spec, &path, err);
	if (r == 0)
		r = find_project_file(src, buf_str(&path), ret, err);
	return r < 0 ? r : deps_post_process(src, buf_str(&ret->root), err);
}

/* --- url ---------------------------------------------------------------------- */

static int find_url(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf url = BUF_INIT, key = BUF_INIT, cache = BUF_INIT, name = BUF_INIT,
				 path = BUF_INIT;
	_cleanup_close_ int cache_fd = -1;
	bool cached;
	int r;

	if (value_truthy(src->config))
		return deps_find_given(src, ret, err);
	r = deps_resolve_text(src, src->source->spec, &url, err);
	if (r < 0)
		return r;
	url_cache_key(src->source->spec, &key);
	cache_fd = home_open_resources(src->spec->home, buf_str(&key), &cache);
	if (cache_fd < 0)
		return err_set(
			err, cache_fd, "cannot open %s: %s", buf_str(&cache), strerror(-cache_fd));
	cached = url_is_cached(cache_fd, buf_str(&url));
	if (!cached)
		deps_say(src->spec, DEPS_INFO, "Downloading %s", buf_str(&url));
	r = url_fetch(cache_fd, buf_str(&url), NULL, &name, err);
	if (r < 0)
		return r;
	buf_printf(&path, "%s/%s", buf_str(&cache), buf_str(&name));
	if (cached)
		deps_say(src->spec, DEPS_INFO, "Using cached file %s", buf_str(&path));
	r = deps_check_sha256(src->source, buf_str(&path), err);
	if (r == -EBADMSG)
		unlink(buf_str(&path)); /* the next run shall not find it */
	if (r == 0)
		r = deps_find_in_file(src, buf_str(&path), cache_fd, buf_str(&cache), ret, err);
	return r < 0 ? r : deps_post_process(src, buf_str(&cache), err);
}

/* --- module ------------------------------------------------------------------- */

/* Importable by the Python that the run will have. */
static int find_module(const struct deps_source *src, struct err *err)
{
	const char *const argv[] = {
		src->spec->python, "-um", "guild.check_module", src->source->spec, NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r;

	if (!src->spec->python || !src->spec->env)
		return err_set(err, -ENOENT, "there is no Python to import it with");
	r = output_of_env(argv, src->spec->run_dir, src->spec->env->v, STDERR_READ, &out);
	while (out.len && strchr("\r\n", out.data[out.len - 1]))
		buf_resize(&out, out.len - 1);
	if (r < 0)
		return err_set(err, r, "cannot run %s: %s", src->spec->python, strerror(-r));
	return r ? err_set(err, -ENOENT, "%s", out.len ? buf_str(&out) : "it cannot be imported")
		 : 0;
}

/* --- DvC ---------------------------------------------------------------------- */

/* What DvC keeps elsewhere is a file of the project once it was pulled. */
static int find_dvcfile(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf full = BUF_INIT;
	const char *path = src->source->spec;

	if (deps_find_local(src, path, &full, &ret->origin) < 0)
		return err_set(err, -ENOENT,
			"cannot find DvC file '%s': get it by 'dvc pull %s' first", path, path);
	return find_project_file(src, path, ret, err);
}

/* --- all ---------------------------------------------------------------------- */

static int find(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	switch (src->source->type) {
	case SOURCE_FILE:
		return find_file(src, ret, err);
	case SOURCE_URL:
		return find_url(src, ret, err);
	case SOURCE_OPERATION:
		return deps_find_operation(src, ret, err);
	case SOURCE_CONFIG:
		return deps_find_config(src, ret, err);
	case SOURCE_MODULE:
		return find_module(src, err);
	case SOURCE_DVCFILE:
		return find_dvcfile(src, ret, err);
	case SOURCE_DVCSTAGE:
		break;
	}
	return err_set(err, -ENOTSUP, "runs of DvC stages are not supported");
}

int deps_find(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	const struct source *s = src->source;
	int r = find(src, ret, err);

	if (r < 0 || ret->paths.n || s->type == SOURCE_MODULE)
		return r;
	if (s->fail_if_empty)
		return err_set(err, -ENOENT, "nothing resolved for %s", s->resolving_name);
	if (s->warn_if_empty)
		deps_say(src->spec, DEPS_WARNING, "nothing resolved for %s", s->resolving_name);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Finding the files of each type of source. */
#include "run/deps_find.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/name.h"
#include "base/output_of.h"
#include "base/shell.h"
#include "fetch/archive.h"
#include "fetch/sha.h"
#include "fetch/url.h"
#include "project/config_file.h"
#include "project/flag_values.h"
#include "project/refs.h"
#include "run/attr.h"
#include "run/deps_select.h"
#include "run/manifest.h"

#define RESOURCES "cache/resources"

enum { MEMBERS_MAX = 64 * 1024 * 1024 };

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

static const char *location(const struct deps_source *src)
{
	return src->resource->dir ? src->resource->dir : src->spec->project_dir;
}

/* A source's text with its ${flag} references replaced. */
static int resolved_text(
	const struct deps_source *src, const char *text, struct buf *b, struct err *err)
{
	struct err why = ERR_INIT;
	int r = refs_resolve_yaml(text, src->spec->flags, b, &why);

	return r < 0 ? err_set(err, r, "cannot resolve '%s' in %s: %s", text,
			       src->source->resolving_name, err_text(&why))
		     : 0;
}

/* The whole path as its directory and its name. */
static int found_one(struct deps_found *ret, const char *path)
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

/* The first of the places that has such a file. */
static int find_local(
	const struct deps_source *src, const char *path, struct buf *ret, const char **ret_origin)
{
	const struct value *parents = src->parents;
	size_t n = 1 + (parents && parents->type == VALUE_LIST ? parents->list.n : 0);

	for (size_t i = 0; i < n; i++) {
		const char *dir = i ? value_str(parents->list.items[i - 1]) : location(src);

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

/* What a flag has in a file's place: a path that counts from where the user is. */
static int find_given(const struct deps_source *src, struct deps_found *ret, struct err *err)
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
			return found_one(ret, buf_str(&path));
		}
	}
	return err_set(err, -ENOENT, "%s does not exist", buf_str(&path));
}

/* --- archives --------------------------------------------------------------- */

/* Opens (and makes) the directory cache/resources/KEY. */
static int open_cache(const struct deps_spec *spec, const char *key, struct buf *ret_path)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r, fd;

	buf_printf(&path, RESOURCES "/%s", key);
	buf_printf(ret_path, "%s/%s", spec->home->path, buf_str(&path));
	r = file_mkdirs(spec->home->fd, buf_str(&path), 0777);
	if (r < 0)
		return r;
	fd = openat(spec->home->fd, buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The list of members that an earlier unpacking left, while it is newer than the archive. */
static bool read_members(
	int cache_fd, const char *list, const struct stat *archive, struct strv *members)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat st;

	if (fstatat(cache_fd, list, &st, 0) < 0 || st.st_mtim.tv_sec < archive->st_mtim.tv_sec ||
		file_read(cache_fd, list, MEMBERS_MAX, &text) < 0)
		return false;
	for (const char *line = buf_str(&text); *line;) {
		size_t len = strcspn(line, "\n");

		if (len && strv_add_len(members, line, len) < 0)
			return false;
		line += len + (line[len] == '\n');
	}
	return members->n > 0;
}

/* Archives name files; the directories that they are in are members, too. */
static int add_directories(struct strv *members)
{
	size_t n = members->n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		for (const char *slash = strchr(members->v[i], '/'); slash && r == 0;
			slash = strchr(slash + 1, '/'))
			r = strv_add_len(members, members->v[i], (size_t)(slash - members->v[i]));
	strv_sort(members);
	strv_unique(members);
	return r;
}

static int unpack(const struct deps_source *src, const char *path, int cache_fd,
	struct strv *members, struct err *err)
{
	const char *name = strrchr(path, '/') + 1;
	_cleanup_buf_ struct buf list = BUF_INIT, text = BUF_INIT;
	struct stat st;
	int r;

	buf_printf(&list, ".guild-cache-%s.unpacked", name);
	if (stat(path, &st) < 0)
		return -errno;
	if (read_members(cache_fd, buf_str(&list), &st, members))
		return 0;
	deps_say(src->spec, DEPS_INFO, "Unpacking %s", path);
	strv_release(members);
	*members = STRV_INIT;
	r = archive_unpack(AT_FDCWD, path, src->source->archive_type, cache_fd, NULL, members, err);
	if (r == 0)
		r = add_directories(members);
	for (size_t i = 0; i < members->n; i++)
		buf_printf(&text, "%s\n", members->v[i]);
	if (r == 0)
		r = file_write(cache_fd, buf_str(&list), text.data, text.len, 0666, FILE_NOSYNC);
	return r;
}

/* A file, or what is in it; `cache` is where it is unpacked. */
static int find_in_file(const struct deps_source *src, const char *path, int cache_fd,
	const char *cache, struct deps_found *ret, struct err *err)
{
	_cleanup_strv_ struct strv members = STRV_INIT;
	int r;

	if (!src->source->unpack || !archive_is(strrchr(path, '/') + 1, src->source->archive_type))
		return found_one(ret, path);
	r = unpack(src, path, cache_fd, &members, err);
	if (r < 0)
		return r;
	buf_clear(&ret->root);
	buf_puts(&ret->root, cache);
	return src->source->n_selects ? deps_select(src->source, &members, &ret->paths, err)
				      : deps_top_level(&members, &ret->paths);
}

/* --- after it is there ------------------------------------------------------- */

static int check_sha256(const struct source *s, const char *path, struct err *err)
{
	char actual[SHA256_HEX_LEN + 1];
	struct stat st;
	int r;

	if (!s->sha256 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	r = sha256_file(AT_FDCWD, path, actual);
	if (r < 0)
		return err_set(err, r, "cannot read '%s': %s", path, strerror(-r));
	if (strcasecmp(actual, s->sha256) == 0)
		return 0;
	if (s->type == SOURCE_URL)
		return err_set(err, -EBADMSG, "bad sha256 for '%s' (expected %s but got %s)", path,
			s->sha256, actual);
	return err_set(err, -EBADMSG, "'%s' has an unexpected sha256 (expected %s but got %s)",
		path, s->sha256, actual);
}

/* $(project-src PATH) in a post-process command is a file of the project. */
static int expand_script(
	const struct deps_source *src, const char *script, struct buf *b, struct err *err)
{
	static const char begin[] = "$(project-src ";

	while (*script) {
		const char *end =
			strncmp(script, begin, strlen(begin)) == 0 ? strchr(script, ')') : NULL;
		_cleanup_free_ char *name = NULL;
		_cleanup_buf_ struct buf path = BUF_INIT;
		const char *origin;

		if (!end) {
			buf_putc(b, *script == '\n' ? ' ' : *script);
			script++;
			continue;
		}
		name = strndup(script + strlen(begin), (size_t)(end - script) - strlen(begin));
		if (!name || find_local(src, name, &path, &origin) < 0)
			return err_set(err, -ENOENT,
				"project-src failed: could not find '%s' in path '%s'",
				name ? name : "", location(src));
		buf_puts(b, buf_str(&path));
		script = end + 1;
	}
	return buf_error(b);
}

/* Once for each command and directory: a marker there says that it was done. */
static int post_process(const struct deps_source *src, const char *dir, struct err *err)
{
	_cleanup_buf_ struct buf command = BUF_INIT, marker = BUF_INIT, out = BUF_INIT,
				 shown = BUF_INIT;
	_cleanup_value_ struct value *text = NULL;
	char sha1[DIGEST_SHA1_LEN + 1];
	struct digest *digest;
	int r;

	if (!src->source->post_process)
		return 0;
	r = expand_script(src, src->source->post_process, &command, err);
	digest = r < 0 ? NULL : digest_new_sha1();
	if (!digest)
		return r < 0 ? r : -ENOMEM;
	digest_add(digest, command.data, command.len);
	digest_finish(digest, sha1);
	buf_printf(&marker, "%s/.guild-cache-%s.post", dir, sha1);
	if (file_exists(AT_FDCWD, buf_str(&marker)))
		return 0;
	text = value_string(buf_str(&command));
	if (text)
		value_repr(&shown, text);
	deps_say(src->spec, DEPS_INFO, "Post processing %s resource in %s: %s",
		src->resource->resolving_name, dir, buf_str(&shown));
	/* The Guild file asks for a shell here. */
	const char *const argv[] = {"/bin/sh", "-c", buf_str(&command), NULL};
	r = output_of_env(argv, dir, src->spec->env->v, true, &out);
	if (r != 0)
		return err_set(err, r < 0 ? r : -EIO,
			"error post processing %s resource: the command ended with status %d: %s",
			src->resource->resolving_name, r, buf_str(&out));
	return file_write(AT_FDCWD, buf_str(&marker), "", 0, 0666, FILE_NOSYNC);
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
	char hex[SHA224_HEX_LEN + 1];
	_cleanup_close_ int cache_fd = -1;
	struct stat st;
	int r;

	if (find_local(src, path, &full, &ret->origin) < 0)
		return err_set(err, -ENOENT, "cannot find source file '%s'", path);
	if (stat(buf_str(&full), &st) == 0 && S_ISDIR(st.st_mode))
		return src->source->n_selects ? find_in_directory(src, buf_str(&full), ret, err)
					      : found_one(ret, buf_str(&full));
	r = check_sha256(src->source, buf_str(&full), err);
	if (r < 0 || !src->source->unpack || !archive_is(buf_str(&full), src->source->archive_type))
		return r < 0 ? r : found_one(ret, buf_str(&full));
	/* Not unpacked within the project. */
	real = realpath(buf_str(&full), NULL);
	buf_printf(&key, "file\n%s", real ? real : buf_str(&full));
	sha224_text(key.data, key.len, hex);
	cache_fd = open_cache(src->spec, hex, &cache);
	if (cache_fd < 0)
		return cache_fd;
	r = find_in_file(src, buf_str(&full), cache_fd, buf_str(&cache), ret, err);
	return r;
}

static int find_file(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	if (value_truthy(src->config))
		return find_given(src, ret, err);
	r = resolved_text(src, src->source->spec, &path, err);
	if (r == 0)
		r = find_project_file(src, buf_str(&path), ret, err);
	return r < 0 ? r : post_process(src, buf_str(&ret->root), err);
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
		return find_given(src, ret, err);
	r = resolved_text(src, src->source->spec, &url, err);
	if (r < 0)
		return r;
	url_cache_key(src->source->spec, &key);
	cache_fd = open_cache(src->spec, buf_str(&key), &cache);
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
	r = check_sha256(src->source, buf_str(&path), err);
	if (r == -EBADMSG)
		unlink(buf_str(&path)); /* the next run shall not find it */
	if (r == 0)
		r = find_in_file(src, buf_str(&path), cache_fd, buf_str(&cache), ret, err);
	return r < 0 ? r : post_process(src, buf_str(&cache), err);
}

/* --- operation ---------------------------------------------------------------- */

static bool is_or_holds(const char *name, const struct strv *paths)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < paths->n; i++)
		if (strncmp(paths->v[i], name, len) == 0 &&
			(paths->v[i][len] == '\0' || paths->v[i][len] == '/'))
			return true;
	return false;
}

static bool is_below(const char *path, const struct strv *dirs)
{
	for (size_t i = 0; i < dirs->n; i++) {
		size_t len = strlen(dirs->v[i]);

		if (strncmp(path, dirs->v[i], len) == 0 && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

/*
 * Top-level names of what the run itself made: neither source code nor what it depended on, unless
 * $GUILD_LEGACY_OPDEP_SELECT asks for that, too.
 */
static int generated_names(const struct deps_spec *spec, int run_fd, struct strv *ret)
{
	const char *legacy =
		spec->env ? strv_env_get(spec->env, "GUILD_LEGACY_OPDEP_SELECT") : NULL;
	_cleanup_strv_ struct strv all = STRV_INIT, known = STRV_INIT, kept = STRV_INIT;
	bool all_files = legacy && strcmp(legacy, "2") == 0;
	bool deps_too = all_files || (legacy && strcmp(legacy, "1") == 0);
	int r = deps_list_tree(run_fd, false, &all);

	if (r == 0 && !all_files)
		r = manifest_paths(run_fd, 's', &known);
	if (r == 0 && !deps_too)
		r = manifest_paths(run_fd, 'd', &known);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct stat st;
		bool is_dir = fstatat(run_fd, all.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			      S_ISDIR(st.st_mode);

		/* A directory counts by what is in it, but for one that is empty. */
		if (is_below(all.v[i], &known) || (is_dir && is_or_holds(all.v[i], &known)))
			continue;
		r = strv_add(&kept, all.v[i]);
	}
	return r < 0 ? r : deps_top_level(&kept, ret);
}

static int find_run(const struct deps_source *src, struct buf *ret_id, struct err *err)
{
	_cleanup_buf_ struct buf given = BUF_INIT, id = BUF_INIT;
	const struct deps_spec *spec = src->spec;
	int r = 0;

	if (!value_is_null(src->config)) {
		flag_encode(&given, src->config);
		if (value_str(src->config)) {
			buf_clear(&given);
			r = resolved_text(src, value_str(src->config), &given, err);
		}
	}
	if (r < 0)
		return r;
	if (given.len == RUN_ID_LEN)
		buf_puts(&id, buf_str(&given));
	else if (!spec->find_run ||
		 spec->find_run(spec->arg, src->source->spec, buf_str(&given), &id) < 0)
		buf_clear(&id);
	/* A run may have any name as its id. */
	if (!id.len && given.len && name_is_component(buf_str(&given)))
		buf_puts(&id, buf_str(&given));
	if (!id.len)
		return err_set(err, -ENOENT, "no suitable run for %s", src->source->spec);
	buf_puts(ret_id, buf_str(&id));
	return 0;
}

static int find_operation(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf id = BUF_INIT;
	_cleanup_close_ int from = -1;
	_cleanup_strv_ struct strv all = STRV_INIT;
	int r = find_run(src, &id, err);

	if (r < 0)
		return r;
	from = home_open_run(src->spec->home, buf_str(&id));
	if (from < 0)
		return err_set(err, -ENOENT, "no suitable run for %s", src->source->spec);
	deps_say(src->spec, DEPS_INFO, "Using run %s for %s", buf_str(&id),
		src->source->resolving_name);
	buf_printf(&ret->root, "%s/runs/%s", src->spec->home->path, buf_str(&id));
	if (!src->source->n_selects)
		return generated_names(src->spec, from, &ret->paths);
	/* Its attributes can be selected, too. */
	r = deps_list_tree(from, true, &all);
	return r < 0 ? r : deps_select(src->source, &all, &ret->paths, err);
}

/* --- config ------------------------------------------------------------------- */

/* A flag's value as the file gets it: parts of one that is split are a list. */
static struct value *config_value(const struct value *v, const struct value *def)
{
	const struct value *arg_split = value_get(def, "arg-split");
	_cleanup_strv_ struct strv parts = STRV_INIT;
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	if (!value_truthy(arg_split) || !value_str(v))
		return value_copy(v);
	if (r == 0)
		r = flag_split(value_str(v), arg_split, &parts);
	for (size_t i = 0; r == 0 && i < parts.n; i++)
		r = value_list_add(list, flag_decode(FLAG_AUTO, parts.v[i]));
	return r == 0 ? STEAL(list) : NULL;
}

static int apply_flags(const struct deps_source *src, struct value *config, struct err *err)
{
	const struct value *defs = value_get(value_get(src->spec->op_attr, "op-cmd"), "cmd-flags");
	const struct value *flags = src->spec->flags;
	const struct value *params = src->source->params;
	int r = 0;

	for (size_t i = 0; params && r == 0 && i < params->map.n; i++)
		r = config_file_set(
			config, params->map.pairs[i].key, params->map.pairs[i].value, err);
	for (size_t i = 0; flags && r == 0 && i < flags->map.n; i++) {
		const struct value_pair *pair = &flags->map.pairs[i];
		const struct value *def = value_get(defs, pair->key);
		const char *name = value_str(value_get(def, "arg-name"));
		_cleanup_value_ struct value *v = NULL;

		if (value_is_null(pair->value))
			continue;
		v = config_value(pair->value, def);
		r = v ? config_file_set(config, name ? name : pair->key, v, err) : -ENOMEM;
	}
	return r;
}

/* Written below .guild/generated/RANDOM, from where it is put like any other file. */
static int generate(
	const struct deps_source *src, const char *path, struct deps_found *ret, struct err *err)
{
	_cleanup_value_ struct value *config = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT, dir = BUF_INIT, name = BUF_INIT;
	char random[RUN_ID_LEN + 1];
	int r = config_file_read(path, &config, err);

	if (r == 0)
		r = apply_flags(src, config, err);
	if (r == 0)
		r = config_file_print(path, config, &text);
	if (r == 0)
		r = name_new_run_id(random);
	if (r < 0)
		return r;
	buf_printf(&dir, RUN_GUILD_DIR "/generated/%.8s", random);
	buf_printf(&name, "%s/%s", buf_str(&dir), strrchr(path, '/') + 1);
	r = file_mkdirs(src->spec->run_fd, buf_str(&dir), 0777);
	if (r == 0)
		r = file_write(
			src->spec->run_fd, buf_str(&name), text.data, text.len, 0666, FILE_NOSYNC);
	if (r < 0)
		return r;
	buf_clear(&ret->root);
	buf_printf(&ret->root, "%s/%s", src->spec->run_dir, buf_str(&dir));
	return 0;
}

static int find_config(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT, full = BUF_INIT;
	int r;

	if (value_truthy(src->config)) {
		r = find_given(src, ret, err);
		buf_printf(
			&full, "%s/%s", buf_str(&ret->root), ret->paths.n ? ret->paths.v[0] : "");
		return r < 0 ? r : generate(src, buf_str(&full), ret, err);
	}
	r = resolved_text(src, src->source->spec, &path, err);
	if (r == 0 && find_local(src, buf_str(&path), &full, &ret->origin) < 0)
		r = err_set(err, -ENOENT, "cannot find source file '%s'", buf_str(&path));
	if (r == 0)
		r = strv_add(&ret->paths, strrchr(buf_str(&full), '/') + 1);
	return r < 0 ? r : generate(src, buf_str(&full), ret, err);
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
	r = output_of_env(argv, src->spec->run_dir, src->spec->env->v, true, &out);
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

	if (find_local(src, path, &full, &ret->origin) < 0)
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
		return find_operation(src, ret, err);
	case SOURCE_CONFIG:
		return find_config(src, ret, err);
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

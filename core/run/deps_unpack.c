/* SPDX-License-Identifier: MIT */
/* Archives, checksums, and commands that prepare what is there. */
#include "run/deps_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/name.h"
#include "base/output_of.h"
#include "fetch/archive.h"
#include "run/deps_select.h"

enum { MEMBERS_MAX = 64 * 1024 * 1024 };

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
	const char *name = name_of_path(path);
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

int deps_find_in_file(const struct deps_source *src, const char *path, int cache_fd,
	const char *cache, struct deps_found *ret, struct err *err)
{
	_cleanup_strv_ struct strv members = STRV_INIT;
	int r;

	if (!src->source->unpack || !archive_is(name_of_path(path), src->source->archive_type))
		return deps_found_one(ret, path);
	r = unpack(src, path, cache_fd, &members, err);
	if (r < 0)
		return r;
	buf_clear(&ret->root);
	buf_puts(&ret->root, cache);
	return src->source->n_selects ? deps_select(src->source, &members, &ret->paths, err)
				      : deps_top_level(&members, &ret->paths);
}

/* --- after it is there ------------------------------------------------------- */

int deps_check_sha256(const struct source *s, const char *path, struct err *err)
{
	char actual[DIGEST_SHA256_LEN + 1];
	struct stat st;
	int r;

	if (!s->sha256 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
		return 0;
	r = digest_file(DIGEST_SHA256, AT_FDCWD, path, NULL, actual);
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
		if (!name || deps_find_local(src, name, &path, &origin) < 0)
			return err_set(err, -ENOENT,
				"project-src failed: could not find '%s' in path '%s'",
				name ? name : "", deps_location(src));
		buf_puts(b, buf_str(&path));
		script = end + 1;
	}
	return buf_error(b);
}

int deps_post_process(const struct deps_source *src, const char *dir, struct err *err)
{
	_cleanup_buf_ struct buf command = BUF_INIT, marker = BUF_INIT, out = BUF_INIT,
				 shown = BUF_INIT;
	_cleanup_value_ struct value *text = NULL;
	char sha1[DIGEST_SHA1_LEN + 1];
	int r;

	if (!src->source->post_process)
		return 0;
	r = expand_script(src, src->source->post_process, &command, err);
	if (r == 0)
		r = digest_text(DIGEST_SHA1, command.data, command.len, sha1);
	if (r < 0)
		return r;
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
	r = output_of_env(argv, dir, src->spec->env->v, STDERR_READ, &out);
	if (r != 0)
		return err_set(err, r < 0 ? r : -EIO,
			"error post processing %s resource: the command ended with status %d: %s",
			src->resource->resolving_name, r, buf_str(&out));
	return file_write(AT_FDCWD, buf_str(&marker), "", 0, 0666, FILE_NOSYNC);
}

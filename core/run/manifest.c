/* SPDX-License-Identifier: MIT */
/* The manifest of a run. */
#include "run/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/shell.h"
#include "run/attr.h"

#define MANIFEST     RUN_GUILD_DIR "/manifest"
#define MANIFEST_MAX ((size_t)256 << 20)

void manifest_add(struct buf *b, char type, const char *run_path, const char *sha1, const char *uri,
	const char *subpath)
{
	buf_printf(b, "%c ", type);
	shell_quote(b, run_path);
	buf_printf(b, " %s ", sha1 ? sha1 : "-");
	shell_quote(b, uri);
	if (subpath) {
		buf_putc(b, ' ');
		shell_quote(b, subpath);
	}
	buf_putc(b, '\n');
}

int manifest_append(int run_fd, const struct buf *lines)
{
	_cleanup_close_ int fd = -1;

	if (buf_error(lines))
		return buf_error(lines);
	fd = openat(run_fd, MANIFEST, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
	return fd < 0 ? -errno : file_write_all(fd, lines->data, lines->len);
}

int manifest_remove(int run_fd, char type)
{
	_cleanup_buf_ struct buf text = BUF_INIT, kept = BUF_INIT;
	int r = file_read(run_fd, MANIFEST, MANIFEST_MAX, &text);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (const char *line = buf_str(&text); *line;) {
		size_t len = strcspn(line, "\n");

		if (*line != type)
			buf_printf(&kept, "%.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
	return buf_error(&kept)
		       ? buf_error(&kept)
		       : file_write(run_fd, MANIFEST, kept.data, kept.len, 0644, FILE_NOSYNC);
}

static int each_line(int run_fd, char type, struct strv *ret_paths, struct strv *ret_sources)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read(run_fd, MANIFEST, MANIFEST_MAX, &text);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (const char *line = buf_str(&text); r == 0 && *line;) {
		size_t len = strcspn(line, "\n");
		_cleanup_free_ char *copy = strndup(line, len);
		_cleanup_strv_ struct strv words = STRV_INIT;
		bool whole = copy && *copy == type && shell_split(copy, &words, NULL) == 0 &&
			     words.n >= 3;

		if (whole)
			r = strv_add(ret_paths, words.v[1]);
		if (whole && r == 0 && ret_sources)
			r = strv_add(ret_sources, words.v[words.n > 3 ? 3 : 1]);
		line += len + (line[len] == '\n');
	}
	return r;
}

int manifest_paths(int run_fd, char type, struct strv *ret_paths)
{
	return each_line(run_fd, type, ret_paths, NULL);
}

int manifest_sources(int run_fd, struct strv *ret_paths, struct strv *ret_sources)
{
	return each_line(run_fd, 's', ret_paths, ret_sources);
}

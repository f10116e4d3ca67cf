/* SPDX-License-Identifier: MIT */
/* The manifest of a run. */
#include "run/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/beneath.h"
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
	fd = beneath_open(run_fd, MANIFEST, O_WRONLY | O_CREAT | O_APPEND, 0644);
	return fd < 0 ? fd : file_write_all(fd, lines->data, lines->len);
}

int manifest_remove(int run_fd, char type)
{
	_cleanup_buf_ struct buf text = BUF_INIT, kept = BUF_INIT;
	int r = beneath_read(run_fd, MANIFEST, MANIFEST_MAX, &text);

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
		       : beneath_write(run_fd, MANIFEST, kept.data, kept.len, 0644, FILE_NOSYNC);
}

static int visit_line(const char *line, size_t len,
	int (*visit)(void *arg, const struct manifest_entry *entry), void *arg)
{
	_cleanup_free_ char *copy = strndup(line, len);
	_cleanup_strv_ struct strv words = STRV_INIT;
	struct manifest_entry entry;

	if (!copy)
		return -ENOMEM;
	if (shell_split(copy, &words, NULL) < 0 || words.n < 3 || strlen(words.v[0]) != 1)
		return 0;
	entry = (struct manifest_entry){.type = words.v[0][0],
		.run_path = words.v[1],
		.source = words.v[words.n > 3 ? 3 : 1],
		.subpath = words.n > 4 ? words.v[4] : NULL};
	return visit(arg, &entry);
}

int manifest_each(
	int run_fd, int (*visit)(void *arg, const struct manifest_entry *entry), void *arg)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = beneath_read(run_fd, MANIFEST, MANIFEST_MAX, &text);

	for (const char *line = buf_str(&text); r == 0 && *line;) {
		size_t len = strcspn(line, "\n");

		r = visit_line(line, len, visit, arg);
		line += len + (line[len] == '\n');
	}
	return r;
}

struct collection {
	char type;
	struct strv *paths, *sources;
};

static int collect(void *arg, const struct manifest_entry *entry)
{
	const struct collection *c = arg;
	int r = 0;

	if (entry->type != c->type)
		return 0;
	r = strv_add(c->paths, entry->run_path);
	return r == 0 && c->sources ? strv_add(c->sources, entry->source) : r;
}

static int collect_type(int run_fd, char type, struct strv *ret_paths, struct strv *ret_sources)
{
	struct collection c = {.type = type, .paths = ret_paths, .sources = ret_sources};
	int r = manifest_each(run_fd, collect, &c);

	return r == -ENOENT ? 0 : r;
}

int manifest_paths(int run_fd, char type, struct strv *ret_paths)
{
	return collect_type(run_fd, type, ret_paths, NULL);
}

int manifest_sources(int run_fd, struct strv *ret_paths, struct strv *ret_sources)
{
	return collect_type(run_fd, 's', ret_paths, ret_sources);
}

/* SPDX-License-Identifier: MIT */
/* A list, and one of them. */
#include "web/view_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/file_walk.h"
#include "base/name.h"
#include "run/attr.h"
#include "yaml/json.h"

#define OUTPUT RUN_GUILD_DIR "/output"

enum { MAX_FILES = 5000 };

struct listing {
	int run_fd;
	struct buf *json;
	size_t n;
	bool more;
};

static bool is_guilds_own(const char *path)
{
	size_t len = strlen(RUN_GUILD_DIR);

	return strncmp(path, RUN_GUILD_DIR, len) == 0 && (path[len] == '/' || !path[len]);
}

static const char *type_of(const struct walk_entry *e)
{
	return e->is_link               ? "link"
	       : S_ISREG(e->st.st_mode) ? "file"
	       : S_ISDIR(e->st.st_mode) ? "directory"
					: "special file";
}

static void print_entry(struct listing *l, const struct walk_entry *e)
{
	_cleanup_buf_ struct buf target = BUF_INIT;

	buf_puts(l->json, l->n ? ",\n{\"path\": " : "\n{\"path\": ");
	json_emit_string(l->json, e->path);
	buf_printf(l->json, ", \"type\": \"%s\"", type_of(e));
	if (e->is_link && file_readlink(l->run_fd, e->path, &target) == 0) {
		buf_puts(l->json, ", \"target\": ");
		json_emit_string(l->json, buf_str(&target));
	} else if (!e->is_link) {
		buf_printf(l->json, ", \"size\": %lld", (long long)e->st.st_size);
	}
	buf_putc(l->json, '}');
}

static int visit(void *arg, const struct walk_entry *e)
{
	struct listing *l = arg;

	if (is_guilds_own(e->path))
		return WALK_PASS_BY;
	if (!e->is_link && S_ISDIR(e->st.st_mode))
		return 0;
	if (l->n == MAX_FILES) {
		l->more = true;
		return -ECANCELED;
	}
	print_entry(l, e);
	l->n++;
	return 0;
}

int view_files_print(int run_fd, struct buf *json)
{
	struct listing l = {.run_fd = run_fd, .json = json};
	int r;

	buf_puts(json, "{\"files\": [");
	r = file_walk(run_fd, false, visit, &l);
	buf_printf(json, "], \"more\": %s}", l.more ? "true" : "false");
	return r < 0 && !l.more ? r : buf_error(json);
}

int view_files_open(int run_fd, const char *path, int *ret_fd, struct content_type *ret_type)
{
	struct stat st;
	int fd;

	if (!name_is_safe_path(path))
		return -EXDEV;
	if (is_guilds_own(path) && strcmp(path, OUTPUT) != 0)
		return -EACCES;
	/* A pipe is opened without waiting for somebody at its other end, and refused. */
	fd = beneath_open(run_fd, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EACCES;
	}
	*ret_fd = fd;
	*ret_type = content_type(path, fd);
	return 0;
}

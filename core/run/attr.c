/* SPDX-License-Identifier: MIT */
/* Attribute files. */
#include "base/beneath.h"
#include "run/attr.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "yaml/yaml.h"

#define ATTR_MAX ((size_t)16 << 20)

enum { INT_TEXT_MAX = 32 };

/* Path of the attribute below the run directory; false for what cannot be a name. */
static bool attr_path(char path[PATH_MAX], const char *name)
{
	return name_is_component(name) &&
	       snprintf(path, PATH_MAX, "%s/%s", RUN_ATTRS_DIR, name) > 0;
}

static int read_raw(int run_fd, const char *name, struct buf *b)
{
	char path[PATH_MAX];

	return attr_path(path, name) ? beneath_read(run_fd, path, ATTR_MAX, b) : -ENOENT;
}

int attr_read(int run_fd, const char *name, struct value **ret, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int r = read_raw(run_fd, name, &b);

	if (r == 0)
		r = yaml_parse(b.data, b.len, ret, err);
	return r < 0 ? err_prefix(err, r, "attribute '%s' cannot be read", name) : 0;
}

static void trim(struct buf *b)
{
	while (b->len && isspace((unsigned char)b->data[b->len - 1]))
		buf_resize(b, b->len - 1);
}

int attr_read_text(int run_fd, const char *name, struct buf *b)
{
	_cleanup_buf_ struct buf raw = BUF_INIT;
	_cleanup_value_ struct value *v = NULL;
	int r = read_raw(run_fd, name, &raw);

	if (r < 0)
		return r;
	/* What cannot be parsed is better shown as it is than not at all. */
	if (yaml_parse(raw.data, raw.len, &v, NULL) == 0 && v->type == VALUE_STRING) {
		buf_puts(b, v->string);
		return buf_error(b);
	}
	trim(&raw);
	buf_puts(b, buf_str(&raw));
	return buf_error(b);
}

bool attr_read_as(int run_fd, const char *name, enum value_type type, struct value **ret)
{
	struct value *v = NULL;

	*ret = NULL;
	if (attr_read(run_fd, name, &v, NULL) < 0)
		return false;
	if (v->type == type)
		*ret = v;
	else
		value_free(v);
	return *ret;
}

struct value *attr_read_or_empty(int run_fd, const char *name, enum value_type type)
{
	struct value *v = NULL;

	if (attr_read_as(run_fd, name, type, &v))
		return v;
	return type == VALUE_LIST ? value_list() : value_map();
}

/* Lists ask this of every run, so that it goes without a YAML parser. */
int attr_read_int(int run_fd, const char *name, int64_t *ret)
{
	char path[PATH_MAX], text[INT_TEXT_MAX], *end;
	_cleanup_close_ int fd = -1;
	long long i;
	ssize_t n;

	if (!attr_path(path, name))
		return -ENOENT;
	fd = beneath_open(run_fd, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return fd == -ELOOP ? -EINVAL : fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	errno = 0;
	i = strtoll(text, &end, 10);
	if (errno || end == text || (*end && !isspace((unsigned char)*end)))
		return -EINVAL;
	*ret = i;
	return 0;
}

bool attr_exists(int run_fd, const char *name)
{
	char path[PATH_MAX];

	return attr_path(path, name) && beneath_exists(run_fd, path);
}

int attr_write(int run_fd, const char *name, const struct value *v, enum file_sync sync)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char path[PATH_MAX];
	mode_t mode = strcmp(name, "env") == 0 ? 0600 : 0644;

	if (!v)
		return attr_remove(run_fd, name);
	if (!attr_path(path, name))
		return -EINVAL;
	yaml_emit(&b, v);
	if (buf_error(&b))
		return buf_error(&b);
	return beneath_write(run_fd, path, b.data, b.len, mode, sync);
}

int attr_write_int(int run_fd, const char *name, int64_t i, enum file_sync sync)
{
	_cleanup_value_ struct value *v = value_int(i);

	return v ? attr_write(run_fd, name, v, sync) : -ENOMEM;
}

int attr_remove(int run_fd, const char *name)
{
	char path[PATH_MAX];
	int r;

	if (!attr_path(path, name))
		return -EINVAL;
	r = beneath_unlink(run_fd, path);
	return r == -ENOENT ? 0 : r;
}

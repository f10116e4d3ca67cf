/* SPDX-License-Identifier: MIT */
/* Named archives are directories with an archive.json. */
#include "runs/archives.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runs/select.h"
#include "term/table.h"
#include "base/file.h"
#include "base/name.h"
#include "run/transfer_zip.h"
#include "run/user_config.h"
#include "yaml/json.h"

#define METADATA "archive.json"

/* --- named ---------------------------------------------------------------- */

struct named {
	char *label, *description, *path;
};

struct all_named {
	int fd;          /* of archives/; -1: there is none */
	struct buf path; /* its path */
	struct named *v;
	size_t n;
};

static void release_named(struct all_named *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->v[i].label);
		free(all->v[i].description);
		free(all->v[i].path);
	}
	free(all->v);
	buf_release(&all->path);
	if (all->fd >= 0)
		close(all->fd);
}

/* What cannot be read is not said. JSON is YAML. */
static char *metadata(const struct value *v, const char *key, const char *otherwise)
{
	const char *text = value_str(value_get(v, key));

	return strdup(text ? text : otherwise);
}

static int add_named(void *arg, const char *name, int d_type)
{
	struct all_named *all = arg;
	struct named *grown = reallocarray(all->v, all->n + 1, sizeof(*grown)), *n;
	_cleanup_buf_ struct buf file = BUF_INIT;
	_cleanup_value_ struct value *v = NULL;
	struct stat st;

	(void)d_type;
	if (!grown)
		return -ENOMEM;
	all->v = grown;
	if (*name == '.' || fstatat(all->fd, name, &st, 0) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	buf_printf(&file, "%s/" METADATA, name);
	yaml_parse_file(all->fd, buf_str(&file), &v, NULL);
	n = &all->v[all->n++];
	*n = (struct named){metadata(v, "label", name), metadata(v, "description", ""), NULL};
	if (asprintf(&n->path, "%s/%s", buf_str(&all->path), name) < 0)
		n->path = NULL;
	return n->label && n->description && n->path ? 0 : -ENOMEM;
}

static int by_label(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->label, y->label);

	return order ? order : strcmp(x->path, y->path);
}

static int read_named(const struct guild *g, struct all_named *ret)
{
	int r = 0;

	*ret = (struct all_named){0};
	user_config_beside(g->home, g->cwd, "archives", &ret->path);
	ret->fd = open(buf_str(&ret->path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fd >= 0)
		r = file_each(ret->fd, ".", add_named, ret);
	if (r < 0)
		return complain("cannot read %s: %s", buf_str(&ret->path), strerror(-r));
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_label);
	return EXIT_OK;
}

bool archive_find_named(const struct guild *g, const char *name, struct buf *ret_path)
{
	_cleanup_(release_named) struct all_named all;
	bool found = false;

	if (read_named(g, &all) != EXIT_OK)
		return false;
	for (size_t i = 0; !found && i < all.n; i++) {
		found = strcmp(all.v[i].label, name) == 0;
		if (found)
			buf_puts(ret_path, all.v[i].path);
	}
	return found;
}

static void print_path(void *arg, size_t row)
{
	const struct all_named *all = arg;
	_cleanup_buf_ struct buf path = BUF_INIT;

	name_user_path(&path, all->v[row].path);
	printf("  path: %s\n", buf_str(&path));
}

int archive_print_all(const struct guild *g, bool with_paths)
{
	_cleanup_(release_named) struct all_named all;
	_cleanup_(table_release) struct table t = {.columns = 2};
	int r = read_named(g, &all);

	for (size_t i = 0; r == EXIT_OK && i < all.n; i++)
		if (table_add(&t, all.v[i].label) < 0 || table_add(&t, all.v[i].description) < 0)
			r = complain("out of memory");
	if (r == EXIT_OK && with_paths)
		table_print_detailed(&t, print_path, &all);
	else if (r == EXIT_OK)
		table_print(&t, "", stdout);
	return r;
}

/* --- making one ----------------------------------------------------------- */

static int write_metadata(int dir_fd, const char *name, const char *description)
{
	_cleanup_value_ struct value *v = value_map();
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = v ? value_map_set(v, "label", value_string(name)) : -ENOMEM;

	if (r == 0 && description)
		r = value_map_set(v, "description", value_string(description));
	if (r == 0) {
		json_emit(&text, v);
		r = buf_error(&text);
	}
	return r == 0 ? file_create(dir_fd, METADATA, text.data, text.len, 0644) : r;
}

static int create(int archives_fd, const char *id, const char *name, const char *description)
{
	_cleanup_partial_ struct partial partial = PARTIAL_INIT;
	_cleanup_close_ int fd = -1;
	int r = partial_begin(archives_fd, &partial);

	if (r == 0 && mkdirat(partial.fd, id, 0755) < 0)
		r = -errno;
	if (r == 0) {
		fd = openat(partial.fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : write_metadata(fd, name, description);
	}
	return r == 0 ? partial_place(&partial, id, archives_fd, id) : r;
}

int archive_create(
	const struct guild *g, const char *name, const char *description, struct buf *ret_path)
{
	_cleanup_close_ int fd = -1;
	char id[RUN_ID_LEN + 1];
	int r = name_new_run_id(id);

	user_config_beside(g->home, g->cwd, "archives", ret_path);
	if (r == 0)
		r = file_mkdirs(AT_FDCWD, buf_str(ret_path), 0755);
	if (r == 0) {
		fd = open(buf_str(ret_path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : create(fd, id, name, description);
	}
	if (r < 0)
		return complain(
			"cannot make an archive in %s: %s", buf_str(ret_path), strerror(-r));
	buf_printf(ret_path, "/%s", id);
	return EXIT_OK;
}

/* --- opening -------------------------------------------------------------- */

static int archive_find(const struct guild *g, const char *name, struct buf *ret_path)
{
	if (file_exists(AT_FDCWD, name)) {
		buf_puts(ret_path, name);
		return EXIT_OK;
	}
	if (archive_find_named(g, name, ret_path))
		return EXIT_OK;
	return complain(
		"'%s' is not a valid archive - use a path to a file/directory or specify an "
		"archive name returned by 'guild archive --list'.",
		name);
}

/* In the home, where a later command removes what a killed one has left. */
static int unpack(const struct guild *g, const char *path, struct open_archive *a, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r = file_mkdirs(g->home->fd, "cache/guildfs", 0755);

	if (r == 0) {
		fd = openat(g->home->fd, "cache/guildfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	if (r == 0)
		r = partial_begin(fd, &a->unpacked);
	if (r < 0)
		return err_set(err, r, "cannot unpack %s: %s", path, strerror(-r));
	a->unpacked.parent_fd = STEAL_FD(fd);
	return zip_unpack_records(path, a->unpacked.fd, &(struct transfer){0}, err);
}

static int open_runs(
	const struct guild *g, const char *path, struct open_archive *a, struct err *err)
{
	_cleanup_buf_ struct buf unpacked = BUF_INIT;
	struct stat st;
	int r;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		r = home_open_archive(path, NULL, &a->g.home, err);
	} else {
		r = unpack(g, path, a, err);
		buf_printf(&unpacked, "%s/cache/guildfs/%s", g->home->path, a->unpacked.path);
		if (r == 0)
			r = home_open_archive(buf_str(&unpacked), path, &a->g.home, err);
	}
	return r == 0 ? catalog_new(a->g.home, &a->g.catalog, err) : r;
}

int archive_open(const struct guild *g, const char *name, struct open_archive *ret)
{
	struct err err = ERR_INIT;
	struct stat st;
	int r = archive_find(g, name, &ret->path);

	if (r != EXIT_OK)
		return r;
	if (stat(buf_str(&ret->path), &st) == 0 && !S_ISDIR(st.st_mode) &&
		!transfer_is_zip(buf_str(&ret->path)))
		return complain("invalid archive %s - expected a directory or a zip file", name);
	ret->g = (struct guild){.cwd = g->cwd, .start_dir = g->start_dir};
	if (open_runs(g, buf_str(&ret->path), ret, &err) < 0)
		return complain("%s", err_text(&err));
	return EXIT_OK;
}

int archive_or_home(
	struct guild *g, const char *name, struct open_archive *ret, struct guild **ret_where)
{
	int r = guild_open_home(g);

	*ret_where = g;
	if (r != EXIT_OK || !name)
		return r;
	*ret_where = &ret->g;
	return archive_open(g, name, ret);
}

void archive_close(struct open_archive *a)
{
	int parent_fd = a->unpacked.parent_fd;

	if (a->g.catalog)
		catalog_free(a->g.catalog);
	if (a->g.home)
		home_close(a->g.home);
	buf_release(&a->path);
	partial_end(&a->unpacked);
	if (parent_fd >= 0)
		close(parent_fd);
	*a = OPEN_ARCHIVE_INIT;
}

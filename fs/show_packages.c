/* SPDX-License-Identifier: MIT */
/* Installed packages: which there are, what they say of themselves, and their files. */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "guildfs.h"
#include "listing.h"
#include "packages.h"
#include "things.h"
#include "tree.h"
#include "base/name.h"

/* --- which there are ---------------------------------------------------------- */

struct job {
	const struct place *dir;
	struct listing *out; /* NULL: looking for `name` */
	const char *name;
	struct place *ret;
};

static int visit(void *arg, unsigned scope, const char *name)
{
	struct job *job = arg;
	struct place p = place_at(job->dir, job->dir->row->child);

	p.class = PLACE_PACKAGE;
	p.serial = scope;
	if (job->out) {
		listing_add(job->out, name, &p);
		return 0;
	}
	if (strcmp(name, job->name) != 0)
		return 0;
	*job->ret = p;
	return 1;
}

static int packages_list(const struct place *dir, struct listing *out)
{
	struct job job = {.dir = dir, .out = out};
	int r = packages_each(dir->fs, visit, &job);

	return r < 0 ? r : listing_error(out);
}

static int packages_find(const struct place *dir, const char *name, struct place *ret)
{
	struct job job = {.dir = dir, .name = name, .ret = ret};
	int r = packages_each(dir->fs, visit, &job);

	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

const struct dynamic packages_children = {
	.list = packages_list, .find = packages_find, .name = "<package>"};

/* --- what they say -------------------------------------------------------------- */

/* The header that a row stands for. */
void package_header(const struct place *p, struct buf *b)
{
	static const struct {
		const char *row, *header;
	} headers[] = {
		{"description", "summary"},
		{"url", "home-page"},
		{"requires", "requires-dist"},
	};
	const char *header = p->row->name;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		if (strcmp(headers[i].row, p->row->name) == 0)
			header = headers[i].header;
	r = packages_header(p->fs, p->serial, header, b);
	if (r < 0)
		buf_fail(b, r);
}

void package_error(const struct place *p, struct buf *b)
{
	packages_error(p->fs, p->serial, b);
	if (!b->len)
		buf_fail(b, -ENOENT);
}

/* --- files ------------------------------------------------------------------------ */

/* The directory's own path within the package, "" for the top. */
static const char *path_of(const struct place *dir)
{
	return dir->slot ? things_interned(dir->fs->things, dir->slot) : "";
}

/* What follows `path` in one that is below it; NULL: it is not. */
static const char *below(const char *path, const char *file)
{
	size_t len = strlen(path);

	if (!len)
		return file;
	return strncmp(file, path, len) == 0 && file[len] == '/' ? file + len + 1 : NULL;
}

static int file_place(
	const struct place *dir, const char *file, size_t len, bool is_dir, struct place *ret)
{
	_cleanup_free_ char *path = strndup(file, len);

	if (!path)
		return -ENOMEM;
	*ret = place_at(dir, is_dir ? tree_package_dir : tree_package_file);
	ret->slot = things_intern(dir->fs->things, path);
	return ret->slot ? 0 : -ENOMEM;
}

/* Lists, or finds `name`. */
static int look(const struct place *dir, const char *name, struct listing *out, struct place *ret)
{
	_cleanup_strv_ struct strv files = STRV_INIT;
	_cleanup_buf_ struct buf site = BUF_INIT;
	_cleanup_free_ char *last = NULL;
	const char *path = path_of(dir);
	int r = path ? packages_files(dir->fs, dir->serial, &files, &site) : -ESTALE;

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		const char *rest = below(path, files.v[i]);
		size_t len = rest ? strcspn(rest, "/") : 0;
		_cleanup_free_ char *part = rest ? strndup(rest, len) : NULL;
		struct place p;

		if (!rest || (last && part && strcmp(last, part) == 0) ||
			(name && part && strcmp(name, part) != 0))
			continue;
		if (!part)
			return -ENOMEM;
		r = file_place(dir, files.v[i], (size_t)(rest - files.v[i]) + len, rest[len], &p);
		if (r < 0)
			return r;
		if (name) {
			*ret = p;
			return 0;
		}
		listing_add(out, part, &p);
		free(last);
		last = STEAL(part);
	}
	return r < 0 ? r : name ? -ENOENT : listing_error(out);
}

static int files_list(const struct place *dir, struct listing *out)
{
	return look(dir, NULL, out, NULL);
}

static int files_find(const struct place *dir, const char *name, struct place *ret)
{
	return look(dir, name, NULL, ret);
}

const struct dynamic package_files_children = {
	.list = files_list, .find = files_find, .name = "<file>"};

void package_file_target(const struct place *p, struct buf *b)
{
	_cleanup_strv_ struct strv files = STRV_INIT;
	const char *path = path_of(p);
	int r = path ? packages_files(p->fs, p->serial, &files, b) : -ESTALE;

	if (r < 0)
		buf_fail(b, r);
	else
		buf_printf(b, "/%s", path);
}

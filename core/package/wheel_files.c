/* SPDX-License-Identifier: MIT */
/* Finding modules and data files. */
#include "package/wheel_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_walk.h"
#include "base/name.h"

void wheel_files_release(struct wheel_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->v[i].member);
		free(files->v[i].path);
	}
	free(files->v);
	strv_release(&files->modules);
	*files = (struct wheel_files){0};
}

/* --- adding ------------------------------------------------------------------- */

static bool is_regular(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* `name` is below the directory that the Python package `module` is made of. */
static int add(struct wheel_files *files, const char *module, const char *dir, const char *name)
{
	_cleanup_buf_ struct buf member = BUF_INIT, path = BUF_INIT;
	struct wheel_file *grown;

	for (; *module; module++)
		buf_putc(&member, *module == '.' ? '/' : *module);
	buf_printf(&member, "/%s", name);
	buf_printf(&path, "%s/%s", dir, name);
	if (!is_regular(buf_str(&path)))
		return 0;
	grown = reallocarray(files->v, files->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	files->v = grown;
	grown[files->n] = (struct wheel_file){
		.member = buf_steal(&member, NULL),
		.path = buf_steal(&path, NULL),
	};
	files->n++;
	return grown[files->n - 1].member && grown[files->n - 1].path ? 0 : -ENOMEM;
}

static int compare(const void *a, const void *b)
{
	return strcmp(
		((const struct wheel_file *)a)->member, ((const struct wheel_file *)b)->member);
}

static void sort(struct wheel_files *files)
{
	size_t kept = 0;

	if (!files->n)
		return;
	qsort(files->v, files->n, sizeof(*files->v), compare);
	for (size_t i = 1; i < files->n; i++) {
		if (strcmp(files->v[kept].member, files->v[i].member) != 0) {
			files->v[++kept] = files->v[i];
			continue;
		}
		free(files->v[i].member);
		free(files->v[i].path);
	}
	files->n = kept + 1;
}

/* --- Python packages -------------------------------------------------------------- */

struct modules {
	struct wheel_files *files;
	const char *module, *dir;
};

static int add_module(void *arg, const char *name, int d_type)
{
	struct modules *m = arg;

	(void)d_type;
	if (!name_ends_with(name, ".py"))
		return 0;
	return add(m->files, m->module, m->dir, name);
}

/* What is below a Python package is not in it: a directory there is one of its own, or none. */
static int add_modules(
	struct wheel_files *files, const char *module, const char *dir, struct err *err)
{
	struct modules m = {files, module, dir};
	int r = strv_add(&files->modules, module);

	if (r == 0)
		r = file_each(AT_FDCWD, dir, add_module, &m);
	return r < 0 ? err_set(err, r, "cannot read %s, the directory of Python package %s: %s",
			       dir, module, strerror(-r))
		     : 0;
}

struct found {
	const char *dir;
	struct strv paths; /* directories with an __init__.py, all the way down */
};

static int look_for_package(void *arg, const struct walk_entry *entry)
{
	struct found *found = arg;
	_cleanup_buf_ struct buf init = BUF_INIT;

	if (!S_ISDIR(entry->st.st_mode))
		return 0;
	buf_printf(&init, "%s/%s/__init__.py", found->dir, entry->path);
	if (strchr(entry->path, '.') || !is_regular(buf_str(&init)))
		return WALK_PASS_BY;
	return strv_add(&found->paths, entry->path);
}

static int find_packages(const char *dir, struct strv *ret)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct found found = {.dir = dir};
	int r = fd < 0 ? -errno : file_walk(fd, true, look_for_package, &found);

	*ret = found.paths;
	return r;
}

static int add_found(const struct package *p, struct wheel_files *files, struct err *err)
{
	_cleanup_strv_ struct strv paths = STRV_INIT;
	int r = find_packages(p->file->dir, &paths);

	if (r == 0)
		r = add_modules(files, p->module, p->file->dir, err);
	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		_cleanup_buf_ struct buf name = BUF_INIT, dir = BUF_INIT;

		buf_replace(&name, paths.v[i], "/", ".");
		if (strcmp(buf_str(&name), p->module) == 0)
			return err_set(err, -EINVAL,
				"package name '%s' in guild.yml conflicts with Python package "
				"'%s'\n"
				"Provide a unique package name in guild.yml and try again.",
				p->module, p->module);
		buf_printf(&dir, "%s/%s", p->file->dir, paths.v[i]);
		buf_clear(&name);
		buf_printf(&name, "%s.", p->module);
		buf_replace(&name, paths.v[i], "/", ".");
		r = add_modules(files, buf_str(&name), buf_str(&dir), err);
	}
	return r;
}

/* Below the project directory, and written as a path that says so. "" for the directory itself. */
static int inside(const char *what, const char *path, struct buf *ret, struct err *err)
{
	_cleanup_free_ char *own = strdup(path);
	char *end = own ? own + strlen(own) : NULL;
	const char *start = own;

	if (!own)
		return -ENOMEM;
	while (end > own && end[-1] == '/')
		*--end = '\0';
	while (start[0] == '.' && start[1] == '/')
		start += 2 + strspn(start + 2, "/");
	if (strcmp(start, ".") == 0)
		start++;
	if (*path && (!*start || name_is_safe_path(start))) {
		buf_puts(ret, start);
		return buf_error(ret);
	}
	return err_set(err, -EINVAL,
		"%s '%s' of the package is not the path of something below the Guild file", what,
		path);
}

static int add_parts(const struct package *p, struct wheel_files *files, struct err *err)
{
	int r = value_get(p->parts, p->module) ? 0
					       : add_modules(files, p->module, p->file->dir, err);

	for (size_t i = 0; r == 0 && i < p->parts->map.n; i++) {
		const struct value_pair *part = &p->parts->map.pairs[i];
		_cleanup_buf_ struct buf below = BUF_INIT, dir = BUF_INIT;

		r = inside("directory", part->value->string, &below, err);
		if (r < 0)
			break;
		buf_printf(&dir, "%s/%s", p->file->dir, buf_str(&below));
		r = add_modules(files, part->key, buf_str(&dir), err);
	}
	return r;
}

/* --- data ----------------------------------------------------------------------------- */

struct tree {
	struct wheel_files *files;
	const struct package *package;
	const char *below;
};

static int add_of_tree(void *arg, const struct walk_entry *entry)
{
	struct tree *t = arg;
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (S_ISDIR(entry->st.st_mode))
		return 0;
	buf_printf(&name, "%s%s%s", t->below, *t->below ? "/" : "", entry->path);
	return add(t->files, t->package->module, t->package->file->dir, buf_str(&name));
}

/* A directory stands for all files in it; 1 when that is what `below` is. */
static int add_tree(const struct package *p, struct wheel_files *files, const char *below)
{
	struct tree tree = {files, p, below};
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r;

	buf_printf(&path, "%s/%s", p->file->dir, below);
	fd = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOTDIR || errno == ENOENT ? 0 : -errno;
	r = file_walk(fd, true, add_of_tree, &tree);
	return r < 0 ? r : 1;
}

/* The project's own path is no pattern. */
static void add_literally(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (strchr("*?[]\\", *text))
			buf_putc(b, '\\');
		buf_putc(b, *text);
	}
}

static int add_matches(const struct package *p, struct wheel_files *files, const char *pattern)
{
	_cleanup_buf_ struct buf whole = BUF_INIT;
	size_t dir_len = strlen(p->file->dir) + 1;
	glob_t g = {0};
	int r = 0;

	add_literally(&whole, p->file->dir);
	buf_printf(&whole, "/%s", pattern);
	if (glob(buf_str(&whole), 0, NULL, &g) == GLOB_NOSPACE)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < g.gl_pathc; i++)
		r = add(files, p->module, p->file->dir, g.gl_pathv[i] + dir_len);
	globfree(&g);
	return r;
}

static int add_data(const struct package *p, struct wheel_files *files, struct err *err)
{
	static const char *const always[] = {
		GUILDFILE_NAME, "LICENSE", "LICENSE.*", "README", "README.*"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(always); i++)
		r = add_matches(p, files, always[i]);
	for (size_t i = 0; r == 0 && i < p->data_files.n; i++) {
		_cleanup_buf_ struct buf pattern = BUF_INIT;
		size_t before = files->n;

		r = inside("data file", p->data_files.v[i], &pattern, err);
		if (r == 0)
			r = add_tree(p, files, buf_str(&pattern));
		if (r == 0)
			r = add_matches(p, files, buf_str(&pattern));
		if (r >= 0 && files->n == before)
			return err_set(err, -EINVAL,
				"no file matches data file pattern '%s' of the package",
				p->data_files.v[i]);
		r = r > 0 ? 0 : r;
	}
	return r;
}

int wheel_files_find(const struct package *p, struct wheel_files *ret, struct err *err)
{
	int r;

	*ret = (struct wheel_files){0};
	r = p->parts ? add_parts(p, ret, err) : add_found(p, ret, err);
	if (r == 0)
		r = add_data(p, ret, err);
	sort(ret);
	return r;
}

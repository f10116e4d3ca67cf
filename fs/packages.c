/* SPDX-License-Identifier: MIT */
/* What is installed, kept for as long as the directories on Python's path stand still. */
#include "packages.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "errors.h"
#include "guildfs.h"
#include "base/clock.h"
#include "base/file_stamps.h"
#include "base/name.h"
#include "base/output_of.h"
#include "package/installed.h"
#include "package/wheel_check.h"
#include "project/command.h"
#include "project/project.h"
#include "project/python_path.h"

/* An installer writes RECORD last; one that is older than this has none. */
enum { INSTALLING_SECONDS = 60 };

struct slot {
	char *name;
	bool present;
	struct value *headers;
	struct installed installed;
	struct strv files; /* only safe paths, sorted */
	char *dir;
};

struct packages {
	pthread_mutex_t lock;
	struct buf python; /* "": not asked for yet, or there is none */
	struct strv path;
	struct file_stamps seen; /* of each directory on the path, when it was read; none: never */
	bool unfinished;         /* something was being installed meanwhile */
	struct slot **v;         /* scope - number of projects */
	size_t n;
};

struct packages *packages_new(void)
{
	struct packages *p = calloc(1, sizeof(*p));

	if (p)
		pthread_mutex_init(&p->lock, NULL);
	return p;
}

static void slot_clear(struct slot *s)
{
	value_free(s->headers);
	s->headers = NULL;
	installed_release(&s->installed);
	strv_release(&s->files);
	free(s->dir);
	s->dir = NULL;
	s->present = false;
}

void packages_free(struct packages *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		slot_clear(p->v[i]);
		free(p->v[i]->name);
		free(p->v[i]);
	}
	free(p->v);
	file_stamps_release(&p->seen);
	buf_release(&p->python);
	strv_release(&p->path);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* --- reading, with the lock held ------------------------------------------------ */

/* NULL: out of memory. */
static struct slot *get_slot(struct packages *p, const char *name, size_t *ret_number)
{
	struct slot **grown;
	struct slot *s;

	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->v[i]->name, name) == 0) {
			*ret_number = i;
			return p->v[i];
		}
	}
	grown = reallocarray(p->v, p->n + 1, sizeof(struct slot *));
	if (!grown)
		return NULL;
	p->v = grown;
	s = calloc(1, sizeof(*s));
	if (s)
		s->name = strdup(name);
	if (!s || !s->name) {
		free(s);
		return NULL;
	}
	*ret_number = p->n;
	p->v[p->n++] = s;
	return s;
}

static int read_files(const struct dist *d, struct slot *s)
{
	_cleanup_strv_ struct strv files = STRV_INIT;
	int r = dist_files(d, &files);

	/* Without a record nobody knows them. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < files.n; i++)
		if (name_is_safe_path(files.v[i]))
			r = strv_add(&s->files, files.v[i]);
	strv_sort(&s->files);
	strv_unique(&s->files);
	return r;
}

static bool is_being_installed(const struct dist *d)
{
	_cleanup_buf_ struct buf dir = BUF_INIT, record = BUF_INIT;
	struct stat st;

	buf_printf(&dir, "%s/%s", d->site, d->info);
	buf_printf(&record, "%s/RECORD", buf_str(&dir));
	return strstr(d->info, ".dist-info") && stat(buf_str(&record), &st) < 0 &&
	       stat(buf_str(&dir), &st) == 0 &&
	       clock_now() / 1000000 - st.st_mtim.tv_sec < INSTALLING_SECONDS;
}

static int read_dist(struct packages *p, const struct dist *d)
{
	_cleanup_value_ struct value *headers = NULL;
	bool has_models = dist_has_models(d);
	struct slot *s;
	size_t number;
	int r;

	p->unfinished |= is_being_installed(d);
	r = dist_headers(d, &headers);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (!has_models && !metadata_is_guild(headers))
		return 0;
	s = get_slot(p, d->name, &number);
	if (!s)
		return -ENOMEM;
	s->headers = STEAL(headers);
	s->dir = strdup(d->site);
	r = s->dir ? read_files(d, s) : -ENOMEM;
	if (r == 0 && has_models)
		r = installed_add(d, &s->installed);
	s->present = r == 0;
	return r;
}

/* True when the path's directories are as they were read. */
static bool is_current(const struct packages *p)
{
	return p->seen.paths.n && !p->unfinished && file_stamps_current(&p->seen);
}

static int find_path(struct guildfs *fs, struct packages *p)
{
	int r;

	if (p->path.n)
		return 0;
	buf_clear(&p->python);
	r = python_find(
		fs->n_projects ? project_dir(fs->projects[0]) : fs->cwd, &fs->env, &p->python);
	return r < 0 ? r : python_path_of(buf_str(&p->python), &p->path);
}

static int refresh(struct guildfs *fs)
{
	struct packages *p = fs->packages;
	_cleanup_dists_ struct dists dists = {0};
	int r = find_path(fs, p);

	/* No Python, no packages. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (is_current(p))
		return 0;
	file_stamps_release(&p->seen);
	/* Before reading: what changes meanwhile is read again. */
	for (size_t i = 0; r == 0 && i < p->path.n; i++)
		r = file_stamps_add(&p->seen, p->path.v[i]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->n; i++)
		slot_clear(p->v[i]);
	p->unfinished = false;
	r = dists_read(buf_str(&p->python), &dists);
	for (size_t i = 0; r == 0 && i < dists.n; i++)
		r = read_dist(p, &dists.v[i]);
	p->unfinished |= r < 0;
	return r == -ENOENT ? 0 : r;
}

/* The slot, brought up to date; NULL: it is not installed. */
static struct slot *present_slot(struct guildfs *fs, unsigned scope)
{
	struct packages *p = fs->packages;
	size_t i = scope - fs->n_projects;

	if (refresh(fs) < 0 || i >= p->n || !p->v[i]->present)
		return NULL;
	return p->v[i];
}

/* --- asking ---------------------------------------------------------------------- */

struct seen {
	unsigned scope;
	const char *name;
};

static int compare_seen(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->name, ((const struct seen *)b)->name);
}

static int list_present(struct guildfs *fs, struct seen **ret, size_t *ret_n)
{
	struct packages *p = fs->packages;
	LOCK_SCOPE(&p->lock);
	int r = refresh(fs);
	struct seen *seen = r == 0 ? calloc(p->n + 1, sizeof(*seen)) : NULL;
	size_t n = 0;

	if (!seen)
		return r < 0 ? r : -ENOMEM;
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i]->present)
			seen[n++] = (struct seen){(unsigned)(fs->n_projects + i), p->v[i]->name};
	qsort(seen, n, sizeof(*seen), compare_seen);
	*ret = seen;
	*ret_n = n;
	return 0;
}

int packages_each(
	struct guildfs *fs, int (*visit)(void *arg, unsigned scope, const char *name), void *arg)
{
	_cleanup_free_ struct seen *seen = NULL;
	size_t n = 0;
	int r = list_present(fs, &seen, &n);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = visit(arg, seen[i].scope, seen[i].name);
	return r;
}

int packages_scope(struct guildfs *fs, const char *name, unsigned *ret)
{
	LOCK_SCOPE(&fs->packages->lock);
	size_t number;

	if (!get_slot(fs->packages, name, &number))
		return -ENOMEM;
	*ret = (unsigned)(fs->n_projects + number);
	return 0;
}

const char *packages_name(struct guildfs *fs, unsigned scope)
{
	LOCK_SCOPE(&fs->packages->lock);
	const struct slot *s = present_slot(fs, scope);

	return s ? s->name : NULL;
}

int packages_header(struct guildfs *fs, unsigned scope, const char *header, struct buf *b)
{
	LOCK_SCOPE(&fs->packages->lock);
	const struct slot *s = present_slot(fs, scope);
	const struct value *list = s ? value_get(s->headers, header) : NULL;

	if (!list)
		return -ENOENT;
	for (size_t i = 0; i < list->list.n; i++)
		buf_printf(b, "%s\n", list->list.items[i]->string);
	return 0;
}

int packages_files(struct guildfs *fs, unsigned scope, struct strv *ret, struct buf *ret_dir)
{
	LOCK_SCOPE(&fs->packages->lock);
	const struct slot *s = present_slot(fs, scope);

	if (!s)
		return -ENOENT;
	buf_puts(ret_dir, s->dir);
	return strv_copy(ret, &s->files);
}

int packages_guildfiles(struct guildfs *fs, unsigned scope, struct scope_files *ret)
{
	LOCK_SCOPE(&fs->packages->lock);
	const struct slot *s = present_slot(fs, scope);

	if (!s)
		return 0;
	ret->v = calloc(s->installed.n + 1, sizeof(struct guildfile *));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < s->installed.n; i++)
		ret->v[ret->n++] = guildfile_ref(s->installed.v[i]);
	return 0;
}

void packages_error(struct guildfs *fs, unsigned scope, struct buf *b)
{
	LOCK_SCOPE(&fs->packages->lock);
	const struct slot *s = present_slot(fs, scope);

	for (size_t i = 0; s && i < s->installed.warnings.n; i++)
		buf_printf(b, "%s\n", s->installed.warnings.v[i]);
}

/* --- changing ----------------------------------------------------------------------- */

int packages_refuse(struct guildfs *fs, const char *name, int error, const char *sentence)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "packages/%s", name);
	errors_add(fs->errors, buf_str(&path), sentence);
	return error;
}

/* What pip says last is why. */
static const char *last_line(char *text)
{
	size_t len = strlen(text);
	char *line;

	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	line = strrchr(text, '\n');
	return line ? line + 1 : text;
}

static int run_pip(struct guildfs *fs, const char *command, const char *option, const char *what,
	const char *name)
{
	_cleanup_buf_ struct buf python = BUF_INIT, said = BUF_INIT;
	const char *argv[] = {NULL, "-m", "pip", command, option, "--", what, NULL};
	int r;

	{
		LOCK_SCOPE(&fs->packages->lock);

		r = find_path(fs, fs->packages);
		buf_puts(&python, buf_str(&fs->packages->python));
	}
	if (r < 0)
		return packages_refuse(
			fs, name, -EIO, "there is no Python to install packages into");
	argv[0] = buf_str(&python);
	r = output_of_env(argv, NULL, fs->env.v, STDERR_READ, &said);
	if (r == 0)
		return 0;
	return packages_refuse(fs, name, -EIO,
		r < 0 || !said.len ? "pip cannot be started" : last_line(said.data));
}

int packages_may_change(struct guildfs *fs, const char *name, const struct opener *who)
{
	if (who->uid == 0 || who->uid == fs->uid)
		return 0;
	return packages_refuse(
		fs, name, -EACCES, "only who runs the mount changes what is installed");
}

int packages_install(struct guildfs *fs, const char *wheel, const char *aside)
{
	const char *name = strrchr(wheel, '/') + 1;
	struct err err = ERR_INIT;
	int r = wheel_check(wheel, aside, &err);

	if (r < 0)
		return packages_refuse(fs, name, r, err_text(&err));
	return run_pip(fs, "install", "--upgrade", wheel, name);
}

int packages_uninstall(struct guildfs *fs, const char *name, const struct opener *who)
{
	int r = packages_may_change(fs, name, who);

	return r < 0 ? r : run_pip(fs, "uninstall", "--yes", name, name);
}

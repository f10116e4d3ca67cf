/* SPDX-License-Identifier: MIT */
/* The current Guild file of a directory, loaded again when its stat changes. */
#include "project/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct project {
	char *dir;
	pthread_mutex_t lock;
	struct guildfile *file; /* last good; NULL: none yet */
	char *error;            /* of the last load; NULL: it was good */
	struct stat seen;       /* what the last load read; all zero: no file */
};

static void take_stat(const struct project *p, struct stat *ret)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", p->dir, GUILDFILE_NAME);
	if (stat(buf_str(&path), ret) < 0)
		*ret = (struct stat){0};
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* With the lock held. No file at all is not an error: there are just no models. */
static void load(struct project *p)
{
	struct guildfile *file = NULL;
	struct err err = ERR_INIT;
	int r;

	take_stat(p, &p->seen);
	r = guildfile_load(p->dir, &file, &err);
	free(p->error);
	p->error = r < 0 && r != -ENOENT ? strdup(err_text(&err)) : NULL;
	if (r < 0 && r != -ENOENT)
		return;
	if (p->file)
		guildfile_unref(p->file);
	p->file = file;
}

int project_new(const char *dir, struct project **ret, struct err *err)
{
	struct project *p = calloc(1, sizeof(*p));
	struct stat st;
	int r = 0;

	if (!p)
		return -ENOMEM;
	p->dir = realpath(dir, NULL);
	if (!p->dir || stat(p->dir, &st) < 0)
		r = -errno;
	else if (!S_ISDIR(st.st_mode))
		r = -ENOTDIR;
	if (r < 0) {
		err_set(err, r, "%s: %s", dir, strerror(-r));
		free(p->dir);
		free(p);
		return r;
	}
	pthread_mutex_init(&p->lock, NULL);
	load(p);
	*ret = p;
	return 0;
}

void project_free(struct project *p)
{
	if (p->file)
		guildfile_unref(p->file);
	pthread_mutex_destroy(&p->lock);
	free(p->error);
	free(p->dir);
	free(p);
}

const char *project_dir(const struct project *p)
{
	return p->dir;
}

const char *project_name(const struct project *p)
{
	return strrchr(p->dir, '/') + 1;
}

bool project_refresh(struct project *p)
{
	LOCK_SCOPE(&p->lock);
	struct stat now;

	take_stat(p, &now);
	if (same_stat(&now, &p->seen))
		return false;
	load(p);
	return true;
}

struct guildfile *project_guildfile(struct project *p)
{
	LOCK_SCOPE(&p->lock);

	return p->file ? guildfile_ref(p->file) : NULL;
}

void project_error(struct project *p, struct buf *b)
{
	LOCK_SCOPE(&p->lock);

	if (p->error)
		buf_puts(b, p->error);
}

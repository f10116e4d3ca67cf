/* SPDX-License-Identifier: MIT */
/* The current Guild file of a directory, loaded again when what it was made of changes. */
#include "project/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file_stamps.h"
#include "project/flag_import.h"

struct project {
	char *dir;
	pthread_mutex_t lock;
	struct guildfile *file; /* last good; NULL: none yet */
	char *error;            /* of the last load; NULL: it was good */
	struct file_stamps seen; /* what the last load read and looked for */
};

/* With the lock held. No file at all is not an error: there are just no models. */
static void load(struct project *p)
{
	struct guildfile *file = NULL;
	struct err err = ERR_INIT;
	int r;

	file_stamps_release(&p->seen);
	r = guildfile_load_seen(p->dir, &p->seen, &file, &err);
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
	file_stamps_release(&p->seen);
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

/* With the lock held. Imports of a last good content are of no interest any more. */
static bool is_current(const struct project *p)
{
	return file_stamps_current(&p->seen) &&
	       (p->error || !p->file || guildfile_imports_current(p->file));
}

bool project_refresh(struct project *p)
{
	LOCK_SCOPE(&p->lock);

	if (is_current(p))
		return false;
	load(p);
	return true;
}

bool project_is_empty(struct project *p)
{
	LOCK_SCOPE(&p->lock);

	return !p->file && !p->error;
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

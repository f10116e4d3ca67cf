/* SPDX-License-Identifier: MIT */
/* A list of paths with what stat(2) said of each. */
#include "base/file_stamps.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/array.h"

/* ctime, too: what restores a file (`cp -p`, rsync) sets the mtime to what it likes. */
struct file_stamp {
	dev_t dev;
	ino_t ino; /* 0: nothing there */
	off_t size;
	struct timespec mtim, ctim;
};

static struct file_stamp look(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct file_stamp){0};
	return (struct file_stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       same_time(a->mtim, b->mtim) && same_time(a->ctim, b->ctim);
}

int file_stamps_add(struct file_stamps *s, const char *path)
{
	int r;

	if (strv_has(&s->paths, path))
		return 0;
	r = array_grow(&s->v, s->paths.n, &s->cap, sizeof(*s->v));
	if (r < 0)
		return r;
	s->v[s->paths.n] = look(path);
	return strv_add(&s->paths, path);
}

bool file_stamps_current(const struct file_stamps *s)
{
	for (size_t i = 0; i < s->paths.n; i++) {
		struct file_stamp now = look(s->paths.v[i]);

		if (!same(&now, &s->v[i]))
			return false;
	}
	return true;
}

void file_stamps_release(struct file_stamps *s)
{
	strv_release(&s->paths);
	free(s->v);
	*s = (struct file_stamps){0};
}

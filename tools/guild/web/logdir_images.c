/* SPDX-License-Identifier: MIT */
/* A walk below a run for images, and event files of what has changed. */
#include "web/logdir_images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/strv.h"
#include "metrics/event_write.h"
#include "metrics/image.h"
#include "metrics/logdir.h"
#include "run/attr.h"

/* As many as Guild AI shows of a run. Larger files are not for looking at. */
enum { MAX_IMAGES = 100, MAX_BYTES = 32 << 20, MAX_DEPTH = 100 };

#define IMAGES_DIR ".images"

void logdir_images_release(struct logdir_images *images)
{
	for (size_t i = 0; i < images->n; i++)
		free(images->v[i].path);
	free(images->v);
	*images = (struct logdir_images){0};
}

/* --- finding them ----------------------------------------------------------- */

struct listing {
	int fd;
	struct strv dirs, images;
};

static void listing_release(struct listing *l)
{
	strv_release(&l->dirs);
	strv_release(&l->images);
}

static int visit(void *arg, const char *name, int d_type)
{
	struct listing *l = arg;
	struct stat st;

	if (d_type == DT_UNKNOWN && fstatat(l->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		d_type = IFTODT(st.st_mode);
	if (d_type == DT_DIR)
		return strv_add(&l->dirs, name);
	return d_type == DT_REG && image_name(name) ? strv_add(&l->images, name) : 0;
}

/* Adds paths of images below `path`; what cannot be read is passed over. 0 or -ENOMEM. */
static int find(int parent_fd, const char *name, const char *path, int depth, struct strv *found)
{
	_cleanup_(listing_release) struct listing l = {0};
	_cleanup_close_ int fd =
		openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	l.fd = fd;
	if (fd < 0 || depth > MAX_DEPTH)
		return 0;
	r = file_each(fd, ".", visit, &l);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	strv_sort(&l.dirs);
	strv_sort(&l.images);
	for (size_t i = 0; r == 0 && i < l.images.n && found->n < MAX_IMAGES; i++)
		r = strv_addf(found, "%s%s", path, l.images.v[i]);
	for (size_t i = 0; r == 0 && i < l.dirs.n && found->n < MAX_IMAGES; i++) {
		_cleanup_buf_ struct buf below = BUF_INIT;

		/* What a run makes is not in there. */
		if (depth == 0 && strcmp(l.dirs.v[i], RUN_GUILD_DIR) == 0)
			continue;
		buf_printf(&below, "%s%s/", path, l.dirs.v[i]);
		r = buf_error(&below) ? buf_error(&below)
				      : find(fd, l.dirs.v[i], buf_str(&below), depth + 1, found);
	}
	return r;
}

/* --- writing them ----------------------------------------------------------- */

/* The one of this path, new ones at the end. NULL: out of memory. */
static struct logdir_image *image_of(struct logdir_images *images, const char *path)
{
	struct logdir_image *grown;

	for (size_t i = 0; i < images->n; i++)
		if (strcmp(images->v[i].path, path) == 0)
			return &images->v[i];
	grown = reallocarray(images->v, images->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	images->v = grown;
	grown[images->n] = (struct logdir_image){.path = strdup(path)};
	return grown[images->n].path ? &grown[images->n++] : NULL;
}

/* Named so that the files of a later version come later, as Guild AI names them. */
static int write_event(struct logdir_images *images, int logdir_fd,
	const struct logdir_image *image, const struct image_size *size, const struct buf *data)
{
	_cleanup_buf_ struct buf event = BUF_INIT, file = BUF_INIT, name = BUF_INIT;
	char hex[DIGEST_MD5_LEN + 1];
	int r = digest_text(DIGEST_MD5, image->path, strlen(image->path), hex);

	if (r < 0)
		return r;
	event_put_image(&event,
		(double)image->changed.tv_sec + (double)image->changed.tv_nsec / 1e9, image->step,
		image->path, size, data);
	logdir_put_file(&file, &event);
	buf_printf(&name, IMAGES_DIR "/events.out.tfevents.%010u.image.%s", images->files, hex);
	if (buf_error(&file) || buf_error(&name))
		return -ENOMEM;
	return file_create(logdir_fd, buf_str(&name), file.data, file.len, 0644);
}

/* A file that is being written may not be an image yet: its next change is looked at again. */
static int update_image(
	struct logdir_images *images, int run_fd, int logdir_fd, struct logdir_image *image)
{
	_cleanup_buf_ struct buf data = BUF_INIT;
	struct image_size size;
	struct stat st;
	int r;

	if (fstatat(run_fd, image->path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
		memcmp(&st.st_mtim, &image->changed, sizeof(st.st_mtim)) == 0)
		return 0;
	image->changed = st.st_mtim;
	r = file_read(run_fd, image->path, MAX_BYTES, &data);
	if (r < 0 || image_measure(data.data, data.len, &size) < 0)
		return r == -ENOMEM ? r : 0;
	r = images->files ? 0 : file_mkdirs(logdir_fd, IMAGES_DIR, 0755);
	if (r == 0)
		r = write_event(images, logdir_fd, image, &size, &data);
	if (r == 0) {
		image->step++;
		images->files++;
	}
	return r;
}

int logdir_images_update(struct logdir_images *images, int run_fd, int logdir_fd)
{
	_cleanup_strv_ struct strv found = STRV_INIT;
	int r = find(run_fd, ".", "", 0, &found);

	for (size_t i = 0; r == 0 && i < found.n; i++) {
		struct logdir_image *image = image_of(images, found.v[i]);

		r = image ? update_image(images, run_fd, logdir_fd, image) : -ENOMEM;
	}
	return r;
}

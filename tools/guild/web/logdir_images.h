/* SPDX-License-Identifier: MIT */
/*
 * A run's images as TensorBoard's: each PNG, JPEG and GIF file of the run, the first hundred by
 * path, as an event file of its own below .images/ of the run's log directory. A file that changes
 * becomes a further step of the same image.
 */
#ifndef LOGDIR_IMAGES_H
#define LOGDIR_IMAGES_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* What has been written of a run. Zero: nothing. */
struct logdir_images {
	struct logdir_image {
		char *path; /* below the run */
		struct timespec changed;
		int64_t step; /* of the next version */
	} * v;
	size_t n;
	unsigned files; /* written */
};

void logdir_images_release(struct logdir_images *images);
/* Writes what is new. 0 or a negative errno; what is no image after all is passed over. */
int logdir_images_update(struct logdir_images *images, int run_fd, int logdir_fd);

#endif

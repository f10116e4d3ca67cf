/* SPDX-License-Identifier: MIT */
/*
 * Images as TensorBoard shows them: the file's own bytes, with the size that its header says.
 * What browsers show is known: PNG, JPEG, GIF, by content. Input may be hostile.
 */
#ifndef METRICS_IMAGE_H
#define METRICS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct image_size {
	uint32_t width, height;
	uint32_t channels; /* 1 grey or a palette's, 2 with transparency, 3 colours, 4 with both */
};

/* A name of what may be one of them. */
bool image_name(const char *name);
/* -EBADMSG: not an image of these kinds, or without a size. */
int image_measure(const void *data, size_t len, struct image_size *ret);

#endif

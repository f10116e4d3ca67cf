/* SPDX-License-Identifier: MIT */
/* What a wheel says of itself: its METADATA, which alone is unpacked. */
#ifndef PACKAGE_WHEEL_METADATA_H
#define PACKAGE_WHEEL_METADATA_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Appended. `aside_fd` is a directory in which a temporary one can be made. -EINVAL with a sentence
 * for what is no wheel, and others of reading and writing.
 */
int wheel_metadata(int dirfd, const char *path, int aside_fd, struct buf *ret, struct err *err);

#endif

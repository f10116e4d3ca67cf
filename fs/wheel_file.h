/* SPDX-License-Identifier: MIT */
/*
 * A wheel that somebody copies into packages/. It lies in the Guild home's cache while it is
 * written and is installed when it is flushed: what close(2) says is whether that went well. When
 * it is closed it has no name any more: the package has one.
 *
 * Errors: -EACCES (only who runs the mount may, and root), -EPERM (not the name of a wheel),
 * -EINVAL (not what a wheel is), -EIO (pip refuses); why is among the mount's errors.
 */
#ifndef FS_WHEEL_FILE_H
#define FS_WHEEL_FILE_H

#include "handle.h"
#include "run/home.h"

/* Makes a place of a file of that name in `dir`, which is packages/. Nothing is there to be found
 * by others. */
int wheel_file_create(
	const struct place *dir, const char *name, const struct opener *who, struct place *ret);

extern const struct file_kind file_wheel;

/* Removes what a daemon that died had begun, an hour ago or more. */
void wheel_files_sweep(const struct home *home);

#endif

/* SPDX-License-Identifier: MIT */
/* What is mounted where, as the kernel tells it: no mount is touched, since one may be dead. */
#ifndef BASE_MOUNTS_H
#define BASE_MOUNTS_H

/* The number (the device's minor) of the newest mount of this type exactly at this absolute path.
 * -ENOENT; other errnos when nobody can tell. */
int mounts_find(const char *path, const char *type, unsigned *ret_number);

#endif

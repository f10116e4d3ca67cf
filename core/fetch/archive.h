/* SPDX-License-Identifier: MIT */
/*
 * Unpacking archives that nobody vouches for: zip, tar with any usual compression, and single
 * files compressed by gzip.
 *
 * Nothing is ever written outside the directory that is unpacked into: no member's path, link or
 * earlier link of the same archive leads out of it. What is not a directory, a regular file or a
 * link to one inside is refused, and so is what claims to be much larger than can be.
 *
 * The caller owns all that is passed. Thread safe; several processes may unpack the same archive
 * into the same directory, each file appears whole.
 */
#ifndef FETCH_ARCHIVE_H
#define FETCH_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "base/strv.h"

/* NULL and 0 stand for the defaults. */
struct archive_limits {
	uint64_t bytes;      /* of all members together; 64 GiB */
	uint64_t members;    /* 1,000,000 */
	uint64_t ratio;      /* members to archive; 1000 */
	uint64_t ratio_from; /* bytes below which the ratio does not matter; 100 MiB */
	/* Only members for which it says 1 are unpacked, not those for which it says 0; a negative
	 * errno ends it. Asked with the safe path. */
	int (*wanted)(void *arg, const char *member);
	void *wanted_arg;
	const struct file_watcher *watcher; /* of what is written; NULL: nobody */
};

/*
 * True for what archive_unpack() takes: by the name (.zip, .tar, .tgz, .tar.*, .gz, in any case)
 * or, when type is not NULL, by the type alone: zip, tar, gzip or gz.
 */
bool archive_is(const char *name, const char *type);

/*
 * Unpacks into the directory to_dirfd and adds the members' paths to ret_members, which
 * is sorted: relative, without "." parts and trailing slashes, directories where the archive lists
 * them. gzip (the type, or a .gz name that is not .tar.gz) gives one file, named as the archive
 * without .gz. Files are replaced, directories are kept. Modes lose their set-id and sticky bits
 * and what the umask says; times are kept.
 *
 * Errors: -EINVAL, with a sentence that names archive and member, for what is no such archive, is
 * damaged or incomplete, encrypted, too large, or would leave the directory; nothing of that
 * member is written, what came before it stays. -ENOENT and others of the file system.
 */
int archive_unpack(int from_dirfd, const char *path, const char *type, int to_dirfd,
	const struct archive_limits *limits, struct strv *ret_members, struct err *err);

#endif

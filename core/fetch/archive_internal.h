/* SPDX-License-Identifier: MIT */
/*
 * What the files of unpacking share: archive.c goes through an archive's members, archive_check.c
 * says what is refused and how that is told, archive_write.c puts a member into the directory.
 *
 * Functions return 0 or a negative errno, with a sentence in `err` of the unpacking.
 */
#ifndef FETCH_ARCHIVE_INTERNAL_H
#define FETCH_ARCHIVE_INTERNAL_H

#include <sys/stat.h>

#include "base/archive_lib.h"
#include "base/buf.h"
#include "fetch/archive.h"

/* Directories get their times last, since what is written into them changes those. */
struct directory {
	char *path;
	struct timespec mtime;
};

struct unpacking {
	const char *path; /* of the archive, for sentences */
	int to;
	struct archive *archive;
	struct stat archive_stat;
	struct archive_limits limits;
	uint64_t total, n_members;
	struct strv *members;
	struct directory *dirs;
	size_t n_dirs;
	struct buf parent; /* of the last member; what parent_fd is open for, or -1 */
	int parent_fd;
	struct err *err;

	/* The member that is being unpacked: */
	struct archive_entry *entry;
	const char *member; /* its safe path */
};

/* --- archive_check.c --- */

/* -EINVAL, "cannot unpack ARCHIVE: its member MEMBER ...", or without a member "...: ...". */
int unpack_refuse(const struct unpacking *u, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for what libarchive says. */
int unpack_damaged(const struct unpacking *u);
/* `error`: a negative errno of writing the member. Returns it. */
int unpack_no_write(const struct unpacking *u, int error);
/*
 * Appends path without "." parts, doubled and trailing slashes; empty for the directory itself.
 * False when it leads out, or nowhere that can be written.
 */
bool unpack_normal_path(const char *path, struct buf *b);
/* `more` bytes beyond those of earlier members. */
int unpack_check_size(const struct unpacking *u, uint64_t more);
/* What can be known before anything of it is written. */
int unpack_check(const struct unpacking *u);

/* --- archive_write.c --- */

/* The member, whole or not at all, and never through a link. */
int unpack_write(struct unpacking *u);
/* When all members are there. */
void unpack_set_directory_times(struct unpacking *u);

#endif

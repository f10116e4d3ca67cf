/* SPDX-License-Identifier: MIT */
/*
 * Archives: directories of runs that have a name, in archives/ beside the user's configuration
 * (reference, 3.1), and what else --archive takes: a directory that was exported to, a zip file.
 */
#ifndef ARCHIVES_H
#define ARCHIVES_H

#include "guild.h"
#include "base/partial.h"

/* Runs of an archive as a home and catalogue of their own, to select and list them like others. */
struct open_archive {
	struct guild g;
	struct buf path;         /* of the directory or zip file */
	struct partial unpacked; /* of a zip file its records */
};

#define OPEN_ARCHIVE_INIT ((struct open_archive){.path = BUF_INIT, .unpacked = PARTIAL_INIT})

/* `g` has its home open. EXIT_OK or EXIT_ERROR after a message; closed also then. */
int archive_open(const struct guild *g, const char *name, struct open_archive *ret);
/* Opens the home, too; the runs are those of *ret_where: g when name is NULL, else the archive. */
int archive_or_home(
	struct guild *g, const char *name, struct open_archive *ret, struct guild **ret_where);
static inline bool archive_is_zip(const struct open_archive *archive)
{
	return archive->unpacked.fd >= 0;
}
void archive_close(struct open_archive *archive);
#define _cleanup_archive_ _cleanup_(archive_close)

/* False: there is none of this name; paths are not looked for. */
bool archive_find_named(const struct guild *g, const char *name, struct buf *ret_path);
int archive_create(
	const struct guild *g, const char *name, const char *description, struct buf *ret_path);
int archive_print_all(const struct guild *g, bool with_paths);

#endif

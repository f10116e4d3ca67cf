/* SPDX-License-Identifier: MIT */
/*
 * Runs in zip files, with entries ID/PATH as Guild AI has them: a link to a file is stored as that
 * file, a link to a directory as an empty directory unless links are followed, a link that leads
 * nowhere not at all, since Guild AI would read it as a file.
 *
 * A zip file is made beside its place (base/partial.h), begins with what the old one has, and takes
 * the place by one rename. A writer holds flock(2) on the directory of the zip file as long as it
 * lives; another one waits for it. -ESTALE: somebody has written the zip file without that.
 *
 * Errors: as in transfer.h; -EINVAL for what is no zip file, or damaged, or would be written
 * outside the directory (fetch/archive.h).
 */
#ifndef RUN_TRANSFER_ZIP_H
#define RUN_TRANSFER_ZIP_H

#include "base/strv.h"
#include "run/transfer.h"

bool transfer_is_zip(const char *path); /* by its name */

struct zip_writer;
/* `how` must live as long; its `move` does nothing here. */
int zip_writer_new(
	const char *path, const struct transfer *how, struct zip_writer **ret, struct err *err);
/*
 * After -EEXIST (the zip file has the run already), -ENOENT and -EBUSY nothing of the run is in it.
 * After any other error the writer can only be freed.
 */
int zip_writer_add(struct zip_writer *w, int runs_fd, const char *id, struct err *err);
bool zip_writer_has(const struct zip_writer *w, const char *id);
/* Puts the file in its place, synced. */
int zip_writer_finish(struct zip_writer *w, struct err *err);
/* Also one that was not finished, of which nothing is left then. NULL is fine. */
void zip_writer_free(struct zip_writer *w);

/* What is needed to list the runs: their .guild directories, into to_fd/ID/. */
int zip_unpack_records(const char *path, int to_fd, const struct transfer *how, struct err *err);
/* These runs, whole, into to_fd/ID/: a directory of a partial.h, for half of one is left after an
 * error. */
int zip_unpack_runs(const char *path, const struct strv *ids, int to_fd, const struct transfer *how,
	struct err *err);

#endif

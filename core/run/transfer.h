/* SPDX-License-Identifier: MIT */
/*
 * Run directories from one directory of runs to another: exports, imports, archives. A run appears
 * at its new place whole, by one rename, and when it is moved leaves its old one likewise, after
 * that; see base/partial.h for what an interruption leaves.
 *
 * A copy keeps modes and times. Links stay as they are, or, with `follow`, become what they lead
 * to; a link that leads nowhere stays a link. Sockets, fifos and devices are left out.
 *
 * Errors: negative errno, with a sentence. -EEXIST: the run is there already, -ENOENT: it is not
 * here, -EBUSY: somebody works on it, -EINTR: go_on() said no.
 */
#ifndef RUN_TRANSFER_H
#define RUN_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "base/file.h"
#include "base/partial.h"

struct transfer {
	bool move, follow;
	/* Called often, with how many bytes were copied since; NULL: nobody wants to know. */
	bool (*go_on)(void *arg, uint64_t bytes);
	void *arg;
};

/* Asks go_on: 0 or -EINTR. */
int transfer_tick(const struct transfer *how, uint64_t bytes);
/* One that asks it; `how` must live as long. */
struct file_watcher transfer_watcher(const struct transfer *how);

/* Where runs are transferred to or taken from. The caller owns fd. */
struct transfer_place {
	int fd;
	struct partial partial; /* begun when it is first needed */
};

#define TRANSFER_PLACE_INIT ((struct transfer_place){.fd = -1, .partial = PARTIAL_INIT})

void transfer_end(struct transfer_place *place);

/* Makes the directory, and the mark that keeps it from being copied as source code. -ENOTDIR. */
int transfer_make_dir(const char *path, int *ret_fd);

/*
 * What a run was before it was copied: a start and a change of an attribute, also one that is over
 * again, alter the times of these directories.
 */
struct transfer_stamp {
	struct timespec guild, attrs;
};

struct transfer_stamp transfer_stamp(int runs_fd, const char *id);

/* A run that is started or changed while it is moved stays where it is, with -EBUSY. */
int transfer_run(struct transfer_place *from, const char *id, struct transfer_place *to,
	const struct transfer *how, struct err *err);
/* For ever; -EBUSY as for a move. What cannot be removed of it is at its place again. */
int transfer_remove(struct transfer_place *from, const char *id, struct err *err);
/*
 * -EBUSY for a run that runs, or is about to. As long as *ret_lock is open, which stays -1 for runs
 * that are not ours, we do not start it; Guild AI may.
 */
int transfer_claim(int runs_fd, const char *id, int *ret_lock, struct err *err);
/* After it was copied in another way. -EBUSY: it is not any more what was copied, and stays. */
int transfer_remove_copied(struct transfer_place *from, const char *id,
	const struct transfer_stamp *stamp, struct err *err);
/* -EBUSY for a run that runs or is about to: what would be copied is not what it will be. */
int transfer_check_quiet(int runs_fd, const char *id, struct err *err);

#endif

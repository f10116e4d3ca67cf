/* SPDX-License-Identifier: MIT */
/*
 * A temporary log directory for TensorBoard: what the mount's tensorboard/ shows
 * (core/metrics/logdir.h), as directories and links, for a selection of runs, and with the runs'
 * images. It is brought up to date again and again while TensorBoard reads it: nothing that is
 * there changes, but for runs that leave the selection or get another name.
 */
#ifndef LOGDIR_LINKS_H
#define LOGDIR_LINKS_H

#include "runs/select.h"

struct logdir_options {
	bool skip_hparams, skip_images;
	const char
		*label; /* a template (project/flags.h) that replaces the runs' labels, or NULL */
	/* Asked before each run: false ends an update there. */
	bool (*go_on)(void *arg);
	void *arg;
};

struct logdir;

/* In $TMPDIR. NULL after a message. `options` must outlive it. */
struct logdir *logdir_new(const struct logdir_options *options);
const char *logdir_path(const struct logdir *d);
/* EXIT_OK, or EXIT_ERROR after a message; a run that cannot be read is a warning, once. */
int logdir_update(struct logdir *d, struct guild *g, const struct selected *runs);
/* Removes the directory, unless `keep`. */
void logdir_free(struct logdir *d, bool keep);

#endif

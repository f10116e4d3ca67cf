/* SPDX-License-Identifier: MIT */
/*
 * What TensorBoard sees of a run, in the mount (fs/show_logdir.c) and in the directory that
 * `guild tensorboard` makes: one directory for each run that has started, with the run's event
 * files as absolute links, at their places below the run, and the run's flags as HParams:
 *
 *	<short id> <operation> <started> <label>/
 *		events.out.tfevents.0000000000.hparams	the session's start: the flags
 *		.guild/events.out.tfevents.<...> -> ...	what the run writes
 *		events.out.tfevents.9999999999.hparams	the session's end, when the run is over
 *
 * Two files, neither of which changes once it is there, because TensorBoard's Python loader reads
 * the files of a directory one after the other, in the order of their names, and never goes back to
 * one that still grows when a later one has come. For the same reason the file of attributes
 * (`.attrs`), which comes to lie behind that of the scalars in .guild, is shown when the run is
 * over. TensorBoard's other loader reads all files at once.
 *
 * Everything here follows from the summary and the flags of the run, so that whoever makes it makes
 * the same bytes.
 */
#ifndef METRICS_LOGDIR_H
#define METRICS_LOGDIR_H

#include <stdbool.h>

#include "base/buf.h"
#include "run/summary.h"

#define LOGDIR_SESSION_START "events.out.tfevents.0000000000.hparams"
#define LOGDIR_SESSION_END   "events.out.tfevents.9999999999.hparams"

/* It has a directory: it has been started, and is not waiting to be. */
bool logdir_has(const struct run_summary *s);
/*
 * The name of its directory, as Guild AI's and encoded as a file name (base/name.h); an ellipsis,
 * with which long labels are cut, is a question mark, as there. `label` replaces the run's own.
 * A run that gets another label gets another directory: TensorBoard knows a run by its name, and
 * then shows it, with all of its values, under the new one.
 */
void logdir_name(struct buf *b, const char *id, const struct run_summary *s, const char *label);
/* What a name can only be one of: the first letters of ids. False: it is of none. */
enum { LOGDIR_ID_LEN = 8 };
bool logdir_id_of_name(const char *name, char ret_id[LOGDIR_ID_LEN + 1]);

/* An event file of this name in the run is shown. */
bool logdir_shows(const char *name, bool live);

/* A file of one event, whole. */
void logdir_put_file(struct buf *b, const struct buf *event);
/* The two files of the session, whole. They fail the buffer with errors of reading the flags. */
void logdir_session_start(struct buf *b, int run_fd, const char *id, const struct run_summary *s);
void logdir_session_end(struct buf *b, const struct run_summary *s);

#endif

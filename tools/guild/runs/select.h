/* SPDX-License-Identifier: MIT */
/*
 * Which runs a command is about (reference, 7.1): filters first, then RUN arguments, each an index
 * into the filtered list (newest first, from 1), a slice A:B of it, or the beginning of an id. And
 * what is said of such runs in lists (cmd_rows.c).
 */
#ifndef SELECT_H
#define SELECT_H

#include "guild.h"
#include "run/summary.h"

struct selection {
	struct strv operations, labels, tags, comments;
	const char *started, *digest, *filter;
	bool marked, unmarked, unlabeled;
	bool running, completed, error, terminated, pending, staged;
	bool not_running, not_completed, not_error, not_terminated, not_pending, not_staged;
};

extern const struct option_def selection_options[];
void selection_release(struct selection *sel);

enum selection_default { SELECT_ALL, SELECT_LATEST, SELECT_RUNNING };

struct selected {
	uint64_t *serials; /* newest first for filters, in the order given for RUN arguments */
	size_t *indexes;   /* from 1, in the filtered list */
	size_t n;
};

void selected_release(struct selected *s);
#define _cleanup_selected_ _cleanup_(selected_release)

/* Without RUN arguments `otherwise` says which of the filtered runs. EXIT_OK, or an exit status
 * after a message. */
int select_runs(struct guild *g, const struct selection *sel, const struct strv *args,
	enum selection_default otherwise, struct selected *ret);
/* Takes batch runs out. */
void select_drop_batches(struct guild *g, struct selected *runs);
/* For commands that are about one run: the RUN argument's, else the latest. */
int select_one(struct guild *g, const struct selection *sel, const struct strv *args,
	uint64_t *ret_serial);

/*
 * What a time range like "last 2 hours" or "after 7-1" means at the time `now`: from *ret_from on,
 * before *ret_to, in microseconds. -EINVAL with a sentence.
 */
int select_started(
	const char *range, int64_t now, int64_t *ret_from, int64_t *ret_to, struct err *err);

/*
 * The deleted runs as a home and catalogue of their own, so that they are selected and listed as
 * others are. `g` has its home open. select_close_trash() releases what this made; EXIT_OK or
 * EXIT_ERROR after a message.
 */
int select_open_trash(const struct guild *g, struct guild *ret_trash);
void select_close_trash(struct guild *trash);

/* --- what is said of a run (cmd_rows.c) ------------------------------------ */

/* Asks why those of them wait that wait elsewhere, and whether they still do. */
void select_look_at_waiting(struct guild *g, const uint64_t *serials, size_t n);

/* The row of a run in a list: [INDEX:SHORTID] (or [SHORTID] without an index), operation, time,
 * status, label. 0, also for a run that is gone, which has no row, or a negative errno. */
struct table;
int select_add_row(struct guild *g, uint64_t serial, size_t index, struct table *t);
enum { SELECT_COLUMNS = 5 };
/* SHORTID instead of [SHORTID]. */
int select_add_bare_row(struct guild *g, uint64_t serial, struct table *t);
/* `heading` and the runs, on stderr, before a question about them. */
int select_preview(struct guild *g, const char *heading, const struct selected *runs);
/* The same without id and time: [INDEX], operation, status, label. */
int select_add_simple_row(struct guild *g, uint64_t serial, size_t index, struct table *t);
enum { SELECT_SIMPLE_COLUMNS = 4 };

struct run_view {
	const char *id;
	int fd;
	struct buf path; /* the run directory */
	struct run_summary summary;
};

/* EXIT_OK or EXIT_ERROR after a message. Released also after an error. */
int run_view_open(struct guild *g, uint64_t serial, struct run_view *ret);
/* The same without a message, for one of many, which may be gone meanwhile: -ENOENT. */
int run_view_try(struct guild *g, uint64_t serial, struct run_view *ret);
/* For lists: only the summary, without a look at the store for what is known. -ENOENT: gone. */
int run_view_list(struct guild *g, uint64_t serial, struct run_view *ret);
/* The rest of such a view, when it is needed. */
int run_view_open_dir(struct guild *g, struct run_view *v);
void run_view_release(struct run_view *v);
#define _cleanup_run_view_ _cleanup_(run_view_release)
#define RUN_VIEW_INIT      ((struct run_view){.fd = -1})

/* Where the run has its source code, below the run: "DEST/", or "" for the run directory itself. */
void run_source_dest(int run_fd, struct buf *b);
/* The same as a path, without the slash. */
void run_view_source_dir(const struct run_view *v, struct buf *b);

/* The directory of the project that its operation comes from; of a batch that of the one that it
 * tries. Nothing when there is none. */
void run_project_dir(int run_fd, const struct run_summary *s, struct buf *b);

/* The names of the fields that `runs info` begins with, in its order; ends with NULL. */
extern const char *const run_fields[];
/* Text of one of them, or of another that Guild AI names so ("short_id", "duration", ...). False:
 * there is no field of this name. */
bool run_field(const struct run_view *v, const char *name, struct buf *b);

/* What `runs info --json -s -c` has, and as `problems` sentences about what is damaged. 0 or a
 * negative errno. */
struct value;
int run_info_all(const struct run_view *v, struct value **ret);
/* What `runs info` prints without options, appended. EXIT_OK or EXIT_ERROR after a message. */
int run_info(struct guild *g, uint64_t serial, struct buf *text);

/* The comments on stdout, as `runs list` (indented more) and `comment --list` (numbered) have them.
 */
void print_run_comments(int run_fd, bool numbered);

/* False: it still runs after that time. */
bool wait_for_end(int run_fd, long seconds);

/* Complains when two options that exclude each other are given: EXIT_OK or EXIT_ERROR. */
int exclude(const char *command, bool first, const char *first_name, bool second,
	const char *second_name);

/* The latest run of an operation, else the one whose id begins so; EXIT_ERROR with a message. */
int guild_find_run(struct guild *g, const char *spec, char *ret_id, size_t size);

#endif

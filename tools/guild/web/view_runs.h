/* SPDX-License-Identifier: MIT */
/*
 * What guild view answers: the page, the table of the selected runs as they are now, and what there
 * is to see of each. Of a run's directory only what is really below it, by no link; of .guild only
 * the output.
 *
 *	""                    the page
 *	runs.json?filter=EXPR {"total": N, "heading": TEXT, "rows": [...]} (page/table.h)
 *	run/ID/info.json      as runs info --json, without numbers that JSON does not know
 *	run/ID/curves.json    page_curves()
 *	run/ID/files.json     {"files": [{"path", "type": "file"|"link"|..., "size" | "target"}],
 *	                       "more": BOOL}
 *	run/ID/file/PATH      the file
 *
 * One thread at a time, which has the home for itself.
 */
#ifndef VIEW_RUNS_H
#define VIEW_RUNS_H

#include "web/http.h"
#include "runs/select.h"

struct view_runs;

/* Selection and arguments must outlive it. EXIT_OK, or an exit status after a message. */
int view_runs_new(struct guild *g, const struct selection *sel, const struct strv *args,
	bool batches, struct view_runs **ret);
void view_runs_free(struct view_runs *view);

static inline void view_runs_freep(struct view_runs **view)
{
	view_runs_free(*view);
}
#define _cleanup_view_runs_ _cleanup_(view_runs_freep)

/* For struct http_options; arg is the struct view_runs. */
void view_runs_answer(void *arg, const struct http_request *request, struct http_answer *ret);

#endif

/* SPDX-License-Identifier: MIT */
/* guild merge for people, and for programs that ask `guild api merge`: one does it, two report. */
#ifndef MERGE_REPORT_H
#define MERGE_REPORT_H

#include "runs/select.h"
#include "run/merge.h"

struct merge_options {
	struct selection sel;
	const char *target;
	struct strv exclude;
	bool source, all, no_source, no_dependencies, preview, yes, replace, no_replace;
	bool no_summary;
	const char *summary_name;
};

extern const struct option_def merge_options[];
void release_merge(void *options);

struct merging {
	struct guild *g;
	const struct merge_options *o;
	const struct merge_report *report;
	uint64_t serial;
	struct run_view view;
	const char *target;
	struct buf target_name; /* as it is spoken of */
	struct merge plan;
};

/* Each returns the exit status; after lost() and nothing() it is that of the command. */
struct merge_report {
	int (*lost)(const struct merging *m, enum merge_loss loss, const struct strv *paths);
	int (*nothing)(const struct merging *m);
	int (*preview)(const struct merging *m);
	void (*copying)(const struct merge_file *file); /* NULL: not said */
	int (*done)(const struct merging *m);           /* NULL: likewise */
};

int merge_and_report(struct guild *g, const struct merge_options *o, const struct strv *args,
	const struct merge_report *report);

#endif

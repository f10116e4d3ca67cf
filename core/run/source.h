/* SPDX-License-Identifier: MIT */
/*
 * The snapshot of a project's source code that each run keeps (reference, 1.11): the files that
 * source_rules.h chooses, without those that are dependencies.
 */
#ifndef RUN_SOURCE_H
#define RUN_SOURCE_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "project/guildfile.h"
#include "run/source_rules.h"

/* Paths below the rules' root, in the order that they are looked at. */
struct source_choice {
	struct source_rules rules;
	struct strv chosen, skipped; /* what is skipped includes directories */
	struct strv warnings;        /* sentences about limits that kept files out */
};

/* Chooses, and copies nothing. The caller releases *ret, also after an error. */
int source_choose(const struct operation *op, struct source_choice *ret, struct err *err);
void source_choice_release(struct source_choice *choice);

/*
 * Copies into the run directory, appends manifest lines, and gives the digest of what was copied
 * ("" when nothing was). Sentences for the user are added to `warnings` (may be NULL).
 */
int source_snapshot(const struct operation *op, int run_fd, struct buf *manifest,
	char ret_digest[DIGEST_MD5_LEN + 1], struct strv *warnings, struct err *err);

/* The same from the source code of another run, by its manifest: what a prototype gives. */
int source_copy_run(int from_run_fd, int run_fd, struct buf *manifest,
	char ret_digest[DIGEST_MD5_LEN + 1], struct err *err);

#endif

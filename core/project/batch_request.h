/* SPDX-License-Identifier: MIT */
/*
 * What the text of a flags file asks for, once its flags are resolved: a run by itself, or a batch
 * with its operation, the flags of its optimizer and the number of its trials. Whatever can be
 * known to be wrong before the batch runs is said now.
 *
 * Errors: -EINVAL, -EDOM and -E2BIG with a sentence; -ENOMEM.
 */
#ifndef PROJECT_BATCH_REQUEST_H
#define PROJECT_BATCH_REQUEST_H

#include "project/batch.h"
#include "project/batch_options.h"

struct batch_request {
	/* Given: */
	const struct operation *op;       /* borrowed, with its file */
	struct value *user_flags, *flags; /* resolved; ranges that a search opens are put in */
	struct batch_options options;
	/* Found: */
	enum batch_kind kind;
	struct guildfile *batch_file;     /* of batch_op */
	const struct operation *batch_op; /* NULL: no batch */
	struct value *given_flags; /* of the optimizer: what its operation and the text say */
	struct value *opt_flags;   /* all of them; NULL: it is none */
	int64_t max_trials;        /* 0: as many as there are */
};

/* Only finds the optimizer, by its name: what can be said before the text is whole. */
int batch_request_find_optimizer(struct batch_request *q, struct err *err);
int batch_request_resolve(struct batch_request *q, struct err *err);
/* All that is in it. */
void batch_request_release(struct batch_request *q);
#define _cleanup_batch_request_ _cleanup_(batch_request_release)

#endif

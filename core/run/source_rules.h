/* SPDX-License-Identifier: MIT */
/*
 * The rules by which a project's files become the source code of a run (reference, 1.11): the
 * default ones, or git's, then those of the model and of the operation. The last rule that is about
 * a file decides. Part of core/run/source.h.
 *
 * Errors: -EINVAL with a sentence and its place in the Guild file, -ENOMEM.
 */
#ifndef RUN_SOURCE_RULES_H
#define RUN_SOURCE_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "project/guildfile.h"

struct source_rule {
	bool include;
	enum { RULE_FILE, RULE_DIR, RULE_TEXT, RULE_BINARY, RULE_NOT_IGNORED } about;
	struct strv patterns; /* fnmatch; without a slash about the name alone */
	const char *sentinel; /* a directory with this in it; NULL: any */
	long max_size;        /* bytes; 0: any */
	size_t max_matches;   /* 0: any number */
	size_t matches;       /* so far */
};

struct source_rules {
	struct source_rule *v;
	size_t n;
	bool git;            /* git's rules instead of the default ones */
	struct strv ignored; /* by git: paths below the root, directories too, sorted */
	char *root;          /* absolute: the directory that is copied from */
	char *dest;          /* where to, below the run directory; "." */
};

int source_rules_make(const struct operation *op, struct source_rules *ret, struct err *err);
void source_rules_release(struct source_rules *rules);

/* Nothing can be chosen: the last word is to exclude everything. */
bool source_rules_disabled(const struct source_rules *rules);
/* A directory that is not gone into. */
bool source_rules_prune(struct source_rules *rules, int root_fd, const char *path);
/*
 * A file is source code. *ret_limit is set when only a limit of the default rules kept it out: the
 * number of files, or its size.
 */
enum source_limit { LIMIT_NONE, LIMIT_COUNT, LIMIT_SIZE };
bool source_rules_choose(
	struct source_rules *rules, int root_fd, const char *path, enum source_limit *ret_limit);
/* "exclude dir .*", one rule as people read it. */
void source_rule_print(struct buf *b, const struct source_rule *rule);

#endif

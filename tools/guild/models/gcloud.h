/* SPDX-License-Identifier: MIT */
/*
 * Google Cloud by its own program, gcloud: a command line, and its answer. Which options there are
 * is in gcloud's reference (`gcloud ai endpoints deploy-model --help`).
 */
#ifndef GCLOUD_H
#define GCLOUD_H

#include "base/strv.h"
#include "yaml/value.h"

/* A command line that is being made; an error, of which there is only one, stays with it. */
struct gcloud {
	struct strv words;
	int error;
};

#define GCLOUD_INIT ((struct gcloud){.words = STRV_INIT})

void gcloud_release(struct gcloud *c);
#define _cleanup_gcloud_ _cleanup_(gcloud_release)

/* "ai endpoints list": words with spaces between. */
void gcloud_command(struct gcloud *c, const char *words);
void gcloud_word(struct gcloud *c, const char *word);
/* --NAME=VALUE; nothing when the value is NULL or "". */
void gcloud_option(struct gcloud *c, const char *name, const char *value);

/*
 * Runs it without questions, and shows what is run. `ret` (NULL: nothing is of interest) gets its
 * answer, which was asked for as JSON; the caller frees it. An exit status, after a message.
 */
int gcloud_run(struct gcloud *c, struct value **ret);

/* The last component of a resource's name: projects/P/locations/R/endpoints/ID. */
const char *gcloud_id(const char *resource);
/* Of a list, those that are called so (`displayName`) or have this ID. The first in *ret (NULL:
 * there is none), how many as the result. */
size_t gcloud_find(const struct value *list, const char *called, const struct value **ret);

#endif

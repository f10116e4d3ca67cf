/* SPDX-License-Identifier: MIT */
/* One change of the index by the catalogue, for saved.c and sweep.c. All with index_lock held. */
#ifndef CATALOG_SAVED_H
#define CATALOG_SAVED_H

#include "catalog/entries.h"
#include "catalog/index.h"

struct saved_row {
	size_t at; /* of the entry */
	unsigned version;
};

struct saved_job {
	struct catalog *catalog;
	struct index *index;
	struct index_state state;
	int result; /* of callbacks that have none */
	struct saved_row *rows;
	size_t n, cap;
};

/* Opens the index and keeps others from changing it. Ended by saved_end(), also after an error. */
int saved_begin(struct catalog *c, struct saved_job *job);
/* Writes what the index does not have. -ESTALE: a sweep is needed first. */
int saved_commit(struct saved_job *job);
void saved_end(struct saved_job *job, int result);

#endif

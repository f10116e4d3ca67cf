/* SPDX-License-Identifier: MIT */
/* The index's inside, for its own files: index.c has the file, index_rows.c what is in it. */
#ifndef CATALOG_INDEX_DB_H
#define CATALOG_INDEX_DB_H

#include <sqlite3.h>
#include <sys/types.h>

#include "catalog/index.h"

enum index_statement {
	INDEX_GET_STATE,
	INDEX_PUT_STATE,
	INDEX_FIND_OPREF,
	INDEX_ADD_OPREF,
	INDEX_PUT_RUN,
	INDEX_DOUBT_RUN,
	INDEX_STATEMENTS,
};

struct index {
	sqlite3 *db;
	char *path;
	ino_t inode;                                /* of the file that was opened */
	sqlite3_stmt *statements[INDEX_STATEMENTS]; /* NULL: not prepared yet */
};

/* SQLite's result as 0 or a negative errno. */
int index_error(int rc);
int index_run(struct index *ix, const char *sql);

#endif

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
	INDEX_REMOVE_RUN,
	INDEX_GET_FACTS,
	INDEX_PUT_FACTS,
	INDEX_DROP_FACTS,
	INDEX_GET_CURVES,
	INDEX_PUT_CURVES,
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
/* Ready for new values. */
int index_prepare(struct index *ix, enum index_statement which, sqlite3_stmt **ret);
/* For one that gives no rows. */
int index_finish(sqlite3_stmt *statement);
/* One that is about a run, by its id, and gives no rows. */
int index_of_run(struct index *ix, enum index_statement which, const char *id);
/* NULL for what is NULL in the table; then it is not what a column NOT NULL can hold. */
char *index_text(sqlite3_stmt *statement, int column);
void index_bind_text(sqlite3_stmt *statement, int at, const char *text);

static inline void index_finalizep(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}
#define _cleanup_statement_ _cleanup_(index_finalizep)

#endif

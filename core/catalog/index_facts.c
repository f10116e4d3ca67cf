/* SPDX-License-Identifier: MIT */
/* Packed facts of runs: kept, found, forgotten. */
#include "catalog/index_db.h"

#include <errno.h>

/* Columns of what is read. */
enum { STAMP, WATCH_STAMP, WATCH, BYTES };

/* Without the bytes. */
static struct index_facts read_row(sqlite3_stmt *statement)
{
	return (struct index_facts){
		.stamp = (uint64_t)sqlite3_column_int64(statement, STAMP),
		.watch_stamp = (uint64_t)sqlite3_column_int64(statement, WATCH_STAMP),
		.watch = sqlite3_column_blob(statement, WATCH),
		.watch_len = (size_t)sqlite3_column_bytes(statement, WATCH),
	};
}

/* Each path with its NUL. */
static bool is_whole(const struct index_facts *f)
{
	return f->watch && f->watch_len && f->watch[f->watch_len - 1] == '\0';
}

static int get(
	struct index *ix, enum index_statement which, const char *id, struct index_facts *ret)
{
	sqlite3_stmt *statement = NULL;
	int rc, r = index_prepare(ix, which, &statement);

	if (r < 0)
		return r;
	index_bind_text(statement, 1, id);
	rc = sqlite3_step(statement);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? -ENOENT : index_error(rc);
	*ret = read_row(statement);
	ret->bytes = sqlite3_column_blob(statement, BYTES);
	ret->len = (size_t)sqlite3_column_bytes(statement, BYTES);
	return is_whole(ret) ? 0 : -EUCLEAN;
}

int index_get_facts(struct index *ix, const char *id, struct index_facts *ret)
{
	int r = get(ix, INDEX_GET_FACTS, id, ret);

	return r == 0 && !ret->bytes ? -EUCLEAN : r;
}

int index_get_curves(struct index *ix, const char *id, struct index_facts *ret)
{
	return get(ix, INDEX_GET_CURVES, id, ret);
}

int index_put_curves(struct index *ix, const char *id, const struct index_facts *curves)
{
	sqlite3_stmt *statement = NULL;
	int r = index_prepare(ix, INDEX_PUT_CURVES, &statement);

	if (r < 0)
		return r;
	sqlite3_bind_blob64(statement, 1, curves->bytes, curves->len, SQLITE_STATIC);
	index_bind_text(statement, 2, id);
	sqlite3_bind_int64(statement, 3, (sqlite3_int64)curves->stamp);
	sqlite3_bind_int64(statement, 4, (sqlite3_int64)curves->watch_stamp);
	return index_finish(statement);
}

int index_put_facts(struct index *ix, const char *id, const struct index_facts *f)
{
	sqlite3_stmt *statement = NULL;
	int r = index_prepare(ix, INDEX_PUT_FACTS, &statement);

	if (r < 0)
		return r;
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)f->watch_stamp);
	sqlite3_bind_blob64(statement, 2, f->watch, f->watch_len, SQLITE_STATIC);
	sqlite3_bind_blob64(statement, 3, f->bytes, f->len, SQLITE_STATIC);
	index_bind_text(statement, 4, id);
	sqlite3_bind_int64(statement, 5, (sqlite3_int64)f->stamp);
	return index_finish(statement);
}

int index_drop_facts(struct index *ix, const char *id)
{
	return index_of_run(ix, INDEX_DROP_FACTS, id);
}

int index_commit_facts(struct index *ix)
{
	return index_run(ix, "COMMIT");
}

int index_each_facts(struct index *ix,
	int (*fn)(void *arg, const char *id, const struct index_facts *facts), void *arg)
{
	_cleanup_statement_ sqlite3_stmt *statement = NULL;
	int rc, r = index_error(sqlite3_prepare_v2(ix->db,
			"SELECT facts.stamp, watch_stamp, watch, id FROM facts"
			" JOIN run ON run.n = facts.run",
			-1, &statement, NULL));

	while (r == 0 && (rc = sqlite3_step(statement)) != SQLITE_DONE) {
		const char *id = rc == SQLITE_ROW ? index_text(statement, BYTES) : NULL;
		struct index_facts facts;

		if (rc != SQLITE_ROW) {
			r = index_error(rc);
			break;
		}
		facts = read_row(statement);
		r = id && is_whole(&facts) ? fn(arg, id, &facts) : -EUCLEAN;
	}
	return r;
}

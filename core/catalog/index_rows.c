/* SPDX-License-Identifier: MIT */
/* What is in the index: reading it in one go, and changing it. */
#include "catalog/index_db.h"

#include <errno.h>
#include <sys/random.h>

#include "base/array.h"
#include "base/clock.h"

/* --- statements ----------------------------------------------------------- */

static const char *const texts[INDEX_STATEMENTS] = {
	[INDEX_GET_STATE] = "SELECT file, offset, swept, edition FROM state",
	[INDEX_PUT_STATE] = "UPDATE state SET file = ?, offset = ?, swept = ?, edition = ?",
	[INDEX_FIND_OPREF] = "SELECT n FROM opref WHERE pkg_type = ? AND pkg_name = ?"
			     " AND pkg_version = ? AND model = ? AND op = ?",
	[INDEX_ADD_OPREF] = "INSERT INTO opref (pkg_type, pkg_name, pkg_version, model, op)"
			    " VALUES (?, ?, ?, ?, ?)",
	[INDEX_PUT_RUN] =
		"INSERT INTO run (id, stamp, opref, status, initialized, started, stopped,"
		" exit_status, marked, label, dropped, proto, damage)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		" ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp, opref = excluded.opref,"
		" status = excluded.status, initialized = excluded.initialized,"
		" started = excluded.started, stopped = excluded.stopped,"
		" exit_status = excluded.exit_status, marked = excluded.marked,"
		" label = excluded.label, dropped = excluded.dropped, proto = excluded.proto, "
		"damage = excluded.damage",
	[INDEX_DOUBT_RUN] = "UPDATE run SET stamp = 0 WHERE id = ?",
	[INDEX_REMOVE_RUN] = "DELETE FROM run WHERE id = ?",
	[INDEX_GET_FACTS] = "SELECT facts.stamp, watch_stamp, watch, bytes FROM run"
			    " JOIN facts ON facts.run = run.n WHERE id = ?",
	[INDEX_PUT_FACTS] = "INSERT OR REPLACE INTO facts (run, stamp, watch_stamp, watch, bytes)"
			    " SELECT n, stamp, ?, ?, ? FROM run WHERE id = ? AND stamp = ?",
	[INDEX_DROP_FACTS] = "DELETE FROM facts WHERE run = (SELECT n FROM run WHERE id = ?)",
	[INDEX_GET_CURVES] = "SELECT facts.stamp, watch_stamp, watch, curves FROM run"
			     " JOIN facts ON facts.run = run.n WHERE id = ?",
	[INDEX_PUT_CURVES] =
		"UPDATE facts SET curves = ? WHERE run = (SELECT n FROM run WHERE id = ?)"
		" AND stamp = ? AND watch_stamp = ?",
};

/* Columns of the rows as they are read. */
enum {
	ID,
	STAMP,
	OPREF,
	STATUS,
	INITIALIZED,
	STARTED,
	STOPPED,
	EXIT_STATUS,
	MARKED,
	LABEL,
	DROPPED,
	PROTO,
	DAMAGE
};
static const char select_runs[] =
	"SELECT id, stamp, opref, status, initialized, started, stopped, exit_status, marked,"
	" label, dropped, proto, damage FROM run WHERE stamp != 0";

int index_prepare(struct index *ix, enum index_statement which, sqlite3_stmt **ret)
{
	sqlite3_stmt **statement = &ix->statements[which];
	int r = 0;

	if (*statement)
		sqlite3_reset(*statement);
	else
		r = index_error(sqlite3_prepare_v3(
			ix->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL));
	*ret = *statement;
	return r;
}

int index_finish(sqlite3_stmt *statement)
{
	int r = index_error(sqlite3_step(statement));

	sqlite3_reset(statement);
	return r;
}

void index_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

char *index_text(sqlite3_stmt *statement, int column)
{
	return (char *)sqlite3_column_text(statement, column);
}

/* --- state ---------------------------------------------------------------- */

static int get_state(struct index *ix, struct index_state *ret)
{
	sqlite3_stmt *statement = NULL;
	const char *file;
	int rc, r = index_prepare(ix, INDEX_GET_STATE, &statement);

	if (r < 0)
		return r;
	rc = sqlite3_step(statement);
	file = rc == SQLITE_ROW ? index_text(statement, 0) : NULL;
	if (rc == SQLITE_ROW && file && strlen(file) < sizeof(ret->mark.file)) {
		*ret = (struct index_state){
			.mark.offset = (size_t)sqlite3_column_int64(statement, 1),
			.swept = sqlite3_column_int64(statement, 2),
			.edition = (uint64_t)sqlite3_column_int64(statement, 3),
		};
		memcpy(ret->mark.file, file, strlen(file));
	} else {
		r = rc == SQLITE_ROW || rc == SQLITE_DONE ? -EUCLEAN : index_error(rc);
	}
	sqlite3_reset(statement);
	return r;
}

static int put_state(struct index *ix, const struct index_state *state)
{
	sqlite3_stmt *statement = NULL;
	int r = index_prepare(ix, INDEX_PUT_STATE, &statement);

	if (r < 0)
		return r;
	index_bind_text(statement, 1, state->mark.file);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)state->mark.offset);
	sqlite3_bind_int64(statement, 3, state->swept);
	sqlite3_bind_int64(statement, 4, (sqlite3_int64)state->edition);
	return index_finish(statement);
}

/* --- reading -------------------------------------------------------------- */

struct numbered {
	sqlite3_int64 n;
	struct opref opref;
};

/* All oprefs, by their number. */
struct oprefs {
	struct numbered *v;
	size_t n, cap;
};

static void oprefs_release(struct oprefs *o)
{
	for (size_t i = 0; i < o->n; i++)
		opref_release(&o->v[i].opref);
	free(o->v);
}

static char *copy_text(sqlite3_stmt *statement, int column)
{
	const char *text = index_text(statement, column);

	return text ? strdup(text) : NULL;
}

static int add_opref(struct oprefs *o, sqlite3_stmt *statement)
{
	struct opref *ref;

	if (array_grow(&o->v, o->n, &o->cap, sizeof(*o->v)) < 0)
		return -ENOMEM;
	o->v[o->n] = (struct numbered){
		.n = sqlite3_column_int64(statement, 0),
		.opref.pkg_type = copy_text(statement, 1),
		.opref.pkg_name = copy_text(statement, 2),
		.opref.pkg_version = copy_text(statement, 3),
		.opref.model = copy_text(statement, 4),
		.opref.op = copy_text(statement, 5),
	};
	ref = &o->v[o->n++].opref;
	return ref->pkg_type && ref->pkg_name && ref->pkg_version && ref->model && ref->op
		       ? 0
		       : -EUCLEAN;
}

static int compare_numbers(const void *key, const void *item)
{
	sqlite3_int64 n = *(const sqlite3_int64 *)key;
	const struct numbered *numbered = item;

	return n < numbered->n ? -1 : n > numbered->n;
}

static const struct opref *find_opref(const struct oprefs *o, sqlite3_int64 n)
{
	const struct numbered *found =
		o->n ? bsearch(&n, o->v, o->n, sizeof(*o->v), compare_numbers) : NULL;

	return found ? &found->opref : NULL;
}

static int read_oprefs(struct index *ix, struct oprefs *ret)
{
	_cleanup_statement_ sqlite3_stmt *statement = NULL;
	int rc, r = index_error(sqlite3_prepare_v2(ix->db,
			"SELECT n, pkg_type, pkg_name, pkg_version, model, op FROM opref ORDER BY "
			"n",
			-1, &statement, NULL));

	while (r == 0 && (rc = sqlite3_step(statement)) != SQLITE_DONE)
		r = rc == SQLITE_ROW ? add_opref(ret, statement) : index_error(rc);
	return r;
}

/* False for what no index of ours holds. */
static bool read_row(sqlite3_stmt *statement, const struct oprefs *oprefs, struct index_row *ret)
{
	const struct opref *opref = find_opref(oprefs, sqlite3_column_int64(statement, OPREF));
	int status = sqlite3_column_int(statement, STATUS);

	if (!opref || status < 0 || status > RUN_TERMINATED)
		return false;
	*ret = (struct index_row){
		.id = index_text(statement, ID),
		.stamp = (uint64_t)sqlite3_column_int64(statement, STAMP),
		.summary =
			{
				.opref = *opref,
				.status = (enum run_status)status,
				.initialized = sqlite3_column_int64(statement, INITIALIZED),
				.started = sqlite3_column_int64(statement, STARTED),
				.stopped = sqlite3_column_int64(statement, STOPPED),
				.has_exit_status =
					sqlite3_column_type(statement, EXIT_STATUS) != SQLITE_NULL,
				.exit_status = sqlite3_column_int(statement, EXIT_STATUS),
				.marked = sqlite3_column_int(statement, MARKED) != 0,
				.label = index_text(statement, LABEL),
				.dropped = index_text(statement, DROPPED),
				.proto = index_text(statement, PROTO),
				.damage = index_text(statement, DAMAGE),
			},
	};
	return ret->id && ret->summary.label && !run_status_live(ret->summary.status);
}

static int each_run(struct index *ix, const struct oprefs *oprefs,
	int (*fn)(void *arg, const struct index_row *row), void *arg)
{
	_cleanup_statement_ sqlite3_stmt *statement = NULL;
	struct index_row row;
	int rc, r = index_error(sqlite3_prepare_v2(ix->db, select_runs, -1, &statement, NULL));

	while (r == 0 && (rc = sqlite3_step(statement)) != SQLITE_DONE) {
		if (rc != SQLITE_ROW)
			r = index_error(rc);
		else
			r = read_row(statement, oprefs, &row) ? fn(arg, &row) : -EUCLEAN;
	}
	return r;
}

int index_view(struct index *ix, struct index_state *ret_state)
{
	int r = index_run(ix, "BEGIN");

	return r < 0 ? r : get_state(ix, ret_state);
}

int index_each(struct index *ix, int (*fn)(void *arg, const struct index_row *row), void *arg)
{
	_cleanup_(oprefs_release) struct oprefs oprefs = {0};
	int r = read_oprefs(ix, &oprefs);

	return r < 0 ? r : each_run(ix, &oprefs, fn, arg);
}

int index_each_stamp(
	struct index *ix, int (*fn)(void *arg, const char *id, uint64_t stamp), void *arg)
{
	_cleanup_statement_ sqlite3_stmt *statement = NULL;
	int rc, r = index_error(sqlite3_prepare_v2(
			ix->db, "SELECT id, stamp FROM run", -1, &statement, NULL));

	while (r == 0 && (rc = sqlite3_step(statement)) != SQLITE_DONE) {
		const char *id = rc == SQLITE_ROW ? index_text(statement, 0) : NULL;

		if (rc != SQLITE_ROW)
			r = index_error(rc);
		else
			r = id ? fn(arg, id, (uint64_t)sqlite3_column_int64(statement, 1))
			       : -EUCLEAN;
	}
	return r;
}

/* --- changing ------------------------------------------------------------- */

int index_begin(struct index *ix, struct index_state *ret_state)
{
	int r = index_run(ix, "BEGIN IMMEDIATE");

	return r < 0 ? r : get_state(ix, ret_state);
}

static void bind_opref(sqlite3_stmt *statement, const struct opref *ref)
{
	index_bind_text(statement, 1, ref->pkg_type);
	index_bind_text(statement, 2, ref->pkg_name);
	index_bind_text(statement, 3, ref->pkg_version);
	index_bind_text(statement, 4, ref->model);
	index_bind_text(statement, 5, ref->op);
}

static int opref_number(struct index *ix, const struct opref *ref, sqlite3_int64 *ret)
{
	sqlite3_stmt *statement = NULL;
	int rc, r = index_prepare(ix, INDEX_FIND_OPREF, &statement);

	if (r < 0)
		return r;
	bind_opref(statement, ref);
	rc = sqlite3_step(statement);
	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	if (rc != SQLITE_DONE)
		return index_error(rc);
	r = index_prepare(ix, INDEX_ADD_OPREF, &statement);
	if (r == 0) {
		bind_opref(statement, ref);
		r = index_finish(statement);
	}
	*ret = sqlite3_last_insert_rowid(ix->db);
	return r;
}

int index_put(struct index *ix, const struct index_row *row)
{
	const struct run_summary *s = &row->summary;
	sqlite3_stmt *statement = NULL;
	sqlite3_int64 opref;
	int r = opref_number(ix, &s->opref, &opref);

	if (r == 0)
		r = index_prepare(ix, INDEX_PUT_RUN, &statement);
	if (r < 0)
		return r;
	index_bind_text(statement, ID + 1, row->id);
	sqlite3_bind_int64(statement, STAMP + 1, (sqlite3_int64)row->stamp);
	sqlite3_bind_int64(statement, OPREF + 1, opref);
	sqlite3_bind_int(statement, STATUS + 1, (int)s->status);
	sqlite3_bind_int64(statement, INITIALIZED + 1, s->initialized);
	sqlite3_bind_int64(statement, STARTED + 1, s->started);
	sqlite3_bind_int64(statement, STOPPED + 1, s->stopped);
	if (s->has_exit_status)
		sqlite3_bind_int(statement, EXIT_STATUS + 1, s->exit_status);
	else
		sqlite3_bind_null(statement, EXIT_STATUS + 1);
	sqlite3_bind_int(statement, MARKED + 1, s->marked);
	index_bind_text(statement, LABEL + 1, s->label);
	index_bind_text(statement, DROPPED + 1, s->dropped);
	index_bind_text(statement, PROTO + 1, s->proto);
	index_bind_text(statement, DAMAGE + 1, s->damage);
	return index_finish(statement);
}

int index_of_run(struct index *ix, enum index_statement which, const char *id)
{
	sqlite3_stmt *statement = NULL;
	int r = index_prepare(ix, which, &statement);

	if (r < 0)
		return r;
	index_bind_text(statement, 1, id);
	return index_finish(statement);
}

int index_doubt(struct index *ix, const char *id)
{
	return index_of_run(ix, INDEX_DOUBT_RUN, id);
}

int index_remove(struct index *ix, const char *id)
{
	/* Facts are found by their run. */
	int r = index_of_run(ix, INDEX_DROP_FACTS, id);

	return r < 0 ? r : index_of_run(ix, INDEX_REMOVE_RUN, id);
}

int index_commit(struct index *ix, struct index_state *state)
{
	int r;

	if (getrandom(&state->edition, sizeof(state->edition), 0) != sizeof(state->edition))
		state->edition = (uint64_t)clock_now();
	r = put_state(ix, state);
	return r < 0 ? r : index_run(ix, "COMMIT");
}

/* SPDX-License-Identifier: MIT */
/* The index's file: opened, made, thrown away. Its schema is here and nowhere else. */
#include "catalog/index_db.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/name.h"

/* Counts up with every change of the schema. */
#define SCHEMA_VERSION "5"

static const char schema[] =
	/* One row: how far the runs' rows can be trusted (struct index_state). */
	"CREATE TABLE state (file TEXT NOT NULL, offset INTEGER NOT NULL, swept INTEGER NOT NULL,"
	" edition INTEGER NOT NULL);"
	"INSERT INTO state VALUES ('', 0, 0, 0);"
	/* Operations; few, and shared by many runs. */
	"CREATE TABLE opref (n INTEGER PRIMARY KEY, pkg_type TEXT NOT NULL, pkg_name TEXT NOT NULL,"
	" pkg_version TEXT NOT NULL, model TEXT NOT NULL, op TEXT NOT NULL,"
	" UNIQUE (pkg_type, pkg_name, pkg_version, model, op));"
	/* Runs that are over: struct run_summary. n is the run's number in the tables below; stamp
	 * 0 means that the rest of the row is in doubt. Times are microseconds, 0 for none. */
	"CREATE TABLE run (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stamp INTEGER NOT NULL,"
	" opref INTEGER NOT NULL, status INTEGER NOT NULL, initialized INTEGER NOT NULL,"
	" started INTEGER NOT NULL, stopped INTEGER NOT NULL, exit_status INTEGER,"
	" marked INTEGER NOT NULL, label TEXT NOT NULL, dropped TEXT, proto TEXT, damage TEXT);"
	/* What is packed of some of them: struct index_facts. Curves come later, if ever, and go
	 * when the rest is put again. */
	"CREATE TABLE facts (run INTEGER PRIMARY KEY, stamp INTEGER NOT NULL,"
	" watch_stamp INTEGER NOT NULL, watch BLOB NOT NULL, bytes BLOB NOT NULL, curves BLOB);"
	"PRAGMA user_version = " SCHEMA_VERSION ";";

int index_error(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_IOERR:
		/* A file that ends too early is damaged; else the disk is. */
		return rc == SQLITE_IOERR_SHORT_READ ? -EUCLEAN : -EIO;
	default:
		/* CORRUPT, NOTADB; ERROR for tables that are not there, MISMATCH, CONSTRAINT. */
		return -EUCLEAN;
	}
}

int index_run(struct index *ix, const char *sql)
{
	return index_error(sqlite3_exec(ix->db, sql, NULL, NULL, NULL));
}

/* --- opening -------------------------------------------------------------- */

static int open_file(const char *path, int flags, struct index **ret)
{
	struct index *ix = calloc(1, sizeof(*ix));
	int r = ix && (ix->path = strdup(path)) ? 0 : -ENOMEM;

	if (r == 0)
		r = index_error(sqlite3_open_v2(path, &ix->db,
			flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE,
			NULL));
	if (r == 0) {
		/* The file may have been written by anybody who can write the home. */
		sqlite3_db_config(ix->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(ix->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		/* A command does not sync when it ends: see index_settle(). */
		sqlite3_db_config(ix->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		sqlite3_busy_timeout(ix->db, INDEX_BUSY_MS);
		r = index_run(ix, "PRAGMA synchronous = NORMAL");
	}
	if (r < 0 && ix) {
		index_close(ix);
		return r;
	}
	*ret = ix;
	return r;
}

void index_close(struct index *ix)
{
	for (size_t i = 0; i < INDEX_STATEMENTS; i++)
		sqlite3_finalize(ix->statements[i]);
	sqlite3_close(ix->db);
	free(ix->path);
	free(ix);
}

/* -EUCLEAN for another version than ours. */
static int check_version(struct index *ix)
{
	sqlite3_stmt *statement = NULL;
	int r = index_error(
		sqlite3_prepare_v2(ix->db, "PRAGMA user_version", -1, &statement, NULL));

	if (r == 0)
		r = index_error(sqlite3_step(statement));
	if (r == 0 && strcmp((const char *)sqlite3_column_text(statement, 0), SCHEMA_VERSION) != 0)
		r = -EUCLEAN;
	sqlite3_finalize(statement);
	return r;
}

/* --- making --------------------------------------------------------------- */

static void unlink_with(const char *path, const char *suffix)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	buf_printf(&name, "%s%s", path, suffix);
	unlink(buf_str(&name));
}

/* An empty index, whole before anybody sees it under its name. */
static int make_aside(const char *aside)
{
	struct index *ix;
	int r = open_file(aside, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &ix);

	if (r < 0)
		return r;
	/* Nothing is lost with it before it has its name. */
	r = index_run(ix, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF");
	/* It is nearly always read as a whole. */
	if (r == 0)
		r = index_run(ix, "PRAGMA page_size = 16384; BEGIN");
	if (r == 0)
		r = index_run(ix, schema);
	if (r == 0)
		r = index_run(ix, "COMMIT; PRAGMA journal_mode = WAL");
	index_close(ix);
	return r;
}

/*
 * With the lock: puts an empty index there. What SQLite left beside an old one goes first: it would
 * be taken for a part of the new one.
 */
static int put_new(const char *path)
{
	_cleanup_buf_ struct buf aside = BUF_INIT;
	char random[RUN_ID_LEN + 1];
	int r = name_new_run_id(random);

	if (r < 0)
		return r;
	buf_printf(&aside, "%s-%s", path, random);
	r = make_aside(buf_str(&aside));
	if (r == 0) {
		unlink(path);
		unlink_with(path, "-wal");
		unlink_with(path, "-shm");
		r = rename(buf_str(&aside), path) < 0 ? -errno : 0;
	}
	if (r < 0)
		unlink(buf_str(&aside));
	unlink_with(buf_str(&aside), "-wal");
	unlink_with(buf_str(&aside), "-shm");
	return r;
}

/* Inode of the file; 0: there is none. */
static ino_t inode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_ino : 0;
}

/* Unless somebody else has replaced the one that was there. -EBUSY: somebody is about to. */
static int replace(const char *path, ino_t old)
{
	_cleanup_buf_ struct buf lock_path = BUF_INIT;
	_cleanup_close_ int lock = -1;

	buf_printf(&lock_path, "%s-lock", path);
	lock = open(buf_str(&lock_path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (lock < 0)
		return -errno;
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return inode_of(path) == old ? put_new(path) : 0;
}

static int open_current(const char *path, struct index **ret)
{
	struct index *ix;
	int r = open_file(path, SQLITE_OPEN_READWRITE, &ix);

	if (r < 0)
		return r;
	ix->inode = inode_of(path);
	r = check_version(ix);
	if (r < 0)
		index_close(ix);
	else
		*ret = ix;
	return r;
}

int index_open_as_is(const struct home *home, struct index **ret)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = index_path(home, &path);

	if (r == 0 && !inode_of(buf_str(&path)))
		r = -ENOENT;
	return r < 0 ? r : open_current(buf_str(&path), ret);
}

int index_open(const struct home *home, struct index **ret)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = index_path(home, &path);
	ino_t inode;

	if (r < 0)
		return r;
	inode = inode_of(buf_str(&path));
	r = inode ? open_current(buf_str(&path), ret) : -ENOENT;
	if (r != -ENOENT && r != -EUCLEAN)
		return r;
	r = replace(buf_str(&path), inode);
	return r < 0 ? r : open_current(buf_str(&path), ret);
}

void index_discard(struct index *ix)
{
	_cleanup_free_ char *path = STEAL(ix->path);
	ino_t inode = ix->inode;

	index_close(ix);
	replace(path, inode);
}

void index_settle(struct index *ix)
{
	sqlite3_wal_checkpoint_v2(ix->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

int index_verify(struct index *ix, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	const char *said;
	int r = index_error(
		sqlite3_prepare_v2(ix->db, "PRAGMA integrity_check(1)", -1, &statement, NULL));

	if (r == 0)
		r = index_error(sqlite3_step(statement));
	said = r == 0 ? (const char *)sqlite3_column_text(statement, 0) : sqlite3_errmsg(ix->db);
	if (r == 0 && strcmp(said, "ok") != 0)
		r = -EUCLEAN;
	if (r < 0)
		err_set(err, r, "%s", said);
	sqlite3_finalize(statement);
	return r;
}

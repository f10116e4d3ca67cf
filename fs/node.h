/* SPDX-License-Identifier: MIT */
/*
 * The vocabulary of the tree: what a row is, and what a place is.
 *
 * A directory is a table of rows. A row names an entry and carries its behaviour: how it prints
 * itself, takes text, leads elsewhere, or lists what is below it. lookup, readdir, attributes and
 * the printed tree all derive from the rows, and the mode of an entry follows from its callbacks,
 * so that none of them can disagree. fs/tree.c holds every table, and is the only place that
 * spells the names of the tree.
 *
 * A place is one spot in the mounted tree: a row, and the thing it is a row of (a run, a model, an
 * operation, a file). Places are small values, made from inode numbers and back (fs/ino.h); they
 * own nothing.
 *
 * For authors of files: a `show` prints into the buffer and fails it with -ENOENT when the thing
 * does not have that entry; a `store` gets the whole text that was written. Neither touches FUSE.
 * Callbacks run in any thread, without locks held.
 */
#ifndef FS_NODE_H
#define FS_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct guildfs;
struct listing;

/* What the serial number of a place counts. */
enum place_class {
	PLACE_STATIC,  /* part of the tree's own skeleton; serial 0 */
	PLACE_RUN,     /* run of the catalogue */
	PLACE_THING,   /* model or operation, fs/things.h */
	PLACE_SCRATCH, /* file that lives only in memory, fs/opdir.h */
	PLACE_VALUE,   /* value of a facet, catalog/facets.h */
	PLACE_WHERE,   /* filter expression, fs/where.h */
	PLACE_PACKAGE, /* installed package and its files, fs/packages.h; its scope */
	PLACE_FILE,    /* file of the store shown as it is, fs/backing.h */
};

/* Who asks, or has opened a file: decisions and new runs follow the opener, whoever writes later.
 */
struct opener {
	uid_t uid;
	gid_t gid;
};

struct row;

struct place {
	struct guildfs *fs;
	const struct row *row;
	enum place_class class;
	uint32_t serial;
	uint16_t slot;        /* interned name (fs/things.h), prefix length, view; 0: none */
	struct opener viewer; /* who asks; not a part of where it is */
};

enum row_kind {
	ROW_DIR,   /* rows and/or dynamic children */
	ROW_TEXT,  /* printed by show */
	ROW_DOC,   /* printed by show, replaced as a whole by store */
	ROW_CTL,   /* verbs, executed inside write(2) by store */
	ROW_FLAGS, /* a written flags file makes a run, fs/flags_file.h */
	ROW_LINK,  /* target */
	ROW_WAIT,  /* read blocks until the run ends */
	ROW_STREAM, /* read blocks until something happens */
	ROW_LOG,   /* a file of the store that grows, named by `backing` */
	ROW_FILE,  /* a file, directory or link of the store as it is */
	ROW_SCRATCH,
	ROW_WHEEL, /* a package that is being copied here, fs/wheel_file.h */
};

enum row_flag {
	ROW_HIDDEN = 1 << 0,  /* by lookup, not listed */
	ROW_PRIVATE = 1 << 1, /* 0400 */
	ROW_STAGE = 1 << 2,   /* a flags file whose runs wait */
	ROW_APPENDS = 1 << 3, /* a document that >> adds to */
	ROW_EAGER = 1 << 4,   /* a document that is stored at each complete line, so that shells
				 see what is refused */
	ROW_OPDIR = 1 << 5,   /* files may be created here */
	ROW_SOURCE = 1 << 6,  /* shows only the source code of a run */
	ROW_MOVES = 1 << 7,   /* changes also when the run is over: never cached */
	ROW_COSTLY = 1 << 8,  /* a plain ls does without its size, which takes all of the text */
	ROW_EVENTS = 1 << 9,  /* of what TensorBoard sees of a run */
};

/* Children that are not known when the program is built. */
struct dynamic {
	/* Adds every child that readdir shows. */
	int (*list)(const struct place *dir, struct listing *out);
	/* -ENOENT when there is no such child. */
	int (*find)(const struct place *dir, const char *name, struct place *ret);
	const char *name; /* how the printed tree writes such a name: "<id>" */
};

struct row {
	const char *name; /* NULL for the row of a dynamic child */
	enum row_kind kind;
	unsigned flags; /* enum row_flag */
	const char *doc;

	void (*show)(const struct place *p, struct buf *b);
	int (*store)(const struct place *p, const struct opener *who, const char *text, size_t len,
		bool append, struct err *err);
	void (*target)(const struct place *p, struct buf *b);
	/* The entry is there; NULL: ask show or target, or always. */
	bool (*exists)(const struct place *p);
	const char *backing; /* ROW_LOG: path below the run directory */
	const char *to_root; /* a link to a run: from there to the mount's root */

	struct row *rows; /* ends with a row without kind and doc */
	const struct dynamic *dynamic;
	struct row *child; /* the row of every dynamic child that has one of its own */

	uint16_t id; /* assigned by tree_init(): part of inode numbers */
};

/* The same thing, another row of it. */
static inline struct place place_at(const struct place *p, const struct row *row)
{
	struct place at = *p;

	at.row = row;
	at.slot = 0;
	return at;
}

#endif

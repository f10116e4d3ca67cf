/* SPDX-License-Identifier: MIT */
/*
 * Where the runs of the mount are: in the home, or in its trash. The serial number of a place of
 * a run says which (RUN_IN_TRASH), so that a run that is deleted or restored is another place with
 * other inode numbers. Everything that a place of a run is asked for goes by way of here.
 *
 * Thread safe. The trash is looked at when it is first asked for, and may not be there.
 */
#ifndef FS_RUNS_OF_H
#define FS_RUNS_OF_H

#include "node.h"
#include "catalog/catalog.h"
#include "run/home.h"

#define RUN_IN_TRASH (UINT32_C(1) << 31)

struct trash;

struct trash *trash_new(void); /* NULL: out of memory */
void trash_free(struct trash *trash);

/* The trash's runs; NULL while there is none. They are known as of the last catalog_rescan(). */
struct catalog *trash_catalog(struct guildfs *fs);

bool place_in_trash(const struct place *p);
/* Of the run that a place is of; NULL: its trash is gone. */
struct catalog *place_catalog(const struct place *p);
uint64_t place_serial(const struct place *p);
/* The run's id, valid as long as the mount; NULL: no such run. */
const char *place_run_id(const struct place *p);
/* O_PATH descriptor of the run's directory. -ESTALE when it is gone. */
int place_open_run(const struct place *p);
/* Absolute path of the run's directory. */
void place_run_path(const struct place *p, struct buf *b);
/* The place of a run of one of the catalogues. */
struct place place_of_run(struct guildfs *fs, uint64_t serial, bool in_trash);

#endif

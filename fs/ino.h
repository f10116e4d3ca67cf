/* SPDX-License-Identifier: MIT */
/*
 * Inode numbers are computed from places, and places from inode numbers; no table is needed, and
 * forgetting costs nothing but for files of the store, which are counted by fs/backing.h.
 *
 *	63..60 class+1   59..28 serial   27..12 slot   11..0 row
 *
 * Inode 1 is the root. The numbers that stat(2) shows are the same, but for files of the store:
 * those show a hash of device, inode and birth time of the file behind them (ino_of_backing), so
 * that a file that is replaced gets a new number and one that is forgotten keeps its own.
 */
#ifndef FS_INO_H
#define FS_INO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "node.h"

#define INO_ROOT 1

uint64_t ino_encode(const struct place *p);
/* -ESTALE for a number that ino_encode() cannot have given. */
int ino_decode(struct guildfs *fs, uint64_t ino, struct place *ret);
uint64_t ino_of_backing(dev_t dev, ino_t ino, int64_t birth_ns, unsigned salt);

#endif

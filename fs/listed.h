/* SPDX-License-Identifier: MIT */
/*
 * Directories whose listings the kernel may keep for half a minute, although nothing tells when
 * they change: which of them it has had anew lately. What is forgotten here is only listed once
 * more. Thread safe.
 */
#ifndef FS_LISTED_H
#define FS_LISTED_H

#include <stdbool.h>
#include <stdint.h>

struct listed;

struct listed *listed_new(void); /* NULL: out of memory */
void listed_free(struct listed *listed);

/* Whether the kernel may use what it has. If not, it lists the directory now. */
bool listed_lately(struct listed *listed, uint64_t ino);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a directory holds, as one opendir(3) sees it: a snapshot that its handle owns, so that
 * offsets stay good while entries come and go. Errors stick: listing_error().
 */
#ifndef FS_LISTING_H
#define FS_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "node.h"

struct listing_entry {
	char *name;
	struct place place;
	uint64_t shown_ino; /* 0: ino_encode(place) */
	uint32_t type;      /* S_IFDIR, S_IFREG or S_IFLNK */
};

struct listing {
	struct opener viewer; /* who asks: what others may not see is left out */
	struct listing_entry *entries;
	size_t n, cap;
	int error;
};

void listing_add(struct listing *l, const char *name, const struct place *place);
/* For files of the store: place.serial is 0, the entry is looked up when somebody wants more. */
void listing_add_file(struct listing *l, const char *name, uint64_t shown_ino, uint32_t type);
int listing_error(const struct listing *l);
void listing_release(struct listing *l);

#endif

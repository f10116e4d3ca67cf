/* SPDX-License-Identifier: MIT */
/* Places to inode numbers and back: bit fields, and a hash for what lies in the store. */
#include "ino.h"

#include <errno.h>
#include <xxhash.h>

#include "tree.h"

enum { ROW_BITS = 12, SLOT_BITS = 16, SERIAL_BITS = 32, CLASS_BITS = 4 };
enum { SLOT_SHIFT = ROW_BITS, SERIAL_SHIFT = SLOT_SHIFT + SLOT_BITS };
enum { CLASS_SHIFT = SERIAL_SHIFT + SERIAL_BITS };

/* Of the four class bits the highest value is not a place: the numbers shown for stored files. */
#define CLASS_SHOWN UINT64_C(15)

static uint64_t bits(uint64_t ino, int shift, int width)
{
	return ino >> shift & ((UINT64_C(1) << width) - 1);
}

uint64_t ino_encode(const struct place *p)
{
	if (p->row == tree_root())
		return INO_ROOT;
	return (uint64_t)(p->class + 1) << CLASS_SHIFT | (uint64_t)p->serial << SERIAL_SHIFT |
	       (uint64_t)p->slot << SLOT_SHIFT | p->row->id;
}

int ino_decode(struct guildfs *fs, uint64_t ino, struct place *ret)
{
	uint64_t class = bits(ino, CLASS_SHIFT, CLASS_BITS);
	const struct row *row;

	if (ino == INO_ROOT) {
		*ret = (struct place){.fs = fs, .row = tree_root(), .class = PLACE_STATIC};
		return 0;
	}
	row = tree_row((uint16_t)bits(ino, 0, ROW_BITS));
	if (!row || class == 0 || class > PLACE_FILE + 1)
		return -ESTALE;
	*ret = (struct place){
		.fs = fs,
		.row = row,
		.class = (enum place_class)(class - 1),
		.serial = (uint32_t)bits(ino, SERIAL_SHIFT, SERIAL_BITS),
		.slot = (uint16_t)bits(ino, SLOT_SHIFT, SLOT_BITS),
	};
	return 0;
}

uint64_t ino_of_backing(dev_t dev, ino_t ino, int64_t birth_ns, unsigned salt)
{
	const uint64_t key[4] = {dev, ino, (uint64_t)birth_ns, salt};

	return CLASS_SHOWN << CLASS_SHIFT | XXH3_64bits(key, sizeof(key)) >> CLASS_BITS;
}

/* SPDX-License-Identifier: MIT */
/* CSV as RFC 4180 and Python's csv module have it. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/buf.h"

/* One field, in quotes only where it must be. */
void csv_field(struct buf *b, const char *text);

#endif

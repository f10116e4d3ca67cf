/* SPDX-License-Identifier: MIT */
/* Order of names with numbers in them as people have it: a2 before a10. */
#ifndef BASE_NATURAL_H
#define BASE_NATURAL_H

/* Like strcmp(); digits count by their value, everything else bytewise. */
int natural_compare(const char *a, const char *b);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What could not be opened for want of descriptors or memory is not a thing that is not there, but
 *to whoever only asks whether it is there it looks the same. So it is counted, for each thread, and
 *who draws a conclusion from many such questions asks whether there was any shortage meanwhile:
 *
 *	unsigned before = shortages();
 *	... beneath_exists(), home_open_run() ...
 *	r = shortage_since(before);
 */
#ifndef BASE_SHORTAGE_H
#define BASE_SHORTAGE_H

#include <stdbool.h>

/* -EMFILE, -ENFILE, -ENOMEM. */
bool is_shortage(int error);
/* Counts it if it is one. Returns it. */
int shortage_note(int error);
/* How many there were in this thread. */
unsigned shortages(void);
/* The last of those that came since; 0: none. */
int shortage_since(unsigned before);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Text page by page: $PAGER, else less or more, where both stdin and stdout are a terminal. False:
 * there is no terminal or no such program, and the caller prints the text itself.
 */
#ifndef PAGER_H
#define PAGER_H

#include <stdbool.h>

bool pager_shows(int fd); /* what is in an open file, from where it is */
bool pager_shows_text(const char *text);

#endif

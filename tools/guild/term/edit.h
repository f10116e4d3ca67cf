/* SPDX-License-Identifier: MIT */
/* Asking for text in the user's editor. */
#ifndef EDIT_H
#define EDIT_H

#include "base/buf.h"

/*
 * $VISUAL, else $EDITOR, else vi, on a file that holds `text`. EXIT_OK with what was saved, or
 * EXIT_ERROR after a message. `what` is for the file's name and messages.
 */
int edit_text(const char *what, const char *text, struct buf *ret);

#endif

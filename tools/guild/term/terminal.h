/* SPDX-License-Identifier: MIT */
/*
 * The terminal as a screen (ncurses): taken, keys, texts to scroll through, and given back as it
 * was. While it is taken, what is written to stderr goes to a file in memory, from which
 * terminal_messages() takes it: a warning must not be written over the screen.
 *
 * SIGINT, SIGTERM, SIGHUP and SIGQUIT end the next terminal_key() with KEY_STOP; everybody returns
 * then, and terminal_give_back() ends the process by that signal. There is one terminal.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>

#include <curses.h>

#include "base/buf.h"

/* Keys are characters of Unicode, or beyond these ncurses' KEY_ codes. */
#define FUNCTION_KEY(code) (0x110000 + (code))
#define CTRL_KEY(c)        ((c)&0x1f)
enum { KEY_STOP = FUNCTION_KEY(KEY_MAX + 1), KEY_ESC = 27 };

/* stdin and stdout are a terminal on which a cursor can be moved. */
bool terminal_is_usable(void);
/* False: it is not; nothing has changed. */
bool terminal_take(void);
void terminal_give_back(void);

/* Waits for a key. FUNCTION_KEY(KEY_RESIZE): LINES and COLS are new. */
int terminal_key(void);

/* Appends what was written to stderr since the last call. */
void terminal_messages(struct buf *b);

/* A line of the screen: the text, cut or filled up to the screen's width. */
void terminal_line(int y, const char *text, attr_t attr);

/*
 * Edits the line at the bottom, behind `prompt`. `changed` is called after each change of the text;
 * it may draw all above that line. False: left by Escape or KEY_STOP.
 */
bool terminal_ask(const char *prompt, struct buf *text,
	void (*changed)(void *arg, const char *text), void *arg);

/*
 * Shows the text that `fill` appends until q, Escape or Enter; r has it filled anew. False: ended
 * by KEY_STOP.
 */
bool terminal_pager(const char *title, void (*fill)(void *arg, struct buf *b), void *arg);

#endif

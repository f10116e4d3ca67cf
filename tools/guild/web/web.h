/* SPDX-License-Identifier: MIT */
/* What commands that start a web server need: addresses for people, and a browser. */
#ifndef WEB_H
#define WEB_H

#include "guild.h"

#define WEB_EVERYWHERE "0.0.0.0"

/* All of this machine's interfaces; also NULL and "". */
bool web_is_everywhere(const char *host);
/* The value of --port: EXIT_OK, or EXIT_ERROR after a message. */
int web_port(const char *text, unsigned *ret);
/* Appends http://HOST:PORT that leads here: for all interfaces this machine's own name, where that
 * can be looked up. */
void web_url(struct buf *b, const char *host, unsigned port);
/* Shows a URL, where there is a screen and a program for that. */
void browser_open(const struct guild *g, const char *url);

#endif

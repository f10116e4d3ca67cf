/* SPDX-License-Identifier: MIT */
/*
 * Runs as a page for a browser: one document that needs nothing else, whether it was kept as a file
 * (index.html of the mount) or has a server to ask (guild view). What it is about is JSON inside
 * it; its style and scripts are known by their digests, so that nothing that comes from a run is
 * ever run by a browser.
 *
 * Thread safe. Errors stick to the buffers: -ENOMEM.
 */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include "base/buf.h"

/*
 * Appends the page. `data` prints a JSON object:
 *
 *	{"title": TEXT, "live": true}
 *	{"title": TEXT, "live": false, "heading": TEXT, "rows": [TEXT, ...], "total": N,
 *	 "curves": {ID: CURVES, ...}}
 *
 * heading and rows as in page_table(), CURVES as page_curves() prints them.
 */
void page_print(struct buf *b, void (*data)(void *arg, struct buf *json), void *arg);

/* The page's Content-Security-Policy. One more directive may follow it. */
void page_policy(struct buf *b);

#endif

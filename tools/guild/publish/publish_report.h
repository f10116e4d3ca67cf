/* SPDX-License-Identifier: MIT */
/*
 * Published runs in Markdown: a README of each, an index of all, and what templates of one's own
 * are made from. The default README and the template that others extend come from one table, so
 * that they cannot disagree.
 */
#ifndef PUBLISH_REPORT_H
#define PUBLISH_REPORT_H

#include "publish/publish_run.h"

/* `into_fd` is the published run: its output is read from there. */
void report_readme(struct buf *b, const struct published_run *p, int into_fd);
/*
 * The parts of it by the names that templates include them by ("_flags.md"), as text, and
 * "README.md", a Jinja template with a block for each. NULL: out of memory.
 */
struct value *report_parts(const struct published_run *p, int into_fd);

/* `runs` is a list of what is in their run.yml. */
void report_index(struct buf *b, const struct value *runs);

/* A number of bytes for people: 12, 1.5K. */
void report_size(struct buf *b, uint64_t bytes);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What guildfs is told on its command line: by people and `guild mount`, and by mount(8), which
 * calls a mount helper as
 *
 *	guildfs SOURCE MOUNTPOINT -o OPTION[,...] [-t TYPE]
 */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/strv.h"

struct options {
	struct strv projects;
	struct strv mount;  /* for libfuse, one option each */
	const char *home;   /* NULL: as `guild` finds it */
	const char *source; /* as mount(8) gave it; NULL: it is not mount(8) */
	const char *mountpoint;
	char *executor; /* owned; NULL: not said */
	bool foreground, debug, shared;
};

/* -1: go on; else the exit status, with what there was to say said. */
int options_parse(struct options *o, int argc, char **argv);
void options_release(struct options *o);

/* guildfs(1). */
void options_print_man(struct buf *b);

#endif

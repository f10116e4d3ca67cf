/* SPDX-License-Identifier: MIT */
/*
 * A TensorBoard process: the one of the Python of the project's runs, else the `tensorboard` of
 * PATH. It gets as many descriptors as this user may have, since it keeps every event file open,
 * and ends with this process, whatever ends that.
 *
 * What it prints is kept, and shown when it ends by itself.
 */
#ifndef TENSORBOARD_H
#define TENSORBOARD_H

#include <sys/types.h>

#include "guild.h"

struct tensorboard_options {
	const char *host; /* NULL: all interfaces */
	unsigned port;    /* 0: a free one */
	unsigned reload_seconds;
	const struct strv *more; /* NAME=VALUE */
};

struct tensorboard {
	struct strv argv; /* what it is started with, up to its options */
	struct buf version;
	pid_t pid;
	int log; /* what it prints */
	unsigned port;
	struct buf url;
};

#define TENSORBOARD_INIT ((struct tensorboard){.log = -1})

/* Each: EXIT_OK, or EXIT_ERROR after a message. */
int tensorboard_find(struct tensorboard *t, const struct guild *g);
int tensorboard_start(
	struct tensorboard *t, const struct tensorboard_options *o, const char *logdir);

/* It takes connections. */
bool tensorboard_answers(const struct tensorboard *t);
/* It has ended: what it had to say goes to stderr. */
bool tensorboard_has_ended(struct tensorboard *t);

/* Ends it when it runs. */
void tensorboard_release(struct tensorboard *t);

#endif

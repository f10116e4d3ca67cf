/* SPDX-License-Identifier: MIT */
/*
 * A deployment at work, in its own process (cmd_deploy_main.c), and the ways there are: one for
 * each type of target, in files of their own. A way makes a new version of the model, and fills in
 * what came of it.
 */
#ifndef DEPLOYING_H
#define DEPLOYING_H

#include <stdint.h>

#include "guild.h"
#include "base/buf.h"
#include "yaml/value.h"

struct deploying {
	struct guild *g;
	struct value *flags; /* of the run: the target, `run`, `back-to` */
	int run_fd;
	struct buf model;  /* its real path */
	struct buf name;   /* as the run has it: model/NAME */
	struct buf member; /* where it goes in its version; "": it is that */
	/* What comes of it. */
	int64_t version; /* 1 until it is known */
	struct buf where;
	struct value *result; /* what there is to know beside these two */
};

/* "" when it is not set. */
const char *deploying_flag(const struct deploying *d, const char *name);
/* Its version is one more than each of the numbers that names there are. */
void deploying_take_version(struct deploying *d, const char *name);

/* Exit statuses; what went wrong has been said. Each way ends by what came of it being recorded. */
int deploying_record(struct deploying *d);
int deploy_to_directory(struct deploying *d);
int deploy_to_remote(struct deploying *d);
int deploy_to_vertex(struct deploying *d);

#endif

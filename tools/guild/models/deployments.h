/* SPDX-License-Identifier: MIT */
/* Runs of our own operations deploy and predict: those that there are, and a new one. */
#ifndef DEPLOYMENTS_H
#define DEPLOYMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "guild.h"
#include "base/name.h"
#include "run/deploy.h"
#include "yaml/value.h"

/* A deployment that went well. */
struct former {
	char id[RUN_ID_LEN + 1];
	struct value *flags;
};

/* Those to a target, newest first, which the caller frees. -ENOMEM. The home is open. */
int formers_read(struct guild *g, const char *target, struct former **ret, size_t *ret_n);
void formers_free(struct former *formers, size_t n);
const char *former_flag(const struct former *f, const char *name); /* NULL: not set */

/* Exit statuses. `what` is a verb. */
int deployment_ask(const struct deployment *d, const char *what, bool yes);
/* Until the run is over; its exit status. */
int deployment_start(struct guild *g, const struct deployment *d);

/*
 * `guild deploy MODEL` is an operation of the project's, as `guild train MODEL` is, where it has
 * one of that name: one plain word is a MODEL, two are what our own command takes.
 */
bool is_own_operation(struct guild *g, const char *name, const struct strv *args);
int run_own_operation(struct guild *g, const char *name, const struct strv *args, bool yes);

#endif

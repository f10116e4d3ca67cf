/* SPDX-License-Identifier: MIT */
/* Round numbers along an axis, and their labels. Part of core/metrics/plot.h. */
#ifndef METRICS_TICKS_H
#define METRICS_TICKS_H

#include <stdbool.h>

#include "base/buf.h"

struct ticks {
	double first, step; /* step > 0; each is a multiple of it */
	int n;              /* 1 to about `wanted` + 1 */
	double unit;        /* labels are in this unit ... */
	const char *suffix; /* ... which is written so: "", "k", "M", ... */
	int decimals;       /* -1: with an exponent */
};

/* Within low..high, low < high, both finite and below 1e300. Whole numbers only with `whole`. */
void ticks_choose(double low, double high, int wanted, bool whole, struct ticks *ret);
static inline double ticks_at(const struct ticks *t, int i)
{
	return t->first + i * t->step;
}
void ticks_label(struct buf *b, const struct ticks *t, int i);

#endif

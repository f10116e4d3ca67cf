/* SPDX-License-Identifier: MIT */
/*
 * A curve with fewer points: of each column of steps at most four samples (the first, the lowest,
 * the highest and the last one there), in their order, so that no peak is lost. A value that is
 * not finite, or too large to be subtracted from another one, is a gap; where the step goes back,
 * as it does when a run is restarted, a new curve begins.
 */
#ifndef METRICS_THIN_H
#define METRICS_THIN_H

#include <math.h>
#include <stdbool.h>

#include "metrics/series.h"

#define THIN_VALUE_MAX 1e300

static inline bool thin_is_drawn(double value)
{
	return fabs(value) <= THIN_VALUE_MAX;
}

/* A sample to draw; begins: nothing leads to it from the one before. */
typedef void (*thin_fn)(void *arg, const struct sample *sample, bool begins);

/* Columns of equal width from the step `low` to `high`, which all that is drawn lies in. */
void thin_series(const struct series *series, double low, double high, unsigned columns,
	thin_fn draw, void *arg);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The curve of a scalar as an SVG picture for a browser or a printer: its key as the title, axes of
 * steps and values. The same samples give the same bytes.
 *
 * However many samples there are, the file has at most four points for each of its columns (the
 * first, the lowest, the highest and the last one there), so that no peak is lost. A value that is
 * not finite is a gap. Samples are drawn in their order: where the step goes back, as it does when
 * a run is restarted, a new curve begins.
 */
#ifndef METRICS_PLOT_H
#define METRICS_PLOT_H

#include "base/buf.h"
#include "metrics/series.h"

/* Appends the document, UTF-8 whatever is in the title. */
void plot_svg(struct buf *b, const char *title, const struct series *series);

#endif

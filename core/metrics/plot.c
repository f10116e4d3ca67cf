/* SPDX-License-Identifier: MIT */
/* Layout, axes and the decimated curve. */
#include "metrics/plot.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/utf8.h"
#include "metrics/thin.h"
#include "metrics/ticks.h"

/* In pixels of the picture. */
enum {
	WIDTH = 720,
	HEIGHT = 400,
	LEFT = 76,
	RIGHT = 20,
	TOP = 44,
	BOTTOM = 48,
	INNER_WIDTH = WIDTH - LEFT - RIGHT,
	INNER_HEIGHT = HEIGHT - TOP - BOTTOM,
	X_TICKS = 8,
	Y_TICKS = 6,
	/* The curve's own units, so that its points are short whole numbers. */
	FINE = 10,
};

struct plot {
	const struct series *series;
	double x_low, x_high, y_low, y_high;
	bool empty; /* nothing finite */
};

/* Smaller differences have no round numbers between them. */
#define SPAN_MIN 1e-290

/* Room around what would be a line of no height, and a little above and below every curve. */
static void widen(double *low, double *high, double share)
{
	double margin = (*high - *low) * share, size = fabs(*high);

	if (*high - *low <= fmax(size * 1e-9, SPAN_MIN))
		margin = size < SPAN_MIN ? 1 : size * 0.1;
	*low -= margin;
	*high += margin;
}

static void find_ranges(struct plot *p)
{
	p->empty = true;
	for (size_t i = 0; i < p->series->n; i++) {
		const struct sample *s = &p->series->samples[i];
		double step = (double)s->step;

		if (!thin_is_drawn(s->value))
			continue;
		if (p->empty) {
			p->x_low = p->x_high = step;
			p->y_low = p->y_high = s->value;
			p->empty = false;
		}
		p->x_low = fmin(p->x_low, step);
		p->x_high = fmax(p->x_high, step);
		p->y_low = fmin(p->y_low, s->value);
		p->y_high = fmax(p->y_high, s->value);
	}
	if (p->empty) {
		p->x_low = p->y_low = 0;
		p->x_high = p->y_high = 1;
	}
	if (p->x_low == p->x_high)
		widen(&p->x_low, &p->x_high, 0);
	widen(&p->y_low, &p->y_high, 0.05);
}

static double x_of(const struct plot *p, double step)
{
	return (step - p->x_low) / (p->x_high - p->x_low) * INNER_WIDTH;
}

static double y_of(const struct plot *p, double value)
{
	return (p->y_high - value) / (p->y_high - p->y_low) * INNER_HEIGHT;
}

/* --- the curve ------------------------------------------------------------------------------ */

struct point {
	int x, y; /* 1/FINE of a pixel */
};

struct pen {
	struct buf *b;
	const struct plot *plot;
	struct point at;
};

static void draw_to(void *arg, const struct sample *s, bool begins)
{
	struct pen *pen = arg;
	struct point to = {(int)lround(x_of(pen->plot, (double)s->step) * FINE),
		(int)lround(y_of(pen->plot, s->value) * FINE)};

	if (begins)
		buf_printf(pen->b, "M%d %dh0", to.x, to.y);
	else if (to.x != pen->at.x || to.y != pen->at.y)
		buf_printf(pen->b, "l%d%s%d", to.x - pen->at.x, to.y < pen->at.y ? "" : " ",
			to.y - pen->at.y);
	pen->at = to;
}

static void put_curve(struct buf *b, const struct plot *p)
{
	struct pen pen = {.b = b, .plot = p};

	buf_printf(b,
		"<path transform=\"translate(%d %d) scale(.1)\" fill=\"none\" stroke=\"#1f6fb4\" "
		"stroke-width=\"16\" stroke-linejoin=\"round\" stroke-linecap=\"round\" d=\"",
		LEFT, TOP);
	thin_series(p->series, p->x_low, p->x_high, INNER_WIDTH, draw_to, &pen);
	buf_puts(b, "\"/>\n");
}

/* --- what is around it ---------------------------------------------------------------------- */

#define GRID "#e3e3e3"
#define AXIS "#888"

static void put_x_axis(struct buf *b, const struct plot *p)
{
	struct ticks ticks;

	ticks_choose(p->x_low, p->x_high, X_TICKS, true, &ticks);
	buf_puts(b, "<g text-anchor=\"middle\">\n");
	for (int i = 0; i < ticks.n; i++) {
		double x = LEFT + x_of(p, ticks_at(&ticks, i));

		buf_printf(b,
			"<path d=\"M%.1f %dv4\" stroke=\"" AXIS "\"/><text x=\"%.1f\" y=\"%d\">", x,
			HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 18);
		ticks_label(b, &ticks, i);
		buf_puts(b, "</text>\n");
	}
	buf_printf(b, "<text x=\"%d\" y=\"%d\">step</text>\n</g>\n", LEFT + INNER_WIDTH / 2,
		HEIGHT - 10);
}

static void put_y_axis(struct buf *b, const struct plot *p)
{
	struct ticks ticks;

	ticks_choose(p->y_low, p->y_high, Y_TICKS, false, &ticks);
	buf_puts(b, "<g text-anchor=\"end\">\n");
	for (int i = 0; i < ticks.n; i++) {
		double y = TOP + y_of(p, ticks_at(&ticks, i));

		buf_printf(b,
			"<path d=\"M%d %.1fh%d\" stroke=\"" GRID "\"/><text x=\"%d\" y=\"%.1f\">",
			LEFT, y, INNER_WIDTH, LEFT - 8, y + 4);
		ticks_label(b, &ticks, i);
		buf_puts(b, "</text>\n");
	}
	buf_printf(b,
		"<text text-anchor=\"middle\" transform=\"translate(16 %d) rotate(-90)\">"
		"value</text>\n</g>\n",
		TOP + INNER_HEIGHT / 2);
}

void plot_svg(struct buf *b, const char *title, const struct series *series)
{
	_cleanup_buf_ struct buf safe = BUF_INIT;
	struct plot p = {.series = series};

	find_ranges(&p);
	utf8_add_xml(&safe, title);
	buf_printf(b,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\" role=\"img\" font-family=\"system-ui,'DejaVu "
		"Sans',sans-serif\" "
		"font-size=\"12\" fill=\"#444\" stroke-width=\"1\">\n"
		"<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"%d\" y=\"26\" font-size=\"15\" font-weight=\"600\" "
		"fill=\"#111\">%s</text>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT, buf_str(&safe), LEFT, buf_str(&safe));
	if (buf_error(&safe))
		buf_fail(b, buf_error(&safe));
	put_y_axis(b, &p);
	put_x_axis(b, &p);
	buf_printf(b, "<path fill=\"none\" stroke=\"" AXIS "\" d=\"M%d %dv%dh%d\"/>\n", LEFT, TOP,
		INNER_HEIGHT, INNER_WIDTH);
	if (p.empty)
		buf_printf(b,
			"<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" fill=\"#777\">"
			"no finite values</text>\n",
			LEFT + INNER_WIDTH / 2, TOP + INNER_HEIGHT / 2);
	else
		put_curve(b, &p);
	buf_puts(b, "</svg>\n");
}

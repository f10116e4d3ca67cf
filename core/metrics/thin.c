/* SPDX-License-Identifier: MIT */
/* Column by column, from first to last sample. */
#include "metrics/thin.h"

/* Samples of one column that follow each other, and where they go. */
struct thin {
	thin_fn draw;
	void *arg;
	bool begins; /* what is drawn next begins a curve */
	unsigned column;
	const struct sample *first, *low, *high, *last; /* first NULL: none */
	const struct sample *drawn;
};

static void draw(struct thin *t, const struct sample *s)
{
	if (s == t->drawn)
		return;
	t->draw(t->arg, s, t->begins);
	t->begins = false;
	t->drawn = s;
}

static void end_column(struct thin *t)
{
	if (!t->first)
		return;
	draw(t, t->first);
	/* They are in one array, in their order. */
	draw(t, t->low < t->high ? t->low : t->high);
	draw(t, t->low < t->high ? t->high : t->low);
	draw(t, t->last);
	t->first = NULL;
}

static void add(struct thin *t, const struct sample *s, unsigned column)
{
	if (t->first && column != t->column)
		end_column(t);
	if (!t->first) {
		t->column = column;
		t->first = t->low = t->high = s;
	}
	if (s->value < t->low->value)
		t->low = s;
	if (s->value > t->high->value)
		t->high = s;
	t->last = s;
}

/* The last column has the step `high`, too. */
static unsigned column_of(double step, double low, double high, unsigned columns)
{
	double column = high > low ? (step - low) / (high - low) * columns : 0;

	return column < columns ? (unsigned)column : columns - 1;
}

void thin_series(const struct series *series, double low, double high, unsigned columns,
	thin_fn draw_fn, void *arg)
{
	struct thin t = {.draw = draw_fn, .arg = arg, .begins = true};
	int64_t before = INT64_MIN;

	for (size_t i = 0; i < series->n; i++) {
		const struct sample *s = &series->samples[i];

		if (!thin_is_drawn(s->value) || s->step < before) {
			end_column(&t);
			t.begins = true;
		}
		before = s->step;
		if (thin_is_drawn(s->value))
			add(&t, s, column_of((double)s->step, low, high, columns));
	}
	end_column(&t);
}

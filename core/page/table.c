/* SPDX-License-Identifier: MIT */
/* Rows and curves as JSON. */
#include "page/table.h"

#include <math.h>
#include <string.h>

#include "metrics/thin.h"
#include "yaml/json.h"

/* Without the newline at its end. */
static void print_line(struct buf *b, const char *text, size_t len)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_add(&line, text, len - 1);
	json_emit_string(b, buf_str(&line));
	if (buf_error(&line))
		buf_fail(b, buf_error(&line));
}

void page_table(struct buf *b, const struct run_table *table, size_t max,
	bool (*pick)(void *arg, uint64_t serial), void *arg)
{
	size_t len, n = 0;
	const char *text = run_table_heading(table, &len);

	buf_puts(b, "\"heading\": ");
	print_line(b, text, len);
	buf_puts(b, ", \"rows\": [");
	for (size_t i = 0; i < run_table_rows(table) && n < max; i++) {
		uint64_t serial;

		text = run_table_row(table, i, &serial, &len);
		if (pick && !pick(arg, serial))
			continue;
		buf_puts(b, n++ ? ",\n" : "\n");
		print_line(b, text, len);
	}
	buf_putc(b, ']');
}

/* --- curves --------------------------------------------------------------- */

struct lists {
	struct buf steps, values;
};

static void lists_release(struct lists *l)
{
	buf_release(&l->steps);
	buf_release(&l->values);
}

static void add_sample(void *arg, const struct sample *s, bool begins)
{
	struct lists *l = arg;
	const char *gap = !l->steps.len ? "" : begins ? ",null," : ",";

	buf_printf(&l->steps, "%s%lld", gap, (long long)s->step);
	buf_printf(&l->values, "%s%.7g", gap, s->value);
}

static void print_curve(struct buf *b, const struct series *series, unsigned columns)
{
	_cleanup_(lists_release) struct lists l = {BUF_INIT, BUF_INIT};
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < series->n; i++) {
		low = fmin(low, (double)series->samples[i].step);
		high = fmax(high, (double)series->samples[i].step);
	}
	thin_series(series, low, high, columns, add_sample, &l);
	buf_printf(b, "[[%s],[%s]]", buf_str(&l.steps), buf_str(&l.values));
	if (buf_error(&l.steps) || buf_error(&l.values))
		buf_fail(b, buf_error(&l.steps) ? buf_error(&l.steps) : buf_error(&l.values));
}

void page_curves(struct buf *b, const struct scalars *scalars, unsigned columns, bool with_sys)
{
	size_t n;
	const struct scalar *list = scalars_list(scalars, &n);
	const char *comma = "";

	buf_putc(b, '{');
	for (size_t i = 0; i < n; i++) {
		const struct scalar *s = &list[i];

		if (s->shadowed || (!with_sys && strncmp(s->series->tag, "sys/", 4) == 0))
			continue;
		buf_puts(b, comma);
		json_emit_string(b, s->key);
		buf_putc(b, ':');
		print_curve(b, s->series, columns);
		comma = ",\n";
	}
	buf_putc(b, '}');
}

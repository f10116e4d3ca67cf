/* SPDX-License-Identifier: MIT */
/* Aligned columns. */
#include "term/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"

int table_add(struct table *t, const char *cell)
{
	return strv_add(&t->cells, cell);
}

void table_release(struct table *t)
{
	strv_release(&t->cells);
}

/* Characters, not bytes: what continues a UTF-8 sequence takes no room. */
static size_t width_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* 0: no terminal, lines are whole. */
static size_t terminal_width(FILE *to)
{
	struct winsize size;

	if (!isatty(fileno(to)) || ioctl(fileno(to), TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

static void print_line(const char *line, size_t width, FILE *to)
{
	size_t n = 0;

	for (; *line && (!width || n < width || ((unsigned char)*line & 0xc0) == 0x80); line++) {
		n += ((unsigned char)*line & 0xc0) != 0x80;
		fputc(*line, to);
	}
	fputc('\n', to);
}

/* The widest cell of each column; NULL: out of memory. */
static size_t *measure(const struct table *t)
{
	size_t *widths = calloc(t->columns, sizeof(*widths));

	for (size_t i = 0; widths && i < t->cells.n; i++) {
		size_t w = width_of(t->cells.v[i]);

		if (w > widths[i % t->columns])
			widths[i % t->columns] = w;
	}
	return widths;
}

static void print_row(const struct table *t, const size_t *widths, size_t row, const char *indent,
	size_t terminal, FILE *to)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_puts(&line, indent);
	for (size_t c = 0; c < t->columns; c++) {
		const char *cell = t->cells.v[row * t->columns + c];

		buf_puts(&line, cell);
		for (size_t w = width_of(cell); c + 1 < t->columns && w < widths[c] + 2; w++)
			buf_putc(&line, ' ');
	}
	print_line(buf_str(&line), terminal, to);
}

void table_print(const struct table *t, const char *indent, FILE *to)
{
	size_t rows = t->cells.n / t->columns, terminal = terminal_width(to);
	_cleanup_free_ size_t *widths = measure(t);

	for (size_t row = 0; widths && row < rows; row++)
		print_row(t, widths, row, indent, terminal, to);
}

void table_print_detailed(const struct table *t, void (*detail)(void *arg, size_t row), void *arg)
{
	size_t rows = t->cells.n / t->columns, terminal = terminal_width(stdout);
	_cleanup_free_ size_t *widths = measure(t);

	for (size_t row = 0; widths && row < rows; row++) {
		print_row(t, widths, row, "", terminal, stdout);
		detail(arg, row);
	}
}

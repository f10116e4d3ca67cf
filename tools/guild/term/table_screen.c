/* SPDX-License-Identifier: MIT */
/* The table of keys, and what each does to the view. */
#include "term/table_screen.h"

#include <limits.h>
#include <string.h>

#include "term/table_draw.h"
#include "term/terminal.h"

enum { NUMBER_MAX = 999999 };

struct screen {
	const struct table_screen *t;
	struct grid_view *v;
	struct buf search;  /* "": nothing was searched for */
	size_t row, column; /* the cursor before a search */
	struct buf message; /* in place of what the status says, until the next key */
	struct buf log;     /* all warnings and errors */
	long number;        /* typed before a key; 0: none */
	size_t kept[2];     /* a place to come back to: row, column */
	bool quit;
};

/* --- what the status says ------------------------------------------------------------ */

static void draw(struct screen *s)
{
	table_draw(s->v, s->message.len ? buf_str(&s->message) : NULL, s->number);
}

static void __attribute__((format(printf, 2, 3))) say(struct screen *s, const char *format, ...)
{
	va_list ap;

	buf_clear(&s->message);
	va_start(ap, format);
	buf_vprintf(&s->message, format, ap);
	va_end(ap);
}

static void check(struct screen *s, int r)
{
	if (r < 0)
		say(s, "%s", "out of memory");
}

/* What a function of the table's had to say goes to the log, its last line to the status. */
static void collect_messages(struct screen *s)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *last;

	terminal_messages(&text);
	if (!text.len)
		return;
	buf_puts(&s->log, buf_str(&text));
	text.data[text.len - 1] = '\0';
	last = strrchr(text.data, '\n');
	say(s, "%s", last ? last + 1 : text.data);
}

/* --- keys: moving ------------------------------------------------------------------ */

static void go(struct screen *s, long row, long column)
{
	grid_view_go(s->v, row, column);
}

static void move_down(struct screen *s, long n)
{
	go(s, (long)s->v->row + n, (long)s->v->column);
}

static void move_up(struct screen *s, long n)
{
	move_down(s, -n);
}

static void move_right(struct screen *s, long n)
{
	go(s, (long)s->v->row, (long)s->v->column + n);
}

static void move_left(struct screen *s, long n)
{
	move_right(s, -n);
}

static void page_down(struct screen *s, long n)
{
	grid_view_page(s->v, n);
}

static void page_up(struct screen *s, long n)
{
	grid_view_page(s->v, -n);
}

static void page_right(struct screen *s, long n)
{
	grid_view_page_columns(s->v, n);
}

static void page_left(struct screen *s, long n)
{
	grid_view_page_columns(s->v, -n);
}

static void go_row(struct screen *s, long n)
{
	go(s, n - 1, (long)s->v->column);
}

static void go_column(struct screen *s, long n)
{
	go(s, (long)s->v->row, n - 1);
}

static void keep_place(struct screen *s, long n)
{
	(void)n;
	s->kept[0] = s->v->row;
	s->kept[1] = s->v->column;
	say(s, "this place is kept; ' comes back to it");
}

static void go_kept(struct screen *s, long n)
{
	(void)n;
	go(s, (long)s->kept[0], (long)s->kept[1]);
}

static void next_change(struct screen *s, long n, int down, int right)
{
	while (n-- > 0)
		if (!grid_view_next_change(s->v, down, right)) {
			say(s, "no other value in this direction");
			return;
		}
}

static void change_down(struct screen *s, long n)
{
	next_change(s, n, 1, 0);
}

static void change_up(struct screen *s, long n)
{
	next_change(s, n, -1, 0);
}

static void change_right(struct screen *s, long n)
{
	next_change(s, n, 0, 1);
}

static void change_left(struct screen *s, long n)
{
	next_change(s, n, 0, -1);
}

/* --- keys: searching --------------------------------------------------------------- */

static void search_again(struct screen *s, bool back)
{
	if (!s->search.len)
		say(s, "nothing was searched for yet; / begins");
	else if (!grid_view_find(s->v, buf_str(&s->search), back, false))
		say(s, "no cell has '%s'", buf_str(&s->search));
}

static void search_next(struct screen *s, long n)
{
	(void)n;
	search_again(s, false);
}

static void search_back(struct screen *s, long n)
{
	(void)n;
	search_again(s, true);
}

/* From where the search began, so that a shorter text finds what it would have found at once. */
static void search_typed(void *arg, const char *text)
{
	struct screen *s = arg;

	go(s, (long)s->row, (long)s->column);
	grid_view_find(s->v, text, false, true);
	draw(s);
}

static void search(struct screen *s, long n)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	(void)n;
	s->row = s->v->row;
	s->column = s->v->column;
	if (!terminal_ask("search: ", &text, search_typed, s)) {
		go(s, (long)s->row, (long)s->column);
		return;
	}
	buf_clear(&s->search);
	buf_puts(&s->search, buf_str(&text));
	go(s, (long)s->row, (long)s->column);
	if (text.len && !grid_view_find(s->v, buf_str(&text), false, true))
		say(s, "no cell has '%s'", buf_str(&text));
}

/* --- keys: arranging --------------------------------------------------------------- */

static void sort_up(struct screen *s, long n)
{
	(void)n;
	check(s, grid_view_sort(s->v, false));
}

static void sort_down(struct screen *s, long n)
{
	(void)n;
	check(s, grid_view_sort(s->v, true));
}

static void unsort(struct screen *s, long n)
{
	(void)n;
	check(s, grid_view_unsort(s->v, false));
}

static void unsort_reversed(struct screen *s, long n)
{
	(void)n;
	check(s, grid_view_unsort(s->v, true));
}

static void hide(struct screen *s, long n)
{
	while (n-- > 0)
		check(s, grid_view_hide(s->v));
}

static void show_all(struct screen *s, long n)
{
	(void)n;
	grid_view_show_all(s->v);
}

static void freeze(struct screen *s, long n)
{
	(void)n;
	grid_view_freeze(s->v);
}

static void wider(struct screen *s, long n)
{
	check(s, grid_view_widen(s->v, (int)n));
}

static void narrower(struct screen *s, long n)
{
	check(s, grid_view_widen(s->v, (int)-n));
}

static void all_wider(struct screen *s, long n)
{
	grid_view_widen_all(s->v, (int)n);
}

static void all_narrower(struct screen *s, long n)
{
	grid_view_widen_all(s->v, (int)-n);
}

static void set_width(struct screen *s, long n)
{
	check(s, grid_view_set_width(s->v, (size_t)n));
}

static void set_all_widths(struct screen *s, long n)
{
	grid_view_set_all_widths(s->v, (size_t)n);
}

/* --- keys: runs -------------------------------------------------------------------- */

static void fill_details(void *arg, struct buf *b)
{
	const struct screen *s = arg;
	_cleanup_buf_ struct buf messages = BUF_INIT;

	s->t->details(s->t->arg, grid_view_serial(s->v), b);
	terminal_messages(&messages);
	buf_puts(b, buf_str(&messages));
}

static void show_details(struct screen *s, long n)
{
	_cleanup_buf_ struct buf title = BUF_INIT;

	(void)n;
	if (!s->v->n_rows)
		return;
	buf_puts(&title, "Run ");
	grid_view_text(s->v, s->v->row, 0, &title);
	s->quit = !terminal_pager(buf_str(&title), fill_details, s);
}

static void reload(struct screen *s, long n)
{
	(void)n;
	say(s, "reading runs ...");
	draw(s);
	buf_clear(&s->message);
	s->t->reload(s->t->arg);
}

static void mark(struct screen *s, bool marked)
{
	if (!s->v->n_rows)
		return;
	s->t->mark(s->t->arg, grid_view_serial(s->v), marked);
	grid_view_measure_again(s->v);
}

static void mark_run(struct screen *s, long n)
{
	(void)n;
	mark(s, true);
}

static void unmark_run(struct screen *s, long n)
{
	(void)n;
	mark(s, false);
}

/* --- keys: the rest ---------------------------------------------------------------- */

static void fill_log(void *arg, struct buf *b)
{
	const struct screen *s = arg;

	buf_puts(b, s->log.len ? buf_str(&s->log) : "There were no messages.\n");
}

static void show_log(struct screen *s, long n)
{
	(void)n;
	s->quit = !terminal_pager("Messages", fill_log, s);
}

static void draw_anew(struct screen *s, long n)
{
	(void)s;
	(void)n;
	clearok(curscr, TRUE);
}

static void quit(struct screen *s, long n)
{
	(void)n;
	s->quit = true;
}

static void show_help(struct screen *s, long n);

enum { KEYS = 5, TO_THE_END = LONG_MAX / 2 };

/* The help screen is made from it, too. N is a number typed before the key, `otherwise` stands for
 * it where none is. */
static const struct binding {
	int keys[KEYS];
	const char *label, *help;
	void (*act)(struct screen *s, long n);
	long otherwise;
} bindings[] = {
	{{'?', FUNCTION_KEY(KEY_F(1))}, "?, F1", "this text", show_help, 1},
	{{'q', 'Q'}, "q, Q", "quit", quit, 1},
	{{'j', FUNCTION_KEY(KEY_DOWN)}, "[N] Down, j", "a run down", move_down, 1},
	{{'k', FUNCTION_KEY(KEY_UP)}, "[N] Up, k", "a run up", move_up, 1},
	{{'l', FUNCTION_KEY(KEY_RIGHT)}, "[N] Right, l", "a column to the right", move_right, 1},
	{{'h', FUNCTION_KEY(KEY_LEFT)}, "[N] Left, h", "a column to the left", move_left, 1},
	{{'J', ' ', FUNCTION_KEY(KEY_NPAGE)}, "[N] PgDn, J", "a page down", page_down, 1},
	{{'K', FUNCTION_KEY(KEY_PPAGE)}, "[N] PgUp, K", "a page up", page_up, 1},
	{{'L'}, "[N] L", "a page to the right", page_right, 1},
	{{'H'}, "[N] H", "a page to the left", page_left, 1},
	{{'0', '^', CTRL_KEY('a'), FUNCTION_KEY(KEY_HOME)}, "Home, 0, ^, Ctrl-A",
		"to the first column", go_column, 1},
	{{'$', CTRL_KEY('e'), FUNCTION_KEY(KEY_END)}, "End, $, Ctrl-E", "to the last column",
		go_column, TO_THE_END},
	{{'g'}, "g", "to the first run", go_row, 1},
	{{'G'}, "[N] G", "to the last run, or number N", go_row, TO_THE_END},
	{{'|'}, "[N] |", "to the first column, or number N", go_column, 1},
	{{']'}, "[N] ]", "down to the next run with another value here", change_down, 1},
	{{'['}, "[N] [", "up to the next run with another value here", change_up, 1},
	{{'}'}, "[N] }", "right to the next column with another value", change_right, 1},
	{{'{'}, "[N] {", "left to the next column with another value", change_left, 1},
	{{FUNCTION_KEY(KEY_IC)}, "Insert", "keep this place in mind", keep_place, 1},
	{{'\'', FUNCTION_KEY(KEY_DC)}, "Delete, '", "back to the place kept in mind", go_kept, 1},
	{{'/'}, "/", "search for text in cells; Escape gives up", search, 1},
	{{'n'}, "n", "to the next cell that has it", search_next, 1},
	{{'N', 'p'}, "N, p", "to the one before", search_back, 1},
	{{'s'}, "s", "sort by this column, lowest first", sort_up, 1},
	{{'S', '!'}, "S, !", "sort by this column, highest first", sort_down, 1},
	{{'a'}, "a", "do not sort: in the first order", unsort, 1},
	{{'A'}, "A", "the same, last to first", unsort_reversed, 1},
	{{'x'}, "[N] x", "hide this column", hide, 1},
	{{'X'}, "X", "show all columns again", show_all, 1},
	{{'f'}, "f", "hold the columns up to this one in place; again: none", freeze, 1},
	{{'+', '.'}, "[N] +, .", "make this column wider", wider, 1},
	{{'-', ','}, "[N] -, ,", "make this column narrower", narrower, 1},
	{{'>'}, "[N] >", "make all columns wider", all_wider, 1},
	{{'<'}, "[N] <", "make all columns narrower", all_narrower, 1},
	{{'C'}, "[N] C", "this column as wide as its texts, or N", set_width, 0},
	{{'c'}, "[N] c", "all columns as wide as their texts or cut, or N", set_all_widths, 0},
	{{'\r', '\n', FUNCTION_KEY(KEY_ENTER)}, "Enter", "what is known of this run", show_details,
		1},
	{{'m'}, "m", "mark this run", mark_run, 1},
	{{'u'}, "u", "take the mark from this run", unmark_run, 1},
	{{'r', 'R'}, "r, R", "read the runs again", reload, 1},
	{{'`'}, "`", "warnings and errors so far", show_log, 1},
	{{CTRL_KEY('l')}, "Ctrl-L", "draw the screen again", draw_anew, 1},
};

static void fill_help(void *arg, struct buf *b)
{
	(void)arg;
	for (size_t i = 0; i < ARRAY_SIZE(bindings); i++)
		buf_printf(b, "  %-20s  %s\n", bindings[i].label, bindings[i].help);
}

static void show_help(struct screen *s, long n)
{
	(void)n;
	s->quit = !terminal_pager("Keys ([N] is a number typed before)", fill_help, NULL);
}

static const struct binding *find_binding(int key)
{
	for (size_t i = 0; i < ARRAY_SIZE(bindings); i++)
		for (size_t k = 0; k < KEYS && bindings[i].keys[k]; k++)
			if (bindings[i].keys[k] == key)
				return &bindings[i];
	return NULL;
}

static void handle(struct screen *s, int key)
{
	const struct binding *b;

	if (key == KEY_STOP) {
		s->quit = true;
		return;
	}
	if ((key >= '1' && key <= '9') || (key == '0' && s->number)) {
		s->number = s->number * 10 + (key - '0');
		if (s->number > NUMBER_MAX)
			s->number = NUMBER_MAX;
		return;
	}
	b = find_binding(key);
	if (b)
		b->act(s, s->number ? s->number : b->otherwise);
	s->number = 0;
}

bool table_screen_run(const struct table_screen *t)
{
	struct screen s = {.t = t, .v = t->view};

	if (!terminal_take())
		return false;
	while (!s.quit) {
		int key;

		draw(&s);
		key = terminal_key();
		if (key != FUNCTION_KEY(KEY_RESIZE))
			buf_clear(&s.message);
		handle(&s, key);
		collect_messages(&s);
	}
	terminal_give_back();
	buf_release(&s.search);
	buf_release(&s.message);
	buf_release(&s.log);
	return true;
}

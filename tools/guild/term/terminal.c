/* SPDX-License-Identifier: MIT */
/* Taking the terminal, keys, lines, and giving it back. */
#include "term/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

#include "base/term_text.h"

enum { ESCAPE_MS = 25, READ_TRIES = 10, MESSAGE_BLOCK = 4096 };

static struct {
	SCREEN *screen;
	sigset_t waiting; /* the mask while a key is waited for */
	sigset_t before;
	int stderr_fd; /* the real one */
	off_t read;    /* of the messages */
} terminal;

static volatile sig_atomic_t stopped_by;

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static void on_signal(int signal)
{
	stopped_by = signal;
}

/* --- taking and giving back ---------------------------------------------------- */

bool terminal_is_usable(void)
{
	bool can_move;
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return false;
	/* newterm() would end the process for some terminals that it cannot use. */
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return false;
	can_move = cursor_address && clr_eol;
	del_curterm(cur_term);
	return can_move;
}

/*
 * Signals are let in only while a key is waited for: none is missed between a look at what it has
 * set and the wait, and ncurses' own handlers (SIGWINCH, SIGTSTP) do not interrupt drawing.
 */
static void take_signals(void)
{
	const struct sigaction action = {.sa_handler = on_signal};
	sigset_t mask;

	stopped_by = 0;
	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	sigaddset(&mask, SIGTSTP);
	for (size_t i = 0; i < ARRAY_SIZE(stopping); i++)
		sigaddset(&mask, stopping[i]);
	sigprocmask(SIG_BLOCK, &mask, &terminal.before);
	terminal.waiting = terminal.before;
	for (size_t i = 0; i < ARRAY_SIZE(stopping); i++) {
		struct sigaction old;

		sigaction(stopping[i], NULL, &old);
		/* Whoever had it ignored (nohup) meant it. */
		if (old.sa_handler == SIG_IGN)
			continue;
		sigaction(stopping[i], &action, NULL);
		sigdelset(&terminal.waiting, stopping[i]);
	}
	sigdelset(&terminal.waiting, SIGWINCH);
	sigdelset(&terminal.waiting, SIGTSTP);
}

static void take_stderr(void)
{
	int file = memfd_create("messages", MFD_CLOEXEC);

	fflush(stderr);
	terminal.read = 0;
	terminal.stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (file >= 0 && terminal.stderr_fd >= 0)
		dup2(file, STDERR_FILENO);
	if (file >= 0)
		close(file);
}

bool terminal_take(void)
{
	setlocale(LC_CTYPE, "");
	if (!terminal_is_usable())
		return false;
	fflush(stdout);
	terminal.screen = newterm(NULL, stdout, stdin);
	if (!terminal.screen)
		return false;
	take_signals();
	take_stderr();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	return true;
}

void terminal_give_back(void)
{
	int by = stopped_by;

	curs_set(1);
	endwin();
	delscreen(terminal.screen);
	fflush(stdout);
	if (terminal.stderr_fd >= 0) {
		fflush(stderr);
		dup2(terminal.stderr_fd, STDERR_FILENO);
		close(terminal.stderr_fd);
	}
	for (size_t i = 0; i < ARRAY_SIZE(stopping); i++) {
		struct sigaction now;

		sigaction(stopping[i], NULL, &now);
		if (now.sa_handler == on_signal)
			signal(stopping[i], SIG_DFL);
	}
	sigprocmask(SIG_SETMASK, &terminal.before, NULL);
	if (by)
		raise(by);
}

/* --- keys ------------------------------------------------------------------------ */

enum waited { INPUT, INTERRUPTED, HANGUP };

static enum waited wait_for_input(void)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	int r = ppoll(&fd, 1, NULL, &terminal.waiting);

	if (r < 0)
		return errno == EINTR ? INTERRUPTED : HANGUP;
	return fd.revents & POLLIN ? INPUT : HANGUP;
}

int terminal_key(void)
{
	enum waited waited = INTERRUPTED;
	int tries = 0;

	/* Input that gives no key, many times: there is none, only an end. */
	while (!stopped_by && waited != HANGUP && tries < READ_TRIES) {
		wint_t c;
		int r = get_wch(&c);

		if (r == OK)
			return (int)c;
		if (r == KEY_CODE_YES)
			return FUNCTION_KEY((int)c);
		waited = wait_for_input();
		tries += waited == INPUT;
	}
	return KEY_STOP;
}

void terminal_messages(struct buf *b)
{
	char block[MESSAGE_BLOCK];
	ssize_t n;

	fflush(stderr);
	if (terminal.stderr_fd < 0)
		return;
	while ((n = pread(STDERR_FILENO, block, sizeof(block), terminal.read)) > 0) {
		buf_add(b, block, (size_t)n);
		terminal.read += n;
	}
}

/* --- lines ----------------------------------------------------------------------- */

void terminal_line(int y, const char *text, attr_t attr)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	int used = (int)term_add(&line, text, (size_t)COLS);

	attrset(attr);
	mvaddstr(y, 0, buf_str(&line));
	if (used < COLS)
		mvhline(y, used, ' ' | attr, COLS - used);
	attrset(A_NORMAL);
}

static void draw_question(const char *prompt, const struct buf *text)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	size_t cells;

	buf_printf(&line, "%s%s", prompt, buf_str(text));
	cells = term_width(buf_str(&line));
	terminal_line(LINES - 1, buf_str(&line), A_NORMAL);
	move(LINES - 1, cells < (size_t)COLS ? (int)cells : COLS - 1);
	refresh();
}

static bool is_start(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static void drop_last(struct buf *text)
{
	size_t len = text->len;

	while (len && !is_start(text->data[--len]))
		;
	buf_resize(text, len);
}

static bool add_character(struct buf *text, int c)
{
	mbstate_t state = {0};
	char bytes[MB_LEN_MAX];
	size_t n;

	if (c < ' ' || c >= FUNCTION_KEY(0))
		return false;
	n = wcrtomb(bytes, (wchar_t)c, &state);
	if (n == (size_t)-1)
		return false;
	buf_add(text, bytes, n);
	return true;
}

enum edited { EDIT_NOTHING, EDIT_CHANGED, EDIT_DONE, EDIT_LEFT };

static enum edited edit(struct buf *text, int key)
{
	switch (key) {
	case KEY_STOP:
	case KEY_ESC:
		return EDIT_LEFT;
	case '\r':
	case '\n':
	case FUNCTION_KEY(KEY_ENTER):
		return EDIT_DONE;
	case '\b':
	case 0x7f:
	case FUNCTION_KEY(KEY_BACKSPACE):
		/* As in vi: one more than there is leaves. */
		if (!text->len)
			return EDIT_LEFT;
		drop_last(text);
		return EDIT_CHANGED;
	case CTRL_KEY('u'):
		buf_clear(text);
		return EDIT_CHANGED;
	case FUNCTION_KEY(KEY_RESIZE):
		return EDIT_CHANGED;
	default:
		return add_character(text, key) ? EDIT_CHANGED : EDIT_NOTHING;
	}
}

bool terminal_ask(const char *prompt, struct buf *text,
	void (*changed)(void *arg, const char *text), void *arg)
{
	enum edited what = EDIT_NOTHING;

	curs_set(1);
	while (what < EDIT_DONE) {
		draw_question(prompt, text);
		what = edit(text, terminal_key());
		if (what == EDIT_CHANGED)
			changed(arg, buf_str(text));
	}
	curs_set(0);
	return what == EDIT_DONE;
}

/* --- texts ------------------------------------------------------------------------- */

struct pager {
	const char *title;
	struct buf text;
	size_t *starts; /* where lines begin; NULL: out of memory */
	size_t n;
	size_t top, left; /* the first line, and cells that are passed over */
};

static void pager_fill(struct pager *p, void (*fill)(void *arg, struct buf *b), void *arg)
{
	size_t n = 0;

	buf_clear(&p->text);
	fill(arg, &p->text);
	free(p->starts);
	p->starts = calloc(p->text.len + 1, sizeof(*p->starts));
	for (size_t i = 0; p->starts && i < p->text.len; i++)
		if (i == 0 || p->text.data[i - 1] == '\n')
			p->starts[n++] = i;
	p->n = n;
}

static size_t page_height(void)
{
	return LINES > 2 ? (size_t)LINES - 2 : 1;
}

static void pager_go(struct pager *p, long top)
{
	size_t last = p->n > page_height() ? p->n - page_height() : 0;

	p->top = top < 0 ? 0 : (size_t)top > last ? last : (size_t)top;
}

static void draw_page_line(const struct pager *p, int y, size_t line)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *start = buf_str(&p->text) + p->starts[line];
	size_t skip = 0;

	buf_add(&text, start, strcspn(start, "\n"));
	/* Characters, whatever their width: near enough for moving sideways. */
	for (size_t n = 0; skip < text.len && n < p->left; n++)
		do
			skip++;
		while (skip < text.len && !is_start(text.data[skip]));
	terminal_line(y, buf_str(&text) + skip, A_NORMAL);
}

static void pager_draw(struct pager *p)
{
	_cleanup_buf_ struct buf status = BUF_INIT;

	pager_go(p, (long)p->top);
	erase();
	terminal_line(0, p->title, A_BOLD);
	for (size_t i = 0; i < page_height() && p->top + i < p->n; i++)
		draw_page_line(p, 1 + (int)i, p->top + i);
	buf_printf(&status, " line %zu of %zu   q: back   r: read again   arrows, PgUp, PgDn: move",
		p->n ? p->top + 1 : 0, p->n);
	terminal_line(LINES - 1, buf_str(&status), A_REVERSE);
	refresh();
}

/* False: the key leaves. */
static bool pager_move(struct pager *p, int key)
{
	enum { SIDEWAYS = 8 };
	long page = (long)page_height(), top = (long)p->top;

	switch (key) {
	case KEY_STOP:
	case KEY_ESC:
	case 'q':
	case 'Q':
	case '\r':
	case '\n':
	case FUNCTION_KEY(KEY_ENTER):
		return false;
	case 'j':
	case FUNCTION_KEY(KEY_DOWN):
		pager_go(p, top + 1);
		break;
	case 'k':
	case FUNCTION_KEY(KEY_UP):
		pager_go(p, top - 1);
		break;
	case ' ':
	case 'J':
	case FUNCTION_KEY(KEY_NPAGE):
		pager_go(p, top + page);
		break;
	case 'b':
	case 'K':
	case FUNCTION_KEY(KEY_PPAGE):
		pager_go(p, top - page);
		break;
	case 'g':
	case FUNCTION_KEY(KEY_HOME):
		pager_go(p, 0);
		break;
	case 'G':
	case FUNCTION_KEY(KEY_END):
		pager_go(p, (long)p->n);
		break;
	case 'l':
	case FUNCTION_KEY(KEY_RIGHT):
		p->left += SIDEWAYS;
		break;
	case 'h':
	case FUNCTION_KEY(KEY_LEFT):
		p->left -= p->left < SIDEWAYS ? p->left : SIDEWAYS;
		break;
	default:
		break;
	}
	return true;
}

bool terminal_pager(const char *title, void (*fill)(void *arg, struct buf *b), void *arg)
{
	struct pager p = {.title = title};
	int key = 'r';

	do {
		if (key == 'r' || key == 'R')
			pager_fill(&p, fill, arg);
		pager_draw(&p);
		key = terminal_key();
	} while (pager_move(&p, key));
	buf_release(&p.text);
	free(p.starts);
	return key != KEY_STOP;
}

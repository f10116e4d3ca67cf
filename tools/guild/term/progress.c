/* SPDX-License-Identifier: MIT */
/* One line at the bottom of the terminal, and a flag. */
#include "term/progress.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { STEP_MS = 200 };

static volatile sig_atomic_t caught;

static void note_signal(int sig)
{
	caught = sig;
}

static void on_signals(void (*handler)(int))
{
	/* A second one does not wait for us. */
	const struct sigaction action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void progress_begin(struct progress *p, size_t total)
{
	*p = (struct progress){.total = total, .shown_ms = clock_monotonic_ms()};
	caught = 0;
	on_signals(note_signal);
}

static void show(struct progress *p)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double amount = (double)p->bytes;
	size_t unit = 0;

	for (; amount >= 1024 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
		amount /= 1024;
	fputs("\r\033[K", stderr);
	if (p->total)
		fprintf(stderr, "%zu of %zu%s", p->done + 1, p->total, p->bytes ? ", " : "");
	if (p->bytes)
		fprintf(stderr, "%.*f %s", unit ? 1 : 0, amount, units[unit]);
	fflush(stderr);
	p->visible = true;
}

bool progress_go_on(void *progress, uint64_t bytes)
{
	struct progress *p = progress;
	int64_t now;

	p->bytes += bytes;
	if (isatty(STDERR_FILENO) && (now = clock_monotonic_ms()) - p->shown_ms >= STEP_MS) {
		p->shown_ms = now;
		show(p);
	}
	return !caught;
}

void progress_clear(struct progress *p)
{
	if (p->visible)
		fputs("\r\033[K", stderr);
	p->visible = false;
}

void progress_end(struct progress *p)
{
	progress_clear(p);
	on_signals(SIG_DFL);
	if (caught) {
		fflush(stdout);
		raise(caught);
	}
}

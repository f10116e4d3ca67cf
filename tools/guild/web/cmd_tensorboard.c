/* SPDX-License-Identifier: MIT */
/* guild tensorboard: TensorBoard on a selection of runs, as they come and go. */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "web/logdir_links.h"
#include "web/scalars_export.h"
#include "runs/select.h"
#include "web/tensorboard.h"
#include "web/web.h"
#include "base/clock.h"
#include "base/file.h"

enum { DEFAULT_INTERVAL = 5, READY_NS = 50 * 1000 * 1000 };
enum { SLOW_MS = 5000 }; /* a start that is worth a hint */
enum { MAX_INFILE = 64 << 20 };

struct tensorboard_command {
	struct selection sel;
	const char *host, *port, *interval, *run_name_flags, *tab, *export, *infile;
	struct strv options;
	bool batches, no_open, skip_images, skip_hparams, keep_logdir, test_logdir;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct tensorboard_command, member)                             \
	}

static const struct option_def tensorboard_options[] = {
	OPTION(host, "--host", "-h", "HOST", "interface to listen on; all of them without this",
		OPTION_VALUE),
	OPTION(port, "--port", "-p", "PORT", "port to listen on; a free one without this",
		OPTION_VALUE),
	OPTION(batches, "--include-batch", NULL, NULL, "also batch runs", OPTION_FLAG),
	OPTION(interval, "--refresh-interval", NULL, "SECONDS", "look for changes so often (5)",
		OPTION_VALUE),
	OPTION(run_name_flags, "--run-name-flags", NULL, "FLAGS",
		"name runs by these flags instead of their labels", OPTION_VALUE),
	OPTION(no_open, "--no-open", "-n", NULL, "open no browser", OPTION_FLAG),
	OPTION(options, "-O", NULL, "OPTION=VALUE", "hand --OPTION=VALUE to TensorBoard",
		OPTION_LIST),
	OPTION(skip_images, "--skip-images", NULL, NULL, "leave out images of runs", OPTION_FLAG),
	OPTION(skip_hparams, "--skip-hparams", NULL, NULL, "leave out flags (HParams)",
		OPTION_FLAG),
	OPTION(tab, "--tab", NULL, "TAB", "open at this tab", OPTION_VALUE),
	OPTION(export, "--export-scalars", NULL, "PATH",
		"write all scalars as CSV into a file, - for standard output, and exit",
		OPTION_VALUE),
	OPTION(infile, "--runs-infile", NULL, "PATH", "only the runs whose ids are in a file",
		OPTION_VALUE),
	OPTION(keep_logdir, "--keep-logdir", NULL, NULL, "leave the log directory behind",
		OPTION_FLAG),
	OPTION(test_logdir, "--test-logdir", NULL, NULL,
		"make the log directory, say where it is, and exit", OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct tensorboard_command, sel)},
	{0},
};

static void release(void *options)
{
	struct tensorboard_command *c = options;

	strv_release(&c->options);
	selection_release(&c->sel);
}

/* --- which runs -------------------------------------------------------------- */

/* Ids in a file, between white space; those of no run are passed over. */
static int select_infile(struct guild *g, const char *path, struct selected *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read(AT_FDCWD, path, MAX_INFILE, &text);
	char *rest = text.data, *id;

	if (r < 0 && r != -ENOENT)
		return complain("cannot read %s: %s", path, strerror(-r));
	while (rest && (id = strsep(&rest, " \t\r\n"))) {
		uint64_t *grown, serial = *id ? catalog_find(g->catalog, id) : 0;

		if (!serial)
			continue;
		grown = reallocarray(ret->serials, ret->n + 1, sizeof(*grown));
		if (!grown)
			return complain("out of memory");
		ret->serials = grown;
		grown[ret->n++] = serial;
	}
	return EXIT_OK;
}

static int select_now(struct guild *g, const struct tensorboard_command *c, const struct strv *args,
	struct selected *ret)
{
	int status = c->infile ? select_infile(g, c->infile, ret)
			       : select_runs(g, &c->sel, args, SELECT_ALL, ret);

	if (status == EXIT_OK && !c->batches)
		select_drop_batches(g, ret);
	return status;
}

static void run_changed(void *arg, const char *id)
{
	struct guild *g = arg;
	uint64_t serial = catalog_find(g->catalog, id);

	if (serial)
		catalog_invalidate(g->catalog, serial);
}

/* --- names by flags ------------------------------------------------------------ */

/* "a, b" becomes the template of "a=1 b=2". */
static void print_template(struct buf *b, const char *flags)
{
	static const char separators[] = " ,";
	size_t start = b->len;

	while (*(flags += strspn(flags, separators))) {
		size_t len = strcspn(flags, separators);

		buf_printf(b, "%s%.*s=${%.*s}", b->len > start ? " " : "", (int)len, flags,
			(int)len, flags);
		flags += len;
	}
}

/* --- the session ---------------------------------------------------------------- */

struct session {
	struct guild *g;
	const struct tensorboard_command *command;
	const struct strv *args;
	unsigned port, interval; /* seconds */
	struct buf label;
	struct logdir_options options;
	struct logdir *logdir;
	struct home_changes_mark mark;
	bool frozen;   /* the selection cannot be made any more: what it was stays */
	sigset_t ends; /* signals by which somebody wants an end */
	bool ended;    /* one of them came */
	struct tensorboard tensorboard;
};

/* For good: they are looked for where nothing is half done, so that the log directory goes. */
static void block_signals(struct session *s)
{
	sigset_t all;

	sigemptyset(&s->ends);
	sigaddset(&s->ends, SIGINT);
	sigaddset(&s->ends, SIGTERM);
	sigaddset(&s->ends, SIGHUP);
	all = s->ends;
	sigaddset(&all, SIGCHLD);
	sigprocmask(SIG_BLOCK, &all, NULL);
}

/* The one of these that came, 0 for none in that time. */
static int wait_for_signal(struct session *s, const sigset_t *signals, const struct timespec *time)
{
	int signal = sigtimedwait(signals, NULL, time);

	if (signal > 0 && sigismember(&s->ends, signal))
		s->ended = true;
	return signal < 0 ? 0 : signal;
}

static bool go_on(void *arg)
{
	struct session *s = arg;

	if (!s->ended)
		wait_for_signal(s, &s->ends, &(struct timespec){0});
	return !s->ended;
}

static void session_release(struct session *s)
{
	tensorboard_release(&s->tensorboard);
	/* Nobody has been told where one is that was not made to the end. */
	if (s->logdir)
		logdir_free(s->logdir,
			s->command->keep_logdir || (s->command->test_logdir && !s->ended));
	buf_release(&s->label);
}

static int update(struct session *s)
{
	_cleanup_selected_ struct selected runs = {0};
	int status = select_now(s->g, s->command, s->args, &runs);

	return status == EXIT_OK ? logdir_update(s->logdir, s->g, &runs) : status;
}

static void refresh(struct session *s)
{
	if (s->frozen)
		return;
	home_changes_read(s->g->home, &s->mark, run_changed, s->g);
	if (catalog_rescan(s->g->catalog, NULL, NULL) < 0 || update(s) != EXIT_OK) {
		warning("TensorBoard goes on with the runs that it has");
		s->frozen = true;
	}
}

/* True: somebody wants an end, or there is one already (*ret_status says so). */
static bool is_over(struct session *s, int *ret_status)
{
	if (s->ended)
		return true;
	if (!tensorboard_has_ended(&s->tensorboard))
		return false;
	*ret_status = EXIT_ERROR;
	return true;
}

static void announce(const struct session *s)
{
	const struct tensorboard *t = &s->tensorboard;
	_cleanup_buf_ struct buf url = BUF_INIT;

	fprintf(stderr, "Running TensorBoard%s%s at %s (Type Ctrl+C to quit)\n",
		t->version.len ? " " : "", buf_str(&t->version), buf_str(&t->url));
	if (s->command->no_open)
		return;
	buf_puts(&url, buf_str(&t->url));
	if (s->command->tab)
		buf_printf(&url, "#%s", s->command->tab);
	browser_open(s->g, buf_str(&url));
}

static int serve(struct session *s)
{
	const struct tensorboard_options options = {.host = s->command->host,
		.port = s->port,
		.reload_seconds = s->interval,
		.more = &s->command->options};
	const struct timespec soon = {.tv_nsec = READY_NS};
	const struct timespec interval = {.tv_sec = s->interval};
	sigset_t signals = s->ends;
	bool announced = false;
	int status;

	sigaddset(&signals, SIGCHLD);
	status = tensorboard_start(&s->tensorboard, &options, logdir_path(s->logdir));
	while (status == EXIT_OK && !s->ended) {
		int signal = wait_for_signal(s, &signals, announced ? &interval : &soon);

		if (is_over(s, &status))
			break;
		if (announced && !signal)
			refresh(s);
		if (!announced && tensorboard_answers(&s->tensorboard)) {
			announce(s);
			announced = true;
		}
	}
	return status;
}

static int prepare(struct session *s)
{
	int64_t begin = clock_monotonic_ms(), took;
	int status;

	block_signals(s);
	s->logdir = logdir_new(&s->options);
	if (!s->logdir)
		return EXIT_ERROR;
	fputs("Preparing runs for TensorBoard\n", stderr);
	if (s->command->keep_logdir)
		fprintf(stderr, "Using logdir %s\n", logdir_path(s->logdir));
	status = update(s);
	if (status == EXIT_OK && s->ended)
		return complain("interrupted");
	took = clock_monotonic_ms() - begin;
	if (took > SLOW_MS)
		warning("that took %.2f seconds; --skip-images, --skip-hparams or a filter of "
			"runs makes it shorter",
			(double)took / 1000);
	return status;
}

/* --- options --------------------------------------------------------------------- */

static bool parse_seconds(const char *text, unsigned *ret)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	*ret = (unsigned)n;
	return errno == 0 && *text >= '0' && *text <= '9' && !*end && n >= 1 && n <= INT32_MAX;
}

static int read_options(struct session *s)
{
	const struct tensorboard_command *c = s->command;

	s->interval = DEFAULT_INTERVAL;
	if (c->port && web_port(c->port, &s->port) != EXIT_OK)
		return EXIT_ERROR;
	if (c->interval && !parse_seconds(c->interval, &s->interval))
		return complain("invalid value '%s' for --refresh-interval: a number of seconds "
				"from 1 is needed",
			c->interval);
	for (size_t i = 0; i < c->options.n; i++)
		if (!strchr(c->options.v[i], '='))
			return complain("invalid TensorBoard option '%s' - must be OPTION=VALUE",
				c->options.v[i]);
	if (c->run_name_flags)
		print_template(&s->label, c->run_name_flags);
	if (buf_error(&s->label))
		return complain("out of memory");
	s->options = (struct logdir_options){.skip_hparams = c->skip_hparams,
		.skip_images = c->skip_images,
		.label = c->run_name_flags ? buf_str(&s->label) : NULL,
		.go_on = go_on,
		.arg = s};
	return EXIT_OK;
}

static int export_scalars(
	struct guild *g, const struct tensorboard_command *c, const struct strv *args)
{
	_cleanup_selected_ struct selected runs = {0};
	int status = select_now(g, c, args, &runs);

	return status == EXIT_OK ? scalars_export(g, &runs, c->export) : status;
}

static int tensorboard(struct guild *g, void *options, const struct strv *args)
{
	const struct tensorboard_command *c = options;
	_cleanup_(session_release) struct session s = {
		.g = g, .command = c, .args = args, .tensorboard = TENSORBOARD_INIT};
	int status = read_options(&s);

	if (status == EXIT_OK)
		status = guild_open_home(g);
	if (status == EXIT_OK && c->export)
		return export_scalars(g, c, args);
	if (status == EXIT_OK && !c->test_logdir)
		status = tensorboard_find(&s.tensorboard, g);
	if (status != EXIT_OK)
		return status;
	s.mark = catalog_mark(g->catalog);
	status = prepare(&s);
	if (status == EXIT_OK && c->test_logdir)
		printf("Initialized log dir %s\n", logdir_path(s.logdir));
	else if (status == EXIT_OK)
		status = serve(&s);
	if (s.logdir && c->keep_logdir && !c->test_logdir)
		printf("TensorBoard logs saved in %s\n", logdir_path(s.logdir));
	return status;
}

const struct command cmd_tensorboard = {
	.name = "tensorboard",
	.usage = "tensorboard [OPTION]... [RUN]...",
	.summary = "Visualize runs with TensorBoard",
	.options = tensorboard_options,
	.options_size = sizeof(struct tensorboard_command),
	.run = tensorboard,
	.release = release,
};

/* SPDX-License-Identifier: MIT */
/* guild view: the selected runs as a page that one browser of one user looks at. */
#include "guild.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>

#include "web/http.h"
#include "runs/select.h"
#include "web/view_runs.h"
#include "web/web.h"
#include "base/name.h"

struct view_command {
	struct selection sel;
	const char *host, *port;
	bool batches, no_open, log;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct view_command, member)                                    \
	}

static const struct option_def view_options[] = {
	OPTION(host, "--host", "-h", "HOST",
		"interface to listen on, 0.0.0.0 for all; 127.0.0.1 without this", OPTION_VALUE),
	OPTION(port, "--port", "-p", "PORT", "port to listen on; a free one without this",
		OPTION_VALUE),
	OPTION(batches, "--include-batch", NULL, NULL, "also batch runs", OPTION_FLAG),
	OPTION(no_open, "--no-open", "-n", NULL, "open no browser", OPTION_FLAG),
	OPTION(log, "--logging", NULL, NULL, "print a line for each request", OPTION_FLAG),
	{.more = selection_options, .more_offset = offsetof(struct view_command, sel)},
	{0},
};

static void release(void *options)
{
	selection_release(&((struct view_command *)options)->sel);
}

/* Before the server's thread begins, so that it has them blocked, too. */
static void block_signals(sigset_t *ends)
{
	sigemptyset(ends);
	sigaddset(ends, SIGINT);
	sigaddset(ends, SIGTERM);
	sigaddset(ends, SIGHUP);
	sigprocmask(SIG_BLOCK, ends, NULL);
	/* A browser that goes away is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
}

static int serve(struct guild *g, const struct http_options *options, bool open_browser)
{
	_cleanup_http_ struct http *http = NULL;
	_cleanup_buf_ struct buf url = BUF_INIT;
	struct err err = ERR_INIT;
	sigset_t ends;
	int signal;

	block_signals(&ends);
	if (http_start(options, &http, &err) < 0)
		return complain("%s", err_text(&err));
	http_url(http, &url);
	if (buf_error(&url))
		return complain("out of memory");
	fprintf(stderr, "Running Guild View at %s (Type Ctrl+C to quit)\n", buf_str(&url));
	if (open_browser)
		browser_open(g, buf_str(&url));
	while (sigwait(&ends, &signal) != 0)
		;
	return EXIT_OK;
}

static int view(struct guild *g, void *options, const struct strv *args)
{
	const struct view_command *c = options;
	_cleanup_view_runs_ struct view_runs *runs = NULL;
	/* As hard to guess as a run's id: 122 random bits. */
	char token[RUN_ID_LEN + 1];
	struct http_options http = {
		.host = c->host, .token = token, .log = c->log, .answer = view_runs_answer};
	int status = c->port ? web_port(c->port, &http.port) : EXIT_OK;

	if (status == EXIT_OK)
		status = guild_open_home(g);
	if (status == EXIT_OK)
		status = view_runs_new(g, &c->sel, args, c->batches, &runs);
	if (status != EXIT_OK)
		return status;
	if (name_new_run_id(token) < 0)
		return complain("there are no random numbers to be had");
	http.arg = runs;
	return serve(g, &http, !c->no_open);
}

const struct command cmd_view = {
	.name = "view",
	.usage = "view [OPTION]... [RUN]...",
	.summary = "Look at runs in a browser",
	.options = view_options,
	.options_size = sizeof(struct view_command),
	.run = view,
	.release = release,
};

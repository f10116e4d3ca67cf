/* SPDX-License-Identifier: MIT */
/* guild runs pause, resume, drain: what a queue is told (run/queue.h). */
#include "guild.h"

#include <stdio.h>

#include "runs/select.h"
#include "run/queue.h"

static int is_running_queue(struct guild *g, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	return catalog_summary(g->catalog, serial, &s) == 0 && s.status == RUN_RUNNING &&
	       queue_is(&s.opref);
}

/* Without arguments every queue that runs. */
static int tell(struct guild *g, const struct selection *sel, const struct strv *args,
	enum queue_told what, const char *done)
{
	_cleanup_selected_ struct selected runs = {0};
	int status = guild_open_home(g);
	size_t told = 0;

	if (status == EXIT_OK)
		status = select_runs(g, sel, args, SELECT_RUNNING, &runs);
	for (size_t i = 0; status == EXIT_OK && i < runs.n; i++) {
		const char *id = catalog_id(g->catalog, runs.serials[i]);
		struct err err = ERR_INIT;

		if (!args->n && !is_running_queue(g, runs.serials[i]))
			continue;
		if (queue_tell(g->home, id, what, &err) < 0)
			return complain("%.8s: %s", id, err_text(&err));
		fprintf(stderr, "%s %.8s\n", done, id);
		told++;
	}
	return status == EXIT_OK && !told ? complain("no queue is running") : status;
}

static int pause_queue(struct guild *g, void *options, const struct strv *args)
{
	return tell(g, options, args, QUEUE_PAUSE, "Paused");
}

static int resume_queue(struct guild *g, void *options, const struct strv *args)
{
	return tell(g, options, args, QUEUE_GO_ON, "Resumed");
}

static int drain_queue(struct guild *g, void *options, const struct strv *args)
{
	return tell(g, options, args, QUEUE_DRAIN, "Draining");
}

static void release(void *options)
{
	selection_release(options);
}

const struct command cmd_pause = {
	.group = "runs",
	.name = "pause",
	.usage = "runs pause [OPTION]... [RUN]...",
	.summary = "Have queues start nothing until `runs resume`",
	.options = selection_options,
	.options_size = sizeof(struct selection),
	.run = pause_queue,
	.release = release,
};

const struct command cmd_resume = {
	.group = "runs",
	.name = "resume",
	.usage = "runs resume [OPTION]... [RUN]...",
	.summary = "Have paused queues go on",
	.options = selection_options,
	.options_size = sizeof(struct selection),
	.run = resume_queue,
	.release = release,
};

const struct command cmd_drain = {
	.group = "runs",
	.name = "drain",
	.usage = "runs drain [OPTION]... [RUN]...",
	.summary = "Have queues end when what they have started has ended",
	.options = selection_options,
	.options_size = sizeof(struct selection),
	.run = drain_queue,
	.release = release,
};

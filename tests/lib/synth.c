/* SPDX-License-Identifier: MIT */
/*
 * synth HOME N [TAGS STEPS]: makes N runs that are over, as the store has them but smaller: what
 * lists and listings read, and an event file with STEPS samples of each of TAGS scalars. They are
 * as old as their number, the last one is the newest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "metrics/event_file.h"
#include "metrics/event_write.h"
#include "run/attr.h"
#include "run/home.h"

static int put(int dir, const char *name, const char *text)
{
	return file_create(dir, name, text, strlen(text), 0644);
}

struct scalars {
	long tags, steps;
};

/* By the name of the run's number, so that runs differ. */
static int make_scalars(int dir, const struct scalars *scalars, long n)
{
	_cleanup_close_ int guild = openat(dir, ".guild", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct event_file_writer w = EVENT_FILE_WRITER(guild, "");
	int r;

	for (long step = 0; step < scalars->steps; step++)
		for (long tag = 0; tag < scalars->tags; tag++) {
			_cleanup_buf_ struct buf event = BUF_INIT;
			char name[32];

			snprintf(name, sizeof(name), tag ? "metric%ld" : "loss", tag);
			event_put_scalar(&event, (double)(1000 + step), step, name,
				1.0F / (float)(n + step + tag + 1));
			event_file_add(&w, &event);
		}
	r = event_file_flush(&w);
	event_file_release(&w);
	return r;
}

static int make_run(const struct home *home, long n, int64_t start, const struct scalars *scalars)
{
	static const char *const fixed[][2] = {
		{".guild/opref", "guildfile:/p/guild.yml 0 m train"},
		{".guild/attrs/exit_status", "0\n"},
		{".guild/attrs/cmd", "- python\n- -um\n- guild.op_main\n- train\n"},
		{".guild/attrs/host", "bench\n"},
		{".guild/attrs/user", "bench\n"},
		{".guild/output", "loss: 0.1\n"},
		{".guild/manifest", ""},
		{"model.json", "{}\n"},
	};
	char id[RUN_ID_LEN + 1], text[128];
	int dir, r = name_new_run_id(id);

	if (r < 0 || mkdirat(home->runs_fd, id, 0755) < 0)
		return -errno;
	dir = home_open_run(home, id);
	if (mkdirat(dir, ".guild", 0755) < 0 || mkdirat(dir, RUN_ATTRS_DIR, 0755) < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fixed); i++)
		r = put(dir, fixed[i][0], fixed[i][1]);
	snprintf(text, sizeof(text), "%s\n", id);
	if (r == 0)
		r = put(dir, ".guild/attrs/id", text);
	snprintf(text, sizeof(text), "epochs: %ld\nrate: 0.1\n", n);
	if (r == 0)
		r = put(dir, ".guild/attrs/flags", text);
	snprintf(text, sizeof(text), "epochs=%ld rate=0.1\n", n);
	if (r == 0)
		r = put(dir, ".guild/attrs/label", text);
	for (int i = 0; r == 0 && i < 3; i++) {
		static const char *const times[] = {"initialized", "started", "stopped"};

		r = attr_write_int(dir, times[i], start + n * 1000 + i, FILE_NOSYNC);
	}
	if (r == 0 && scalars->tags)
		r = make_scalars(dir, scalars, n);
	close(dir);
	return r;
}

int main(int argc, char **argv)
{
	long n = argc == 3 || argc == 5 ? strtol(argv[2], NULL, 10) : 0;
	const struct scalars scalars = {
		.tags = argc == 5 ? strtol(argv[3], NULL, 10) : 0,
		.steps = argc == 5 ? strtol(argv[4], NULL, 10) : 0,
	};
	int64_t start = clock_now() - (n + 1) * 1000;
	struct err err = ERR_INIT;
	struct home *home;

	if (n <= 0 || home_open(argv[1], &home, &err) < 0) {
		fprintf(stderr, "synth HOME N [TAGS STEPS]: %s\n", err_text(&err));
		return 1;
	}
	for (long i = 0; i < n; i++) {
		int r = make_run(home, i, start, &scalars);

		if (r < 0) {
			fprintf(stderr, "synth: %s\n", strerror(-r));
			return 1;
		}
	}
	home_close(home);
	return 0;
}

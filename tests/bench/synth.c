/* SPDX-License-Identifier: MIT */
/*
 * synth HOME N: makes N runs that are over, as the store has them but smaller: what lists and
 * listings read. They are as old as their number, the last one is the newest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "run/attr.h"
#include "run/home.h"

static int put(int dir, const char *name, const char *text)
{
	return file_create(dir, name, text, strlen(text), 0644);
}

static int make_run(const struct home *home, long n, int64_t start)
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
	close(dir);
	return r;
}

int main(int argc, char **argv)
{
	long n = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	int64_t start = clock_now() - (n + 1) * 1000;
	struct err err = ERR_INIT;
	struct home *home;

	if (n <= 0 || home_open(argv[1], &home, &err) < 0) {
		fprintf(stderr, "synth HOME N: %s\n", err_text(&err));
		return 1;
	}
	for (long i = 0; i < n; i++) {
		int r = make_run(home, i, start);

		if (r < 0) {
			fprintf(stderr, "synth: %s\n", strerror(-r));
			return 1;
		}
	}
	home_close(home);
	return 0;
}

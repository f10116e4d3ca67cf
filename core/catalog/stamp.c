/* SPDX-License-Identifier: MIT */
/* Inode numbers, sizes and change times. */
#include "catalog/stamp.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "run/attr.h"

#define NSEC INT64_C(1000000000)
/* File systems stamp with the clock of the last timer interrupt, some with whole seconds. */
#define TICK        (NSEC / 50)
#define COARSE_TICK (2 * NSEC)

static int64_t nanoseconds(struct timespec t)
{
	return t.tv_sec * NSEC + t.tv_nsec;
}

/* Change times, since mtimes can be set; of the future, too, when the clock was moved. */
static bool is_young(const struct stat *st, int64_t now)
{
	int64_t age = now - nanoseconds(st->st_ctim);
	int64_t tick = st->st_ctim.tv_nsec ? TICK : COARSE_TICK;

	return age < tick && age > -tick;
}

struct stamping {
	uint64_t hash;
	bool young;
	struct timespec now;
};

static struct stamping begin(void)
{
	struct stamping s = {0};

	clock_gettime(CLOCK_REALTIME, &s.now);
	return s;
}

static void add_path(struct stamping *s, int dir_fd, const char *path)
{
	uint64_t facts[3] = {0};
	struct stat st;

	if (fstatat(dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		facts[0] = st.st_ino;
		facts[1] = (uint64_t)st.st_size;
		facts[2] = (uint64_t)nanoseconds(st.st_ctim);
		s->young |= is_young(&st, nanoseconds(s->now));
	}
	s->hash = XXH64(facts, sizeof(facts), s->hash);
}

static uint64_t end(const struct stamping *s)
{
	return s->young ? STAMP_NONE : s->hash ? s->hash : 1;
}

uint64_t stamp_of_run(int runs_fd, const char *id)
{
	static const char *const names[] = {RUN_GUILD_DIR, RUN_ATTRS_DIR, RUN_ATTRS_DIR "/label",
		RUN_ATTRS_DIR "/tags", RUN_ATTRS_DIR "/comments", RUN_ATTRS_DIR "/exit_status"};
	char path[NAME_MAX + sizeof(RUN_ATTRS_DIR "/exit_status") + 1];
	struct stamping s = begin();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", id, names[i]);
		add_path(&s, runs_fd, path);
	}
	return end(&s);
}

uint64_t stamp_of_paths(int run_fd, const char *paths, size_t len)
{
	struct stamping s = begin();

	for (const char *path = paths; path < paths + len; path += strlen(path) + 1)
		add_path(&s, run_fd, path);
	return end(&s);
}

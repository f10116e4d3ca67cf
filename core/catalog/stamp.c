/* SPDX-License-Identifier: MIT */
/* Inode numbers, sizes and change times. */
#include "catalog/stamp.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
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

uint64_t stamp_of_run(int runs_fd, const char *id)
{
	static const char *const names[] = {RUN_GUILD_DIR, RUN_ATTRS_DIR, RUN_ATTRS_DIR "/label",
		RUN_ATTRS_DIR "/tags", RUN_ATTRS_DIR "/comments",
		RUN_ATTRS_DIR "/exit_status"};
	uint64_t facts[ARRAY_SIZE(names)][3] = {{0}}, stamp;
	char path[NAME_MAX + sizeof(RUN_ATTRS_DIR "/exit_status") + 1];
	bool young = false;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", id, names[i]);
		if (fstatat(runs_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		facts[i][0] = st.st_ino;
		facts[i][1] = (uint64_t)st.st_size;
		facts[i][2] = (uint64_t)nanoseconds(st.st_ctim);
		young |= is_young(&st, nanoseconds(now));
	}
	stamp = XXH64(facts, sizeof(facts), 0);
	return young ? STAMP_NONE : stamp ? stamp : 1;
}

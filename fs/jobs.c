/* SPDX-License-Identifier: MIT */
/* The thread, and starting again what got lost, in the name of its owner. */
#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "opener.h"
#include "base/talk.h"
#include "run/waiting.h"

struct jobs {
	struct guildfs *fs;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t news;
	struct strv ids; /* to ask about */
	bool busy, ends;
};

static int start(void *arg, const char *id, struct err *err)
{
	struct guildfs *fs = arg;
	struct opener owner;
	struct stat st;
	int r;

	if (fstatat(fs->home->runs_fd, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	owner = (struct opener){.uid = st.st_uid, .gid = st.st_gid};
	r = opener_may_start(fs, &owner, err);
	return r < 0 ? r : opener_launch(fs, &owner, id, err);
}

/* False at the end. */
static bool next_ids(struct jobs *j, struct strv *ret)
{
	LOCK_SCOPE(&j->lock);
	j->busy = false;
	while (!j->ids.n && !j->ends)
		pthread_cond_wait(&j->news, &j->lock);
	*ret = j->ids;
	j->ids = STRV_INIT;
	j->busy = true;
	return !j->ends;
}

static void *jobs_main(void *arg)
{
	struct jobs *j = arg;
	const struct waiting_starter starter = {.start = start, .arg = j->fs};
	struct strv ids = STRV_INIT;

	while (next_ids(j, &ids)) {
		waiting_look(j->fs->home, (const char *const *)ids.v, ids.n, &starter);
		strv_release(&ids);
	}
	strv_release(&ids);
	return NULL;
}

void jobs_look(struct jobs *j, struct strv *ids)
{
	LOCK_SCOPE(&j->lock);
	if (!j->busy && ids->n) {
		strv_release(&j->ids);
		j->ids = *ids;
		*ids = STRV_INIT;
		pthread_cond_signal(&j->news);
	}
}

static void jobs_free(struct jobs *j)
{
	strv_release(&j->ids);
	pthread_cond_destroy(&j->news);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

int jobs_start(struct guildfs *fs, struct jobs **ret)
{
	struct jobs *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	j->fs = fs;
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->news, NULL);
	r = -pthread_create(&j->thread, NULL, jobs_main, j);
	if (r < 0) {
		jobs_free(j);
		return r;
	}
	*ret = j;
	return 0;
}

static void tell_end(struct jobs *j)
{
	LOCK_SCOPE(&j->lock);
	j->ends = true;
	pthread_cond_signal(&j->news);
}

void jobs_stop(struct jobs *j)
{
	if (!j)
		return;
	tell_end(j);
	talk_give_up();
	pthread_join(j->thread, NULL);
	jobs_free(j);
}

/* SPDX-License-Identifier: MIT */
/* A fixed row of slots: their number is what the user said, and small. */
#include "process/slots.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "run/status.h"

int slots_open(const struct home *home, size_t n, struct slots *ret)
{
	*ret = (struct slots){.home = home, .inotify = -1, .n = n};
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	ret->inotify = follow_open(home);
	return 0;
}

void slots_close(struct slots *s)
{
	for (size_t i = 0; s->v && i < s->n; i++)
		slots_clear(s, &s->v[i]);
	free(s->v);
	if (s->inotify >= 0)
		close(s->inotify);
	*s = (struct slots){.inotify = -1};
}

struct slot *slots_empty(const struct slots *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i].id)
			return &s->v[i];
	return NULL;
}

int slots_put(struct slots *s, struct slot *slot, const char *id, int run_fd)
{
	*slot = (struct slot){.id = strdup(id), .run_fd = run_fd};
	if (slot->id)
		slot->follower = follower_new(s->home, slot->id, run_fd, s->inotify, s->n > 1);
	if (!slot->follower) {
		free(slot->id);
		close(run_fd);
		*slot = (struct slot){0};
		return -ENOMEM;
	}
	s->busy++;
	return 0;
}

void slots_clear(struct slots *s, struct slot *slot)
{
	if (!slot->id)
		return;
	follower_free(slot->follower);
	close(slot->run_fd);
	free(slot->id);
	*slot = (struct slot){0};
	s->busy--;
}

struct slot *slots_look(struct slots *s)
{
	struct slot *over = NULL;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].id && !follower_look(s->v[i].follower) && !over)
			over = &s->v[i];
	return over;
}

static void look_at_waiting(const struct slots *s)
{
	_cleanup_free_ const char **ids = calloc(s->n, sizeof(*ids));
	size_t n = 0;

	for (size_t i = 0; ids && i < s->n; i++)
		if (s->v[i].id)
			ids[n++] = s->v[i].id;
	if (ids)
		waiting_look(s->home, ids, n, s->starter);
}

bool slots_wait(const struct slots *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *id = s->v[i].id;

		/* All in one go: who is asked may take long. */
		if (id && waiting_is_elsewhere(s->v[i].run_fd)) {
			look_at_waiting(s);
			break;
		}
	}
	return follow_wait(s->inotify);
}

void slots_interrupt(const struct slots *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct slot *slot = &s->v[i];
		struct proc_ref process;

		if (!slot->id || slot->passed == follow_interrupts())
			continue;
		slot->passed = follow_interrupts();
		if (run_process(slot->run_fd, &process) == 0)
			proc_ref_kill(&process, SIGINT, true);
	}
}

/* SPDX-License-Identifier: MIT */
/* A bounded ring of invalidations and the thread that sends them. */
#include "notify.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { QUEUE_SIZE = 4096 };

struct event {
	uint64_t ino; /* or the parent, when there is a name */
	char *name;
};

struct notifier {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct event queue[QUEUE_SIZE];
	size_t head, n;
	bool started, stopping;
	pthread_t thread;
	struct fuse_session *session;
};

struct notifier *notifier_new(void)
{
	struct notifier *n = calloc(1, sizeof(*n));

	if (n) {
		pthread_mutex_init(&n->lock, NULL);
		pthread_cond_init(&n->wake, NULL);
	}
	return n;
}

static bool queued(const struct notifier *n, const struct event *e)
{
	for (size_t i = 0; i < n->n; i++) {
		const struct event *q = &n->queue[(n->head + i) % QUEUE_SIZE];

		if (q->ino == e->ino &&
			(q->name == e->name ||
				(q->name && e->name && strcmp(q->name, e->name) == 0)))
			return true;
	}
	return false;
}

static struct event pop(struct notifier *n)
{
	struct event e = n->queue[n->head];

	n->head = (n->head + 1) % QUEUE_SIZE;
	n->n--;
	return e;
}

static void push(struct notifier *n, struct event e)
{
	LOCK_SCOPE(&n->lock);

	if (!n->started || n->stopping || queued(n, &e)) {
		free(e.name);
		return;
	}
	if (n->n == QUEUE_SIZE)
		free(pop(n).name);
	n->queue[(n->head + n->n++) % QUEUE_SIZE] = e;
	pthread_cond_signal(&n->wake);
}

void notify_inode(struct notifier *n, uint64_t ino)
{
	push(n, (struct event){.ino = ino});
}

void notify_entry(struct notifier *n, uint64_t parent, const char *name)
{
	char *copy = strdup(name);

	if (copy)
		push(n, (struct event){.ino = parent, .name = copy});
}

static void *notifier_main(void *arg)
{
	struct notifier *n = arg;
	struct event e;

	for (;;) {
		pthread_mutex_lock(&n->lock);
		while (!n->n && !n->stopping)
			pthread_cond_wait(&n->wake, &n->lock);
		if (n->stopping) {
			pthread_mutex_unlock(&n->lock);
			return NULL;
		}
		e = pop(n);
		pthread_mutex_unlock(&n->lock);
		/* ENOENT (not cached) and the errors of an unmount are nothing to act on. */
		if (e.name)
			fuse_lowlevel_notify_inval_entry(n->session, e.ino, e.name, strlen(e.name));
		else
			fuse_lowlevel_notify_inval_inode(n->session, e.ino, 0, 0);
		free(e.name);
	}
}

int notifier_start(struct notifier *n, struct fuse_session *session)
{
	n->session = session;
	n->started = true;
	return -pthread_create(&n->thread, NULL, notifier_main, n);
}

void notifier_stop(struct notifier *n)
{
	if (!n->started)
		return;
	pthread_mutex_lock(&n->lock);
	n->stopping = true;
	pthread_cond_signal(&n->wake);
	pthread_mutex_unlock(&n->lock);
	pthread_join(n->thread, NULL);
	n->started = false;
}

void notifier_free(struct notifier *n)
{
	if (!n)
		return;
	while (n->n)
		free(pop(n).name);
	pthread_cond_destroy(&n->wake);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

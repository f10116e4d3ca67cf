/* SPDX-License-Identifier: MIT */
/* A short list of small files. There are as many as editors are open, so that a list does. */
#include "scratch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { MAX_FILES = 1024 };
#define MAX_SIZE  ((size_t)8 << 20)
#define MAX_TOTAL ((size_t)64 << 20)
#define LIFE_MS   60000

struct scratch {
	struct scratch *next;
	uint32_t serial;
	uint32_t op;
	char *name; /* NULL: unlinked */
	struct opener who;
	struct buf content;
	int64_t changed;   /* microseconds */
	int64_t closed_ms; /* last close, monotonic */
	unsigned opens;
	uint64_t lookups;
	bool became_run;
};

struct scratches {
	pthread_mutex_t lock;
	struct scratch *first;
	size_t n, total;
	uint32_t last_serial;
};

struct scratches *scratches_new(void)
{
	struct scratches *s = calloc(1, sizeof(*s));

	if (s)
		pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void scratch_free(struct scratch *f)
{
	buf_release(&f->content);
	free(f->name);
	free(f);
}

void scratches_free(struct scratches *s)
{
	if (!s)
		return;
	for (struct scratch *f = s->first, *next; f; f = next) {
		next = f->next;
		scratch_free(f);
	}
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct scratch *by_serial(struct scratches *s, uint32_t serial)
{
	for (struct scratch *f = s->first; f; f = f->next)
		if (f->serial == serial)
			return f;
	return NULL;
}

static struct scratch *by_name(struct scratches *s, uint32_t op, const char *name)
{
	for (struct scratch *f = s->first; f; f = f->next)
		if (f->op == op && f->name && strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

/* Frees a file that has no name, that the kernel has forgotten and that is not open. */
static void collect(struct scratches *s, struct scratch *f)
{
	struct scratch **at = &s->first;

	if (f->name || f->lookups || f->opens)
		return;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	s->n--;
	s->total -= f->content.len;
	scratch_free(f);
}

static void drop_name(struct scratches *s, struct scratch *f)
{
	free(f->name);
	f->name = NULL;
	collect(s, f);
}

int scratch_create(struct scratches *s, uint32_t op, const char *name, const struct opener *who,
	uint32_t *ret_serial)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f;

	if (by_name(s, op, name))
		return -EEXIST;
	if (s->n >= MAX_FILES)
		return -ENOSPC;
	f = malloc(sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct scratch){
		.next = s->first,
		.serial = ++s->last_serial,
		.op = op,
		.name = strdup(name),
		.who = *who,
		.changed = clock_now(),
		.closed_ms = clock_monotonic_ms(),
		.lookups = 1,
	};
	if (!f->name) {
		free(f);
		return -ENOMEM;
	}
	s->first = f;
	s->n++;
	*ret_serial = f->serial;
	return 0;
}

uint32_t scratch_find(struct scratches *s, uint32_t op, const char *name)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_name(s, op, name);

	if (!f)
		return 0;
	f->lookups++;
	return f->serial;
}

void scratch_forget(struct scratches *s, uint32_t serial, uint64_t lookups)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);

	if (!f)
		return;
	f->lookups -= lookups < f->lookups ? lookups : f->lookups;
	collect(s, f);
}

void scratch_each(struct scratches *s, uint32_t op,
	void (*visit)(void *arg, const char *name, uint32_t serial), void *arg)
{
	LOCK_SCOPE(&s->lock);

	for (struct scratch *f = s->first; f; f = f->next)
		if (f->op == op && f->name)
			visit(arg, f->name, f->serial);
}

static bool may_change(const struct scratch *f, const struct opener *who)
{
	return who->uid == 0 || who->uid == f->who.uid;
}

int scratch_unlink(struct scratches *s, uint32_t op, const char *name, const struct opener *who)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_name(s, op, name);

	if (!f)
		return -ENOENT;
	if (!may_change(f, who))
		return -EACCES;
	drop_name(s, f);
	return 0;
}

int scratch_rename(struct scratches *s, uint32_t op, const char *from, const char *to,
	const struct opener *who)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_name(s, op, from);
	struct scratch *replaced = by_name(s, op, to);
	char *name;

	if (!f)
		return -ENOENT;
	if (!may_change(f, who) || (replaced && !may_change(replaced, who)))
		return -EACCES;
	if (replaced == f)
		return 0;
	name = strdup(to);
	if (!name)
		return -ENOMEM;
	if (replaced)
		drop_name(s, replaced);
	free(f->name);
	f->name = name;
	return 0;
}

void scratch_detach(struct scratches *s, uint32_t serial)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);

	if (!f)
		return;
	f->became_run = true;
	drop_name(s, f);
}

bool scratch_taken_away(struct scratches *s, uint32_t serial, const char *name)
{
	LOCK_SCOPE(&s->lock);
	const struct scratch *f = by_serial(s, serial);

	return f && !f->became_run && (!f->name || strcmp(f->name, name) != 0);
}

int scratch_attr(struct scratches *s, uint32_t serial, struct stat *ret)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);

	if (!f)
		return -ESTALE;
	ret->st_mode = S_IFREG | 0644;
	ret->st_nlink = f->name ? 1 : 0;
	ret->st_uid = f->who.uid;
	ret->st_gid = f->who.gid;
	ret->st_size = (off_t)f->content.len;
	ret->st_atim = ret->st_mtim = ret->st_ctim = clock_timespec(f->changed);
	return 0;
}

int scratch_where(struct scratches *s, uint32_t serial, uint32_t *ret_op, struct buf *name)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);

	if (!f)
		return -ESTALE;
	*ret_op = f->op;
	if (f->name)
		buf_puts(name, f->name);
	return buf_error(name);
}

int scratch_read(struct scratches *s, uint32_t serial, struct buf *b)
{
	return scratch_read_at(s, serial, MAX_SIZE, 0, b);
}

int scratch_read_at(struct scratches *s, uint32_t serial, size_t size, off_t offset, struct buf *b)
{
	LOCK_SCOPE(&s->lock);
	const struct scratch *f = by_serial(s, serial);

	if (!f)
		return -ESTALE;
	buf_add_range(b, &f->content, size, offset);
	return buf_error(b);
}

/* Whether the file may have this length. */
static int check_size(const struct scratches *s, const struct scratch *f, size_t len)
{
	if (len > MAX_SIZE || s->total - f->content.len + len > MAX_TOTAL)
		return -ENOSPC;
	return 0;
}

static int changed(struct scratches *s, struct scratch *f, size_t old_len)
{
	int r = buf_error(&f->content);

	if (r < 0)
		buf_clear(&f->content);
	s->total = s->total - old_len + f->content.len;
	f->changed = clock_now();
	return r;
}

int scratch_write(struct scratches *s, uint32_t serial, const void *data, size_t len, off_t offset,
	bool append)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);
	size_t old, at;
	int r;

	if (!f)
		return -ESTALE;
	old = f->content.len;
	at = append ? old : (size_t)offset;
	if (offset < 0 || at > MAX_SIZE || len > MAX_SIZE - at)
		return -ENOSPC;
	r = check_size(s, f, at + len > old ? at + len : old);
	if (r < 0)
		return r;
	buf_write_at(&f->content, at, data, len);
	return changed(s, f, old);
}

int scratch_truncate(struct scratches *s, uint32_t serial, off_t size)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);
	size_t old;
	int r;

	if (!f)
		return -ESTALE;
	if (size < 0)
		return -EINVAL;
	r = check_size(s, f, (size_t)size);
	if (r < 0)
		return r;
	old = f->content.len;
	buf_resize(&f->content, (size_t)size);
	return changed(s, f, old);
}

int scratch_replace(struct scratches *s, uint32_t serial, const struct buf *text)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);
	size_t old;

	if (!f)
		return -ESTALE;
	old = f->content.len;
	buf_clear(&f->content);
	buf_add(&f->content, text->data, text->len);
	return changed(s, f, old);
}

void scratch_opened(struct scratches *s, uint32_t serial)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);

	if (f)
		f->opens++;
}

void scratch_closed(struct scratches *s, uint32_t serial)
{
	LOCK_SCOPE(&s->lock);
	struct scratch *f = by_serial(s, serial);

	if (!f)
		return;
	f->opens--;
	f->closed_ms = clock_monotonic_ms();
	collect(s, f);
}

bool scratches_expire(struct scratches *s, int64_t now)
{
	LOCK_SCOPE(&s->lock);
	bool any = false;

	for (struct scratch *f = s->first, *next; f; f = next) {
		next = f->next;
		if (!f->name || f->opens || now - f->closed_ms < LIFE_MS)
			continue;
		drop_name(s, f);
		any = true;
	}
	return any;
}

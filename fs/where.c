/* SPDX-License-Identifier: MIT */
/* A ring of names: the oldest makes room for the next. */
#include "where.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "guildfs.h"
#include "base/name.h"

struct wheres {
	pthread_mutex_t lock;
	char *names[WHERES_MAX]; /* number N at (N - 1) % WHERES_MAX */
	uint32_t last;           /* the greatest number; 0: none yet */
};

struct wheres *wheres_new(void)
{
	struct wheres *wheres = calloc(1, sizeof(*wheres));

	if (wheres)
		pthread_mutex_init(&wheres->lock, NULL);
	return wheres;
}

void wheres_free(struct wheres *wheres)
{
	if (!wheres)
		return;
	for (size_t i = 0; i < WHERES_MAX; i++)
		free(wheres->names[i]);
	pthread_mutex_destroy(&wheres->lock);
	free(wheres);
}

/* With the lock held. NULL: nobody has it any more. */
static char **slot(struct wheres *wheres, uint32_t number)
{
	return number && number <= wheres->last && wheres->last - number < WHERES_MAX
		       ? &wheres->names[(number - 1) % WHERES_MAX]
		       : NULL;
}

/* With the lock held. 0: it is new. */
static uint32_t find(struct wheres *wheres, const char *name)
{
	for (uint32_t number = wheres->last; slot(wheres, number); number--)
		if (strcmp(*slot(wheres, number), name) == 0)
			return number;
	return 0;
}

static int refuse(struct guildfs *fs, const char *name, const char *sentence)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "where/%s", name);
	errors_add(fs->errors, buf_str(&path), sentence);
	return -ENOENT;
}

/* What programs look for in every directory (.git, autorun.inf) asks nothing of a run. */
static int check(struct guildfs *fs, const char *name)
{
	_cleanup_filter_ struct filter *filter = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (name_decode(&text, name) < 0 || strlen(buf_str(&text)) != text.len)
		return -ENOENT;
	if (filter_parse(buf_str(&text), &filter, &err) < 0)
		return refuse(fs, name, err_text(&err));
	if (filter_has_test(filter))
		return 0;
	return refuse(
		fs, name, "the expression asks nothing of a run: write NAME = VALUE, for example");
}

int wheres_find(struct guildfs *fs, const char *name, uint32_t *ret)
{
	struct wheres *wheres = fs->wheres;
	_cleanup_free_ char *own = NULL;
	int r;

	{
		LOCK_SCOPE(&wheres->lock);
		*ret = find(wheres, name);
	}
	if (*ret)
		return 0;
	r = check(fs, name);
	if (r < 0)
		return r;
	own = strdup(name);
	if (!own)
		return -ENOMEM;
	LOCK_SCOPE(&wheres->lock);
	*ret = find(wheres, name);
	if (*ret)
		return 0;
	*ret = ++wheres->last;
	free(*slot(wheres, *ret));
	*slot(wheres, *ret) = STEAL(own);
	return 0;
}

int wheres_filter(struct wheres *wheres, uint32_t number, struct filter **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_free_ char *name = NULL;

	{
		LOCK_SCOPE(&wheres->lock);
		if (!slot(wheres, number))
			return -ENOENT;
		name = strdup(*slot(wheres, number));
	}
	if (!name || name_decode(&text, name) < 0)
		return -ENOMEM;
	return filter_parse(buf_str(&text), ret, NULL);
}

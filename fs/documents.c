/* SPDX-License-Identifier: MIT */
/* What people write into a run: its annotations, and the verbs of ctl. */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "changes.h"
#include "guildfs.h"
#include "opener.h"
#include "walk.h"
#include "run/annotate.h"
#include "run/home.h"
#include "run/launch.h"

typedef void (*annotation_show)(int run_fd, struct buf *b);
typedef int (*annotation_store)(int run_fd, const char *text, size_t len, struct err *err);

static void show(const struct place *p, annotation_show print, struct buf *b)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	if (run_fd < 0)
		buf_fail(b, run_fd);
	else
		print(run_fd, b);
}

void run_label(const struct place *p, struct buf *b)
{
	show(p, annotate_show_label, b);
}

void run_tags(const struct place *p, struct buf *b)
{
	show(p, annotate_show_tags, b);
}

void run_comments(const struct place *p, struct buf *b)
{
	show(p, annotate_show_comments, b);
}

void run_marked(const struct place *p, struct buf *b)
{
	show(p, annotate_show_marked, b);
}

/* Everybody who looks at this run learns of the change. */
static int changed(const struct place *p, int r)
{
	if (r < 0)
		return r;
	home_poke(p->fs->home, place_run_id(p));
	changes_run(p->fs, place_run_id(p));
	return 0;
}

static int store(const struct place *p, annotation_store replace, const char *text, size_t len,
	struct err *err)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	return changed(p, run_fd < 0 ? run_fd : replace(run_fd, text, len, err));
}

int run_store_label(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err)
{
	(void)who, (void)append;
	return store(p, annotate_store_label, text, len, err);
}

int run_store_marked(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err)
{
	(void)who, (void)append;
	return store(p, annotate_store_marked, text, len, err);
}

int run_store_tags(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err)
{
	_cleanup_buf_ struct buf all = BUF_INIT;

	(void)who;
	if (append)
		run_tags(p, &all);
	buf_add(&all, text, len);
	if (buf_error(&all))
		return buf_error(&all);
	return store(p, annotate_store_tags, buf_str(&all), all.len, err);
}

int run_store_comments(const struct place *p, const struct opener *who, const char *text,
	size_t len, bool append, struct err *err)
{
	_cleanup_close_ int run_fd = place_open_run(p);
	_cleanup_buf_ struct buf user = BUF_INIT;

	opener_name(who, &user);
	return changed(p, run_fd < 0 ? run_fd
				     : annotate_store_comments(
					       run_fd, text, len, append, buf_str(&user), err));
}

/* --- ctl ------------------------------------------------------------------ */

static int verb_start(const struct place *p, const struct opener *who, struct err *err)
{
	const char *id = place_run_id(p);
	int r = launch_claim_staged(p->fs->home, id, err);

	return r < 0 ? r : opener_launch(p->fs, who, id, err);
}

static int verb_restart(const struct place *p, const struct opener *who, struct err *err)
{
	const char *id = place_run_id(p);
	int r = launch_claim_restart(p->fs->home, id, err);

	return r < 0 ? r : opener_launch(p->fs, who, id, err);
}

static int verb_stop(const struct place *p, const struct opener *who, struct err *err)
{
	(void)who;
	return launch_stop(p->fs->home, place_run_id(p), false, err);
}

static int verb_kill(const struct place *p, const struct opener *who, struct err *err)
{
	(void)who;
	return launch_stop(p->fs->home, place_run_id(p), true, err);
}

static const struct verb {
	const char *name;
	bool starts; /* makes a process for the writer */
	int (*act)(const struct place *p, const struct opener *who, struct err *err);
} verbs[] = {
	{"start", true, verb_start},
	{"stop", false, verb_stop},
	{"kill", false, verb_kill},
	{"restart", true, verb_restart},
};

void run_ctl(const struct place *p, struct buf *b)
{
	(void)p;
	buf_puts(b, "#");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		buf_printf(b, " %s", verbs[i].name);
	buf_puts(b, "\n");
}

/* One line. An empty one and a comment, such as a read of this file shows, do nothing. */
int run_store_ctl(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err)
{
	int r;

	(void)append;
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	while (len && strchr(" \t", *text))
		text++, len--;
	if (!len || *text == '#')
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strlen(verbs[i].name) != len || memcmp(verbs[i].name, text, len) != 0)
			continue;
		r = verbs[i].starts ? opener_may_start(p->fs, who, err) : 0;
		return changed(p, r < 0 ? r : verbs[i].act(p, who, err));
	}
	return err_set(err, -EINVAL,
		"unknown verb '%.*s'; the verbs are: start, stop, kill, restart",
		(int)(len > 64 ? 64 : len), text);
}

/* SPDX-License-Identifier: MIT */
/* What people write into a run: its annotations, and the verbs of ctl. */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "changes.h"
#include "guildfs.h"
#include "opener.h"
#include "runs_of.h"
#include "walk.h"
#include "run/annotate.h"
#include "run/birth.h"
#include "run/deploy.h"
#include "run/home.h"
#include "run/launch.h"
#include "run/queue.h"
#include "run/status.h"

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
	_cleanup_close_ int run_fd = place_open_run(p);
	_cleanup_close_ int lock = run_fd < 0 ? run_fd : annotate_lock(run_fd, err);
	_cleanup_buf_ struct buf all = BUF_INIT;

	(void)who;
	if (lock < 0)
		return lock;
	if (append)
		annotate_show_tags(run_fd, &all);
	buf_add(&all, text, len);
	if (buf_error(&all))
		return buf_error(&all);
	return changed(p, annotate_store_tags(run_fd, buf_str(&all), all.len, err));
}

int run_store_comments(const struct place *p, const struct opener *who, const char *text,
	size_t len, bool append, struct err *err)
{
	_cleanup_close_ int run_fd = place_open_run(p);
	_cleanup_close_ int lock = run_fd < 0 ? run_fd : annotate_lock(run_fd, err);
	_cleanup_buf_ struct buf user = BUF_INIT;

	if (lock < 0)
		return lock;
	opener_name(who, &user);
	return changed(p, annotate_store_comments(run_fd, text, len, append, buf_str(&user), err));
}

/* --- ctl ------------------------------------------------------------------ */

/* Somebody who had waited for that may be first, such as a late close of the run's flags file. */
static int start_claimed(const struct place *p, const struct opener *who, struct err *err)
{
	int r = opener_launch(p->fs, who, place_run_id(p), err);

	return r == -EALREADY || r == -EBUSY ? 0 : r;
}

static int verb_start(
	const struct place *p, const struct opener *who, const char *arg, struct err *err)
{
	int r = launch_claim_staged(p->fs->home, place_run_id(p), err);

	(void)arg;
	return r < 0 ? r : start_claimed(p, who, err);
}

static int verb_restart(
	const struct place *p, const struct opener *who, const char *arg, struct err *err)
{
	int r = launch_claim_restart(p->fs->home, place_run_id(p), err);

	(void)arg;
	return r < 0 ? r : start_claimed(p, who, err);
}

static bool is_pending(const struct place *p)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	return run_fd >= 0 && run_status_get(run_fd) == RUN_PENDING;
}

/* What waits to be started is kept from it. */
static int verb_stop(
	const struct place *p, const struct opener *who, const char *arg, struct err *err)
{
	const char *id = place_run_id(p);
	int r = launch_stop(p->fs->home, id, false, err);

	(void)who, (void)arg;
	return r == -ESRCH && is_pending(p) ? launch_cancel(p->fs->home, id, err) : r;
}

static int verb_kill(
	const struct place *p, const struct opener *who, const char *arg, struct err *err)
{
	(void)who, (void)arg;
	return launch_stop(p->fs->home, place_run_id(p), true, err);
}

static int verb_pause(
	const struct place *p, const struct opener *who, const char *arg, struct err *err)
{
	(void)who, (void)arg;
	return queue_tell(p->fs->home, place_run_id(p), QUEUE_PAUSE, err);
}

static int verb_resume(
	const struct place *p, const struct opener *who, const char *arg, struct err *err)
{
	(void)who, (void)arg;
	return queue_tell(p->fs->home, place_run_id(p), QUEUE_GO_ON, err);
}

static int verb_drain(
	const struct place *p, const struct opener *who, const char *arg, struct err *err)
{
	(void)who, (void)arg;
	return queue_tell(p->fs->home, place_run_id(p), QUEUE_DRAIN, err);
}

/* A run of its own, which says the rest. */
static int verb_deploy(
	const struct place *p, const struct opener *who, const char *target, struct err *err)
{
	struct guildfs *fs = p->fs;
	_cleanup_deployment_ struct deployment d = {0};
	_cleanup_strv_ struct strv env = STRV_INIT;
	_cleanup_buf_ struct buf user = BUF_INIT;
	char id[RUN_ID_LEN + 1] = "";
	struct birth_spec spec;
	struct deploy_spec what = {.cwd = fs->cwd, .run_id = place_run_id(p), .target = target};
	int r = opener_env(fs, who, &env);

	/* What programs of other users' may do only their runs can ask. */
	if (who->uid == fs->uid)
		what.env = &env;
	if (r == 0)
		r = deploy_plan(fs->home, &what, &d, err);
	/* Whatever is not there, it is not the file that is written to. */
	if (r == -ENOENT)
		r = -EINVAL;
	if (r < 0)
		return r;
	opener_name(who, &user);
	spec = deploy_birth(&d);
	spec.uid = who->uid;
	spec.gid = who->gid;
	spec.user = buf_str(&user);
	spec.env = &env;
	r = birth_create(fs->home, &spec, id, err);
	if (r == 0)
		r = opener_launch(fs, who, id, err);
	if (r < 0)
		return r;
	birth_sync(fs->home, id);
	changes_run(fs, id);
	return 0;
}

static const struct verb {
	const char *name;
	const char *arg; /* what it is about; NULL: nothing */
	bool starts;     /* makes a process for the writer */
	bool of_queue;
	int (*act)(
		const struct place *p, const struct opener *who, const char *arg, struct err *err);
} verbs[] = {
	{"start", NULL, true, false, verb_start},
	{"stop", NULL, false, false, verb_stop},
	{"kill", NULL, false, false, verb_kill},
	{"restart", NULL, true, false, verb_restart},
	{"deploy", "TARGET", true, false, verb_deploy},
	{"pause", NULL, false, true, verb_pause},
	{"resume", NULL, false, true, verb_resume},
	{"drain", NULL, false, true, verb_drain},
};

static void list_verbs(const struct place *p, struct buf *b, const char *between)
{
	bool is_queue = run_is_queue(p);

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (verbs[i].of_queue && !is_queue)
			continue;
		buf_printf(b, "%s%s%s%s", i ? between : "", verbs[i].name, verbs[i].arg ? " " : "",
			verbs[i].arg ? verbs[i].arg : "");
	}
}

void run_ctl(const struct place *p, struct buf *b)
{
	buf_puts(b, "# ");
	list_verbs(p, b, " ");
	buf_puts(b, "\n");
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* A word, and one more for those that take one. */
static int check_words(const struct verb *verb, const struct strv *words, struct err *err)
{
	if (verb->arg && words->n != 2)
		return err_set(err, -EINVAL, "%s needs one %s", verb->name, verb->arg);
	if (!verb->arg && words->n != 1)
		return err_set(err, -EINVAL, "nothing may follow %s", verb->name);
	return 0;
}

static int split_words(const char *text, size_t len, struct strv *ret)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < len;) {
		size_t end = at;

		while (end < len && text[end] && !strchr(" \t\r\n", text[end]))
			end++;
		if (end > at)
			r = strv_add_len(ret, text + at, end - at);
		at = end + 1;
	}
	return r;
}

/* One line. An empty one and a comment, such as a read of this file shows, do nothing. */
int run_store_ctl(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	_cleanup_buf_ struct buf list = BUF_INIT;
	const struct verb *verb;
	int r = split_words(text, len, &words);

	(void)append;
	if (r < 0 || !words.n || *words.v[0] == '#')
		return r;
	verb = find_verb(words.v[0]);
	if (verb) {
		r = check_words(verb, &words, err);
		if (r == 0 && verb->starts)
			r = opener_may_start(p->fs, who, err);
		return changed(
			p, r < 0 ? r : verb->act(p, who, verb->arg ? words.v[1] : NULL, err));
	}
	list_verbs(p, &list, ", ");
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return err_set(err, -EINVAL, "unknown verb '%.*s'; the verbs are: %s",
		(int)(len > 64 ? 64 : len), text, buf_str(&list));
}

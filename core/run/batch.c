/* SPDX-License-Identifier: MIT */
/* Reading a batch, and its list of trials. */
#include "run/batch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/name.h"
#include "project/builtin.h"
#include "project/command.h"
#include "run/attr.h"
#include "run/birth.h"
#include "run/birth_attrs.h"
#include "run/launch.h"
#include "run/opref.h"
#include "run/status.h"
#include "yaml/yaml.h"

#define PLAN_FILE RUN_OWN_DIR "/trials"

enum { PLAN_MAX = (BATCH_TRIALS_MAX + 1) * (RUN_ID_LEN + 1) };

/* --- the batch ---------------------------------------------------------------- */

/* A queue's is empty, see run/queue.h. */
int batch_open_proto(int run_fd)
{
	if (!beneath_exists(run_fd, RUN_PROTO_DIR "/" RUN_GUILD_DIR "/opref"))
		return -ENOENT;
	return beneath_open(run_fd, RUN_PROTO_DIR, O_PATH | O_DIRECTORY, 0);
}

bool batch_is(int run_fd)
{
	_cleanup_close_ int fd = batch_open_proto(run_fd);

	return fd >= 0;
}

static struct value *attr_or_null(int run_fd, const char *name, enum value_type type)
{
	struct value *v = NULL;

	if (attr_read(run_fd, name, &v, NULL) < 0)
		return NULL;
	if (v->type == type)
		return v;
	value_free(v);
	return NULL;
}

static int read_proto(struct batch *b, struct err *err)
{
	_cleanup_close_ int fd = batch_open_proto(b->run_fd);
	int r;

	if (fd < 0)
		return err_set(err, -EINVAL, "the run is no batch: it has no " RUN_PROTO_DIR);
	r = attr_read(fd, "op", &b->op, err);
	if (r < 0)
		return r;
	b->flags = attr_or_null(fd, "flags", VALUE_MAP);
	if (!b->flags)
		b->flags = value_map();
	b->user_flags = attr_or_null(fd, "user_flags", VALUE_MAP);
	b->trials = attr_or_null(fd, "trials", VALUE_LIST);
	return b->flags ? 0 : -ENOMEM;
}

static int read_kind(struct batch *b, struct err *err)
{
	_cleanup_(opref_release) struct opref ref = {0};
	int r = opref_read(b->run_fd, &ref, err);

	if (r < 0)
		return r;
	if (strcmp(ref.pkg_type, "builtin") == 0)
		b->spec.kind = builtin_kind(ref.op);
	if (b->spec.kind == BATCH_NONE)
		return err_set(err, -EINVAL, "'%s' is an optimizer that is not here", ref.op);
	b->algorithm = strdup(ref.op);
	return b->algorithm ? 0 : -ENOMEM;
}

int batch_open(
	const struct home *home, int run_fd, const char *dir, struct batch *ret, struct err *err)
{
	struct batch b = {.home = home, .run_fd = run_fd, .dir = dir};
	_cleanup_value_ struct value *params = NULL, *stage = NULL;
	int r = read_kind(&b, err);

	if (r == 0)
		r = read_proto(&b, err);
	if (r < 0) {
		batch_close(&b);
		return r;
	}
	params = attr_or_null(run_fd, "run_params", VALUE_MAP);
	stage = attr_or_null(run_fd, "stage_trials", VALUE_BOOL);
	b.stage_trials = stage && stage->boolean;
	b.fail_on_trial_error = value_truthy(value_get(params, "fail_on_trial_error"));
	attr_read_int(run_fd, "max_trials", &b.spec.max_trials);
	attr_read_int(run_fd, "random_seed", &b.spec.seed);
	attr_read_text(run_fd, "objective", &b.objective);
	b.opt_flags = attr_or_null(run_fd, "flags", VALUE_MAP);
	if (!b.opt_flags)
		b.opt_flags = value_map();
	if (!b.opt_flags) {
		batch_close(&b);
		return -ENOMEM;
	}
	b.spec.flags = b.flags;
	b.spec.user_flags = b.user_flags;
	b.spec.trials = b.trials;
	*ret = b;
	return 0;
}

void batch_close(struct batch *b)
{
	value_free(b->op);
	value_free(b->flags);
	value_free(b->user_flags);
	value_free(b->trials);
	value_free(b->opt_flags);
	free(b->algorithm);
	buf_release(&b->objective);
	*b = (struct batch){.run_fd = -1};
}

bool batch_trial_waits(const struct batch *b, int run_fd)
{
	return run_status_get(run_fd) == RUN_PENDING ||
	       (!b->stage_trials && run_never_began(run_fd));
}

/* --- links --------------------------------------------------------------------- */

static bool is_run_id(const char *name)
{
	return strlen(name) == RUN_ID_LEN && strspn(name, "0123456789abcdef") == RUN_ID_LEN;
}

static int collect_link(void *arg, const char *name, int d_type)
{
	return d_type == DT_LNK && is_run_id(name) ? strv_add(arg, name) : 0;
}

int batch_links(int run_fd, struct strv *ret_ids)
{
	int r = file_each(run_fd, ".", collect_link, ret_ids);

	strv_sort(ret_ids);
	return r;
}

bool batch_trials_run(const struct home *home, int run_fd)
{
	_cleanup_strv_ struct strv ids = STRV_INIT;
	bool any = false;

	batch_links(run_fd, &ids);
	for (size_t i = 0; !any && i < ids.n; i++) {
		_cleanup_close_ int fd = home_open_run(home, ids.v[i]);

		any = fd >= 0 && run_status_get(fd) == RUN_RUNNING;
	}
	return any;
}

static int link_trial(const struct batch *b, const char *id)
{
	_cleanup_buf_ struct buf path = BUF_INIT, target = BUF_INIT;

	home_run_path(b->home, id, &path);
	name_relative_path(&target, b->dir, buf_str(&path));
	if (buf_error(&path) || buf_error(&target))
		return -ENOMEM;
	return symlinkat(buf_str(&target), b->run_fd, id) < 0 && errno != EEXIST ? -errno : 0;
}

/* --- the list ------------------------------------------------------------------- */

static int digest_of(const struct value *what, char ret[DIGEST_MD5_LEN + 1])
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	yaml_emit(&text, what);
	return buf_error(&text) ? -ENOMEM : digest_text(DIGEST_MD5, text.data, text.len, ret);
}

/* A list of other trials, or one that is damaged, is none: what it led to is linked. */
static int read_list(const struct batch *b, const char *digest, size_t n, struct strv *ids)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char *line, *next;
	int r = beneath_read(b->run_fd, PLAN_FILE, PLAN_MAX, &text);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	next = text.data;
	line = strsep(&next, "\n");
	if (!line || strcmp(line, digest) != 0)
		return 0;
	while (r == 0 && (line = strsep(&next, "\n")) && *line)
		r = is_run_id(line) ? strv_add(ids, line) : -EINVAL;
	if (r == -ENOMEM)
		return r;
	if (r < 0 || ids->n != n)
		strv_release(ids);
	return 0;
}

static int write_list(const struct batch *b, const char *digest, const struct strv *ids)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = beneath_mkdirs(b->run_fd, RUN_OWN_DIR, 0777);

	buf_printf(&text, "%s\n", digest);
	for (size_t i = 0; i < ids->n; i++)
		buf_printf(&text, "%s\n", ids->v[i]);
	if (r == 0)
		r = buf_error(&text);
	return r < 0 ? r
		     : beneath_write(b->run_fd, PLAN_FILE, text.data, text.len, 0644, FILE_NOSYNC);
}

static bool is_waiting(const struct batch *b, int run_fd)
{
	return run_status_get(run_fd) == RUN_RUNNING || batch_trial_waits(b, run_fd);
}

/* Linked after it was made: what is linked and not there was deleted. */
bool batch_has_trial(const struct batch *b, const char *id)
{
	_cleanup_close_ int fd = -1;

	if (file_exists(b->run_fd, id))
		return true;
	fd = home_open_run(b->home, id);
	return fd >= 0 && link_trial(b, id) == 0;
}

static bool is_unfinished(const struct batch *b, const struct strv *ids)
{
	for (size_t i = 0; i < ids->n; i++) {
		_cleanup_close_ int fd = home_open_run(b->home, ids->v[i]);

		if (fd < 0 ? !batch_has_trial(b, ids->v[i]) : is_waiting(b, fd))
			return true;
	}
	return false;
}

struct waiting {
	int64_t started;
	char *id;
};

static int by_start(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;

	return (x->started > y->started) - (x->started < y->started);
}

/* Of a batch of Guild AI's, or of other flags: in the order in which they were made. */
static int waiting_links(const struct batch *b, struct strv *ids)
{
	_cleanup_strv_ struct strv links = STRV_INIT;
	_cleanup_free_ struct waiting *waiting = NULL;
	size_t n = 0;
	int r = batch_links(b->run_fd, &links);

	waiting = calloc(links.n + 1, sizeof(*waiting));
	if (r < 0 || !waiting)
		return r < 0 ? r : -ENOMEM;
	for (size_t i = 0; i < links.n; i++) {
		_cleanup_close_ int fd = home_open_run(b->home, links.v[i]);

		if (fd < 0 || !is_waiting(b, fd))
			continue;
		waiting[n].id = links.v[i];
		attr_read_int(fd, "started", &waiting[n].started);
		n++;
	}
	qsort(waiting, n, sizeof(*waiting), by_start);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = strv_add(ids, waiting[i].id);
	return r;
}

/* Ids that nobody has, up to `n` of them. */
static int fill_list(const struct batch *b, const char *digest, size_t n, struct strv *ids)
{
	int r = 0;

	while (r == 0 && ids->n < n) {
		char id[RUN_ID_LEN + 1];

		r = name_new_run_id(id);
		if (r == 0)
			r = strv_add(ids, id);
	}
	return r < 0 ? r : write_list(b, digest, ids);
}

/* `what` tells one list from another that would have as many trials. */
static int plan(const struct batch *b, const struct value *what, size_t n, struct batch_plan *ret,
	struct err *err)
{
	char digest[DIGEST_MD5_LEN + 1];
	int r = digest_of(what, digest);

	if (r == 0)
		r = read_list(b, digest, n, &ret->ids);
	if (r == 0 && ret->ids.n && !is_unfinished(b, &ret->ids))
		strv_release(&ret->ids);
	if (r == 0 && !ret->ids.n) {
		r = waiting_links(b, &ret->ids);
		ret->is_new = !ret->ids.n;
		if (r == 0 && (ret->is_new || b->spec.kind == BATCH_SEQUENTIAL))
			r = fill_list(b, digest, n, &ret->ids);
		else
			ret->trials = NULL;
	}
	if (r == 0)
		return 0;
	strv_release(&ret->ids);
	return err_set(err, r, "cannot make the list of trials: %s", strerror(-r));
}

int batch_plan(
	const struct batch *b, const struct value *trials, struct batch_plan *ret, struct err *err)
{
	*ret = (struct batch_plan){.trials = trials};
	return plan(b, trials, trials->list.n, ret, err);
}

int batch_plan_search(const struct batch *b, struct batch_plan *ret, struct err *err)
{
	_cleanup_value_ struct value *what = value_list();
	int64_t n = b->spec.max_trials ? b->spec.max_trials : BATCH_RANDOM_TRIALS;
	int r = what ? value_list_add(what, value_copy(b->flags)) : -ENOMEM;

	*ret = (struct batch_plan){0};
	if (n > BATCH_TRIALS_MAX)
		return batch_too_many(err);
	if (r == 0)
		r = value_list_add(what, value_copy(b->opt_flags));
	return r < 0 ? r : plan(b, what, (size_t)n, ret, err);
}

/* --- trials ----------------------------------------------------------------------- */

static void begin_trials(
	const struct batch *b, const struct strv *env, struct buf *python, struct birth_trial *ret)
{
	const char *project = value_str(
		value_get(value_get(value_get(b->op, "op-cmd"), "cmd-env"), "PROJECT_DIR"));

	if (python_find(project ? project : "", env, python) < 0)
		buf_puts(python, "python");
	*ret = (struct birth_trial){.batch_fd = b->run_fd, .op = b->op, .python = buf_str(python)};
}

static int create_trial(
	const struct batch *b, const char *id, const struct birth_trial *trial, struct err *err)
{
	int r;

	if (batch_has_trial(b, id))
		return 0;
	r = birth_trial(b->home, trial, id, err);
	if (r == 0 || r == -EEXIST)
		r = link_trial(b, id);
	return r < 0 && (!err || !err->code)
		       ? err_set(err, r, "cannot make a trial: %s", strerror(-r))
		       : r;
}

int batch_create_trial(const struct batch *b, const char *id, const struct value *flags,
	const struct strv *env, struct err *err)
{
	_cleanup_buf_ struct buf python = BUF_INIT;
	struct birth_trial trial;

	begin_trials(b, env, &python, &trial);
	trial.flags = flags;
	return create_trial(b, id, &trial, err);
}

int batch_create_trials(const struct batch *b, const struct batch_plan *plan,
	const struct strv *env, struct err *err)
{
	_cleanup_buf_ struct buf python = BUF_INIT;
	struct birth_trial trial;
	int r = 0;

	begin_trials(b, env, &python, &trial);
	for (size_t i = 0; plan->trials && r == 0 && i < plan->ids.n; i++) {
		trial.flags = plan->trials->list.items[i];
		r = create_trial(b, plan->ids.v[i], &trial, err);
	}
	return r;
}

/* --- staging --------------------------------------------------------------------- */

static int mark_staged(const struct batch *b, const char *id, int run_fd)
{
	int r = beneath_write(run_fd, RUN_GUILD_DIR "/STAGED", "", 0, 0644, FILE_NOSYNC);

	if (r == 0)
		r = beneath_unlink(run_fd, RUN_GUILD_DIR "/PENDING");
	home_poke(b->home, id);
	return r;
}

int batch_stage_trial(const struct batch *b, const char *id, const char *cmd_dir,
	const struct strv *env, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(b->home, id);
	const struct birth_spec spec = {.env = env};
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	if (run_status_get(run_fd) != RUN_PENDING)
		return err_set(err, -EBUSY, "the run is not pending");
	r = birth_write_env(&spec, run_fd);
	/* From the last time, which did not come to its end. */
	if (r < 0 && r != -EEXIST)
		return err_set(err, r, "cannot stage the trial: %s", strerror(-r));
	r = launch_stage(b->home, id, cmd_dir, env, err);
	if (r)
		return r;
	r = mark_staged(b, id, run_fd);
	return r < 0 ? err_set(err, r, "cannot stage the trial: %s", strerror(-r)) : 0;
}

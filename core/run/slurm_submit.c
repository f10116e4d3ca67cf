/* SPDX-License-Identifier: MIT */
/*
 * Making jobs. A job is the supervisor itself, since its script is one that guild-supervise
 * interprets, and several runs are the tasks of one array.
 */
#include "run/slurm_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "run/attr.h"
#include "run/launch_internal.h"
#include "run/opref.h"
#include "run/status.h"
#include "run/supervise_fd.h"

enum {
	SUBMIT_MS = 120000,    /* as long as sbatch may wait for its controller */
	INTERPRETER_MAX = 200, /* of a script's first line */
	ARRAY_MAX = 1001,      /* where Slurm's own limit is not known: its default */
};

static bool has_newline(const char *text)
{
	return strchr(text, '\n') != NULL;
}

/* See run/supervise_fd.h. */
static int write_script(const struct executor_start *s, struct buf *script, struct err *err)
{
	const char *cmd_dir = s->launch->cmd_dir ? s->launch->cmd_dir : "/";
	_cleanup_buf_ struct buf program = BUF_INIT;
	int r = launch_program(&program);

	if (r < 0)
		return err_set(err, r, "cannot find guild-supervise: %s", strerror(-r));
	if (strpbrk(buf_str(&program), " \t\n") || program.len > INTERPRETER_MAX)
		return err_set(err, -EINVAL,
			"%s cannot be a job of Slurm: its path is to have no blank in it and at "
			"most %d bytes",
			buf_str(&program), INTERPRETER_MAX);
	if (has_newline(s->home->path) || has_newline(cmd_dir))
		return err_set(
			err, -EINVAL, "a directory with a newline in its name cannot be a job's");
	buf_printf(script, "#!%s " SUPERVISE_JOB "\n%s\n%s\n", buf_str(&program), s->home->path,
		cmd_dir);
	for (size_t i = 0; i < s->list->n; i++)
		buf_printf(script, "%s\n", s->list->ids[i]);
	return buf_error(script) ? err_set(err, buf_error(script), "out of memory") : 0;
}

const char *const slurm_settings[] = {"partition", "time", "gpus", "mem", "options", NULL};

/* First what is configured, so that what must be comes last and holds. */
static int add_settings(struct strv *argv, const struct value *v)
{
	const struct value *options = value_get(v, "options");
	int r = 0;

	for (const char *const *name = slurm_settings; r == 0 && *name; name++) {
		const char *text = value_str(value_get(v, *name));

		if (text)
			r = strv_addf(argv, "--%s=%s", *name, text);
	}
	for (size_t i = 0; options && r == 0 && i < options->list.n; i++)
		r = strv_add(argv, value_str(options->list.items[i]));
	return r;
}

/* sbatch fills in what is behind a %. */
static int add_log(struct strv *argv, const struct executor_start *s)
{
	_cleanup_buf_ struct buf path = BUF_INIT, plain = BUF_INIT;

	home_run_path(s->home, s->list->ids[0], &path);
	buf_replace(&plain, buf_str(&path), "%", "%%");
	return buf_error(&plain)
		       ? buf_error(&plain)
		       : strv_addf(argv, "--output=%s/" RUN_OWN_DIR "/job.log", buf_str(&plain));
}

static int add_name(struct strv *argv, const struct executor_start *s)
{
	_cleanup_close_ int run_fd = home_open_run(s->home, s->list->ids[0]);
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (run_fd >= 0 && opref_read(run_fd, &ref, NULL) == 0)
		opref_display(&name, &ref);
	return strv_addf(argv, "--job-name=%s", name.len ? buf_str(&name) : "guild");
}

static int make_arguments(const struct executor_start *s, struct strv *argv)
{
	static const char *const fixed[] = {
		"--parsable", "--no-requeue", "--open-mode=append", "--input=/dev/null"};
	int r = strv_add(argv, "sbatch");

	if (r == 0)
		r = add_settings(argv, s->settings);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fixed); i++)
		r = strv_add(argv, fixed[i]);
	if (r == 0)
		r = add_name(argv, s);
	if (r == 0)
		r = add_log(argv, s);
	if (r == 0)
		r = strv_addf(argv, "--comment=" SLURM_COMMENT "%s", s->list->ids[0]);
	if (r == 0)
		r = strv_addf(argv, "--chdir=%s", s->home->path);
	if (r < 0 || s->list->n == 1)
		return r;
	return s->list->at_a_time
		       ? strv_addf(argv, "--array=0-%zu%%%d", s->list->n - 1, s->list->at_a_time)
		       : strv_addf(argv, "--array=0-%zu", s->list->n - 1);
}

/* The operation's, but for what would make another kind of job of it. */
static int make_env(const struct executor_start *s, struct strv *env)
{
	static const char *const others[] = {"SBATCH_ARRAY_INX", "SBATCH_WAIT", "SBATCH_INPUT"};
	const char *conf = getenv("SLURM_CONF");
	int r = strv_copy(env, s->launch->env);

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		strv_env_unset(env, others[i]);
	/* A user's login may not know what this process was told. */
	if (r == 0 && conf && !strv_env_get(env, "SLURM_CONF"))
		r = strv_env_set(env, "SLURM_CONF", conf);
	return r;
}

static int submit(const struct executor_start *s, struct buf *ret_id, struct err *err)
{
	_cleanup_buf_ struct buf script = BUF_INIT, out = BUF_INIT, messages = BUF_INIT;
	_cleanup_strv_ struct strv argv = STRV_INIT, env = STRV_INIT;
	int r = write_script(s, &script, err);

	if (r < 0)
		return r;
	r = make_arguments(s, &argv);
	if (r == 0)
		r = make_env(s, &env);
	if (r < 0)
		return err_set(err, r, "out of memory");
	r = slurm_call(&(struct slurm_command){.argv = (const char *const *)argv.v,
			       .env = &env,
			       .dir = "/",
			       .input = &script,
			       .uid = s->launch->uid,
			       .gid = s->launch->gid,
			       .timeout_ms = SUBMIT_MS},
		&out, &messages, err);
	if (r > 0)
		return slurm_refused("sbatch", &messages, err);
	/* ID, or ID;CLUSTER. */
	if (r == 0)
		buf_add(ret_id, buf_str(&out), strspn(buf_str(&out), "0123456789"));
	return r == 0 && !ret_id->len ? err_set(err, -EIO, "sbatch does not say which job it made")
				      : r;
}

/*
 * 1 when one of them is to be submitted. What has begun is of no use to a job, which will see that
 * itself; what has a job needs none.
 */
static int check(const struct executor_start *s, struct err *err)
{
	bool wanted = false, waits = false;

	for (size_t i = 0; i < s->list->n; i++) {
		_cleanup_close_ int run_fd = home_open_run(s->home, s->list->ids[i]);

		if (run_fd < 0)
			return err_set(err, run_fd, "there is no run %s", s->list->ids[i]);
		if (!beneath_exists(run_fd, RUN_TICKET_FILE))
			continue;
		waits = true;
		wanted |= !beneath_exists(run_fd, RUN_JOB_FILE);
	}
	return waits ? wanted : err_set(err, -EALREADY, "the run has been started already");
}

static void note_job(const struct executor_start *s, size_t i, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(s->home, s->list->ids[i]);
	_cleanup_buf_ struct buf job = BUF_INIT;

	buf_puts(&job, id);
	if (s->list->n > 1)
		buf_printf(&job, "_%zu", i);
	buf_printf(&job, " %s", s->list->ids[0]);
	/* A job that has begun meanwhile knows better. Without the note the run is asked for once
	 * more, and started once all the same. */
	if (run_fd >= 0 && beneath_exists(run_fd, RUN_TICKET_FILE)) {
		run_job_write(run_fd, &executor_slurm, buf_str(&job));
		home_poke(s->home, s->list->ids[i]);
	}
}

/* So that it is known that nobody has submitted it, and asked for again. */
static void note_reason(const struct executor_start *s, const char *why)
{
	for (size_t i = 0; i < s->list->n; i++) {
		_cleanup_close_ int run_fd = home_open_run(s->home, s->list->ids[i]);

		if (run_fd >= 0)
			run_reason_write(run_fd, why);
	}
}

int slurm_start(const struct executor_start *s, struct err *err)
{
	_cleanup_buf_ struct buf id = BUF_INIT;
	int r = check(s, err);

	if (r <= 0)
		return r;
	r = submit(s, &id, err);
	if (r == -EAGAIN)
		note_reason(s, err_text(err));
	for (size_t i = 0; r == 0 && i < s->list->n; i++)
		note_job(s, i, buf_str(&id));
	return r;
}

size_t slurm_most(void)
{
	long n = slurm_config_number("MaxArraySize", SLURM_ASK_MS, ARRAY_MAX);

	return n > 1 ? (size_t)n - 1 : 1;
}

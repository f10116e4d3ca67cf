/* SPDX-License-Identifier: MIT */
/* By gcloud: storage cp, custom-jobs or hp-tuning-jobs create, stream-logs, describe, cancel. */
#include "models/vertex_job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/libexec.h"
#include "project/command.h"
#include "run/attr.h"
#include "term/child.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

#define SPEC          RUN_OWN_DIR "/vertex-job.json"
#define MACHINE       "n1-standard-4"
#define ACCELERATOR   "type="
#define ACCELERATOR_N "count="
#define POLL_SECONDS  10U
#define LOG_SECONDS   "10" /* gcloud asks once a minute by itself */
#define BUCKET_SCHEME "gs://"

static volatile sig_atomic_t stopped;

void vertex_job_release(struct vertex_job *job)
{
	value_free(job->op);
	value_free(job->flags);
	value_free(job->target);
	value_free(job->study);
	value_free(job->state);
	strv_release(&job->command);
	if (job->run_fd >= 0)
		close(job->run_fd);
}

static const char *text_of(const struct value *map, const char *key)
{
	const char *text = value_str(value_get(map, key));

	return text ? text : "";
}

/* gs://BUCKET/RUN/PART, or the same as a directory of the container. */
static void add_place(
	const struct vertex_job *job, const char *prefix, const char *part, struct buf *b)
{
	const char *bucket = text_of(job->target, "bucket") + strlen(BUCKET_SCHEME);
	size_t len = strlen(bucket);

	buf_printf(b, "%s%.*s/%s/%s", prefix, (int)(len - (bucket[len - 1] == '/')), bucket,
		job->run_id, part);
}

static void begin(
	const struct vertex_job *job, struct gcloud *c, const char *verb, const char *resource)
{
	gcloud_command(c, job->study ? "ai hp-tuning-jobs" : "ai custom-jobs");
	gcloud_word(c, verb);
	if (resource)
		gcloud_word(c, gcloud_id(resource));
	gcloud_option(c, "project", text_of(job->target, "project"));
	gcloud_option(c, "region", text_of(job->target, "region"));
}

/* --- to the bucket, and back --------------------------------------------------------- */

static int copy(const struct vertex_job *job, const struct strv *from, const char *to)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;

	gcloud_command(&c, "storage cp --recursive");
	for (size_t i = 0; i < from->n; i++)
		gcloud_word(&c, from->v[i]);
	gcloud_word(&c, to);
	gcloud_option(&c, "project", text_of(job->target, "project"));
	return gcloud_run(&c, NULL);
}

/* A link is what it leads to there, under its own name. */
static int copy_link(const struct vertex_job *job, const char *name)
{
	_cleanup_free_ char *real = realpath(name, NULL);
	_cleanup_strv_ struct strv from = STRV_INIT;
	_cleanup_buf_ struct buf to = BUF_INIT;

	if (!real)
		return complain("cannot read %s: %s", name, strerror(errno));
	add_place(job, BUCKET_SCHEME, "run/", &to);
	buf_puts(&to, name);
	return strv_add(&from, real) < 0 ? complain("out of memory")
					 : copy(job, &from, buf_str(&to));
}

static bool needs_shim(const struct vertex_job *job)
{
	return strv_has(&job->command, "guild.op_main");
}

int vertex_job_upload(const struct vertex_job *job)
{
	_cleanup_strv_ struct strv names = STRV_INIT, plain = STRV_INIT, shim = STRV_INIT;
	_cleanup_buf_ struct buf to = BUF_INIT, modules = BUF_INIT, whole = BUF_INIT;
	int r = file_names(job->run_fd, ".", &names), status = EXIT_OK;

	strv_sort(&names);
	add_place(job, BUCKET_SCHEME, "run/", &to);
	add_place(job, BUCKET_SCHEME, "", &whole);
	for (size_t i = 0; r == 0 && status == EXIT_OK && i < names.n; i++) {
		struct stat st;

		if (strcmp(names.v[i], RUN_GUILD_DIR) == 0)
			continue;
		if (fstatat(job->run_fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = -errno;
		else if (S_ISLNK(st.st_mode))
			status = copy_link(job, names.v[i]);
		else
			r = strv_add(&plain, names.v[i]);
	}
	if (r == 0)
		r = libexec_dir(&modules);
	buf_puts(&modules, "/python");
	if (r == 0)
		r = strv_add(&shim, buf_str(&modules));
	if (r < 0)
		return complain("cannot read the run directory: %s", strerror(-r));
	if (status == EXIT_OK && plain.n)
		status = copy(job, &plain, buf_str(&to));
	if (status == EXIT_OK && needs_shim(job))
		status = copy(job, &shim, buf_str(&whole));
	return status;
}

int vertex_job_download(const struct vertex_job *job)
{
	const char *part = job->study ? "trials" : "run";
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_buf_ struct buf from = BUF_INIT;

	add_place(job, BUCKET_SCHEME, part, &from);
	if (job->study && mkdir(part, 0777) < 0 && errno != EEXIST)
		return complain("cannot make %s: %s", part, strerror(errno));
	gcloud_command(&c, "storage rsync --recursive");
	gcloud_word(&c, buf_str(&from));
	gcloud_word(&c, job->study ? part : ".");
	gcloud_option(&c, "project", text_of(job->target, "project"));
	return gcloud_run(&c, NULL);
}

/* --- what the job is ------------------------------------------------------------------- */

/* Takes `v` over. */
static int set(struct value *map, const char *key, struct value *v, int r)
{
	if (r == 0)
		return value_map_set(map, key, v);
	value_free(v);
	return r;
}

static int add_to(struct value *list, struct value *v, int r)
{
	if (r == 0)
		return value_list_add(list, v);
	value_free(v);
	return r;
}

/* type=T,count=N, as in options of gcloud. */
static int set_accelerator(struct value *machine, const char *text)
{
	const char *type = strstr(text, ACCELERATOR), *count = strstr(text, ACCELERATOR_N);
	long n = count ? strtol(count + strlen(ACCELERATOR_N), NULL, 10) : 1;
	int r;

	if (!*text)
		return 0;
	type = type ? type + strlen(ACCELERATOR) : text;
	r = value_map_set(machine, "acceleratorType", value_string_len(type, strcspn(type, ",")));
	return set(machine, "acceleratorCount", value_int(n), r);
}

static int make_machine(const struct vertex_job *job, struct value *pool)
{
	const char *type = text_of(job->target, "training-machine-type");
	struct value *machine = value_map();
	int r = machine ? value_map_set(
				  machine, "machineType", value_string(*type ? type : MACHINE))
			: -ENOMEM;

	if (r == 0)
		r = set_accelerator(machine, text_of(job->target, "training-accelerator"));
	return set(pool, "machineSpec", machine, r);
}

/* Of the operation, but for what names places of this machine. */
static int make_env(const struct vertex_job *job, struct strv *env)
{
	const char *where = job->study ? "trials/$CLOUD_ML_TRIAL_ID" : "run";
	_cleanup_buf_ struct buf python = BUF_INIT, dir = BUF_INIT;
	struct err err = ERR_INIT;
	int r = command_env(job->op, job->flags, env, &err);

	if (r < 0)
		return r;
	add_place(job, "/gcs/", "python:.", &python);
	add_place(job, "/gcs/", where, &dir);
	r = strv_env_set(env, "PYTHONPATH", buf_str(&python));
	if (r == 0)
		r = strv_env_set(env, "RUN_ID", job->run_id);
	/* The value of a variable is not looked at by a shell: a trial sets its own. */
	if (r == 0 && !job->study)
		r = strv_env_set(env, "RUN_DIR", buf_str(&dir));
	strv_env_unset(env, "PROJECT_DIR");
	return r;
}

static int env_list(const struct vertex_job *job, struct value *container)
{
	_cleanup_strv_ struct strv env = STRV_INIT;
	struct value *list = value_list();
	int r = list ? make_env(job, &env) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < env.n; i++) {
		const char *equals = strchr(env.v[i], '=');
		struct value *one = value_map();

		r = one ? value_map_set(one, "name",
				  value_string_len(env.v[i], (size_t)(equals - env.v[i])))
			: -ENOMEM;
		r = set(one, "value", value_string(equals + 1), r);
		r = add_to(list, one, r);
	}
	return set(container, "env", list, r);
}

/* The words that run the command where it is to run; the shell is the container's. What a tuning
 * job adds for a trial comes behind all others. */
static void add_script(const struct vertex_job *job, struct buf *b)
{
	_cleanup_buf_ struct buf run = BUF_INIT, trials = BUF_INIT;

	add_place(job, "/gcs/", "run", &run);
	add_place(job, "/gcs/", "trials", &trials);
	if (job->study)
		buf_printf(b,
			"RUN_DIR='%s'/$CLOUD_ML_TRIAL_ID && export RUN_DIR && mkdir -p "
			"\"$RUN_DIR\" "
			"&& cp -R '%s'/. \"$RUN_DIR\" && cd \"$RUN_DIR\" && exec \"$@\"",
			buf_str(&trials), buf_str(&run));
	else
		buf_printf(b, "cd '%s' && exec \"$@\"", buf_str(&run));
}

static int make_container(const struct vertex_job *job, struct value *pool)
{
	_cleanup_buf_ struct buf script = BUF_INIT;
	struct value *container = value_map(), *words = value_list();
	struct value *args = value_from_strv(&job->command);
	int r = container && words && args ? 0 : -ENOMEM;

	add_script(job, &script);
	r = add_to(words, value_string("sh"), r);
	r = add_to(words, value_string("-c"), r);
	r = add_to(words, value_string(buf_str(&script)), r);
	r = add_to(words, value_string("sh"), r);
	r = set(container, "imageUri", value_string(text_of(job->target, "training-image-uri")), r);
	r = set(container, "command", words, r);
	r = set(container, "args", args, r);
	if (r == 0)
		r = env_list(job, container);
	return set(pool, "containerSpec", container, r);
}

/* A CustomJobSpec. NULL: out of memory. */
static struct value *make_spec(const struct vertex_job *job)
{
	const char *account = text_of(job->target, "service-account");
	struct value *spec = value_map(), *pools = value_list(), *pool = value_map();
	int r = spec && pools && pool ? make_machine(job, pool) : -ENOMEM;

	r = set(pool, "replicaCount", value_int(1), r);
	if (r == 0)
		r = make_container(job, pool);
	r = add_to(pools, pool, r);
	r = set(spec, "workerPoolSpecs", pools, r);
	if (*account)
		r = set(spec, "serviceAccount", value_string(account), r);
	if (r == 0)
		return spec;
	value_free(spec);
	return NULL;
}

/* A file for --config. */
static int write_spec(const struct vertex_job *job)
{
	_cleanup_value_ struct value *whole = make_spec(job);
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct value *custom;
	int r = whole ? 0 : -ENOMEM;

	if (r == 0 && job->study) {
		custom = STEAL(whole);
		whole = value_map();
		r = set(whole, "studySpec", value_copy(job->study), whole ? 0 : -ENOMEM);
		r = set(whole, "trialJobSpec", custom, r);
	}
	if (r == 0)
		json_emit_indented(&text, whole);
	if (r == 0)
		r = file_mkdirs(job->run_fd, RUN_OWN_DIR, 0777);
	if (r == 0)
		r = file_write(job->run_fd, SPEC, text.data, text.len, 0644, FILE_NOSYNC);
	return r < 0 ? complain("cannot write " SPEC ": %s", strerror(-r)) : EXIT_OK;
}

/* --- its life ---------------------------------------------------------------------------- */

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = stop};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static void add_display_name(const struct vertex_job *job, struct buf *b)
{
	buf_printf(b, "guild-%s", job->run_id);
}

static int create(const struct vertex_job *job, struct buf *ret_name)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_value_ struct value *made = NULL, *record = value_map();
	_cleanup_buf_ struct buf number = BUF_INIT;
	int status, r;

	begin(job, &c, "create", NULL);
	add_display_name(job, &number);
	gcloud_option(&c, "display-name", buf_str(&number));
	gcloud_option(&c, "config", SPEC);
	if (job->study) {
		buf_clear(&number);
		buf_printf(&number, "%jd", (intmax_t)job->trials);
		gcloud_option(&c, "max-trial-count", buf_str(&number));
		buf_clear(&number);
		buf_printf(&number, "%jd", (intmax_t)job->parallel);
		gcloud_option(&c, "parallel-trial-count", buf_str(&number));
	}
	status = gcloud_run(&c, &made);
	if (status != EXIT_OK)
		return status;
	buf_puts(ret_name, text_of(made, "name"));
	if (!ret_name->len)
		return complain("gcloud does not say which job it has created");
	r = record ? value_map_set(record, "job", value_string(buf_str(ret_name))) : -ENOMEM;
	buf_clear(&number);
	add_place(job, BUCKET_SCHEME, "", &number);
	r = set(record, "artifacts", value_string(buf_str(&number)), r);
	if (r == 0)
		r = attr_write(job->run_fd, "cloudml", record, FILE_SYNC);
	return r < 0 ? complain("cannot record the job: %s", strerror(-r)) : EXIT_OK;
}

/* Its output is the run's. It ends with the job; that there is none of it ends nothing. */
static void follow(const struct vertex_job *job, const char *name)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;

	begin(job, &c, "stream-logs", name);
	gcloud_option(&c, "polling-interval", LOG_SECONDS);
	gcloud_option(&c, "format", "value(message)");
	gcloud_word(&c, "--quiet");
	if (c.error == 0)
		run_child((const char *const *)c.words.v, NULL);
}

static int describe(const struct vertex_job *job, const char *name, struct value **ret)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;

	begin(job, &c, "describe", name);
	return gcloud_run(&c, ret);
}

static bool has_ended(const struct value *state)
{
	static const char *const ends[] = {"JOB_STATE_SUCCEEDED", "JOB_STATE_FAILED",
		"JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED", "JOB_STATE_PARTIALLY_SUCCEEDED"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (strcmp(text_of(state, "state"), ends[i]) == 0)
			return true;
	return false;
}

static void cancel(const struct vertex_job *job, const char *name)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;

	begin(job, &c, "cancel", name);
	gcloud_run(&c, NULL);
}

/* The signal ends gcloud as well, which may have made a job that it has not told us of. */
static void cancel_unknown(const struct vertex_job *job)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_value_ struct value *jobs = NULL;
	_cleanup_buf_ struct buf filter = BUF_INIT;

	buf_puts(&filter, "displayName=");
	add_display_name(job, &filter);
	begin(job, &c, "list", NULL);
	gcloud_option(&c, "filter", buf_str(&filter));
	if (gcloud_run(&c, &jobs) != EXIT_OK || jobs->type != VALUE_LIST)
		return;
	for (size_t i = 0; i < jobs->list.n; i++)
		if (!has_ended(jobs->list.items[i]))
			cancel(job, text_of(jobs->list.items[i], "name"));
}

/* By the signal: so it is not taken for a failure. */
static int end_stopped(void)
{
	fflush(NULL);
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
	return EXIT_ERROR;
}

static int follow_to_end(struct vertex_job *job, const char *name)
{
	int status = EXIT_OK;

	follow(job, name);
	while (!stopped) {
		value_free(job->state);
		job->state = NULL;
		status = describe(job, name, &job->state);
		if (status != EXIT_OK || has_ended(job->state))
			break;
		sleep(POLL_SECONDS);
	}
	return status;
}

int vertex_job_run(struct vertex_job *job)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	int status = write_spec(job);

	/* Before there is a job: what has begun has to be cancelled. */
	catch_signals();
	if (status == EXIT_OK)
		status = create(job, &name);
	if (status == EXIT_OK)
		status = follow_to_end(job, buf_str(&name));
	if (stopped && name.len)
		cancel(job, buf_str(&name));
	else if (stopped)
		cancel_unknown(job);
	if (stopped)
		return end_stopped();
	if (status != EXIT_OK || strcmp(text_of(job->state, "state"), "JOB_STATE_SUCCEEDED") == 0)
		return status;
	return complain("%s ended as %s%s%s", buf_str(&name), text_of(job->state, "state"),
		*text_of(value_get(job->state, "error"), "message") ? ": " : "",
		text_of(value_get(job->state, "error"), "message"));
}

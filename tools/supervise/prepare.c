/* SPDX-License-Identifier: MIT */
/* From the stored attributes to an argument vector and the files that it needs (reference, 4). */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/libexec.h"
#include "catalog/dep_runs.h"
#include "project/command.h"
#include "run/attr.h"
#include "run/deps.h"

/* The run knows its project; the opref of a script says only where the script is. */
static void find_project(struct supervisor *s)
{
	const struct value *env = value_get(value_get(s->op, "op-cmd"), "cmd-env");
	const char *dir = value_str(value_get(env, "PROJECT_DIR"));

	if (dir && *dir)
		buf_puts(&s->project, dir);
	else
		opref_project_dir(&s->project, &s->opref);
}

static int read_attrs(struct supervisor *s, struct err *err)
{
	int r = opref_read(s->run_fd, &s->opref, err);

	if (r == 0)
		r = attr_read(s->run_fd, "op", &s->op, err);
	if (r == 0)
		r = attr_read(s->run_fd, "flags", &s->flags, err);
	if (r == 0)
		find_project(s);
	/* Guild AI's runs may have none. */
	if (r == 0 && attr_read(s->run_fd, "run_params", &s->params, NULL) < 0)
		s->params = NULL;
	return r;
}

/* --- command -------------------------------------------------------------- */

/* A pipeline or a batch is run by our own program, whatever Python there is. */
static int own_argv(struct supervisor *s, const char *command)
{
	_cleanup_buf_ struct buf guild = BUF_INIT;
	int r = libexec_guild(&guild);

	if (r == 0)
		r = strv_add(&s->argv, buf_str(&guild));
	return r < 0 ? r : strv_add(&s->argv, command);
}

static int make_argv(struct supervisor *s, struct err *err)
{
	const char *name, *own = command_own_process(s->op);
	int r;

	r = own ? own_argv(s, own)
		: command_argv(s->op, s->flags, buf_str(&s->python), &s->argv, err);
	if (r < 0)
		return r;
	name = s->argv.v[0];
	/* A program of the project is in the run directory, which is where it runs. */
	if (*name != '/' && strchr(name, '/'))
		buf_printf(&s->program, "%s/%s", s->run_dir, name);
	else if (program_find(name, &s->env, &s->program) < 0)
		return err_set(err, -ENOENT,
			"error running %s: [Errno 2] No such file or directory: '%s'", s->opref.op,
			name);
	if (faccessat(AT_FDCWD, buf_str(&s->program), X_OK, AT_EACCESS) < 0)
		return err_set(err, -errno, "error running %s: cannot execute '%s': %s",
			s->opref.op, name, strerror(errno));
	return 0;
}

/*
 * A restart elsewhere may find another Python: what is stored is what runs. What is stored of our
 * own processes is what Guild AI would run in their place.
 */
static int store_argv(struct supervisor *s)
{
	_cleanup_value_ struct value *now = NULL, *stored = NULL;

	if (command_own_process(s->op))
		return 0;
	now = value_from_strv(&s->argv);
	if (!now)
		return -ENOMEM;
	if (attr_read(s->run_fd, "cmd", &stored, NULL) == 0 && value_equal(stored, now))
		return 0;
	return attr_write(s->run_fd, "cmd", now, FILE_NOSYNC);
}

/* --- dependencies --------------------------------------------------------- */

static void say(void *arg, enum deps_level level, const char *line)
{
	log_line(arg, (int)level, line);
}

/* Only a run that was staged without its source's run, or made by Guild AI, comes to this. */
static int find_run(void *arg, const char *operations, const char *prefix, struct buf *ret_id)
{
	struct supervisor *s = arg;
	const char *id;
	int r = s->catalog ? 0 : catalog_new(s->home, &s->catalog, NULL);

	if (r < 0)
		return r;
	id = dep_runs_find(&(struct dep_query){.catalog = s->catalog}, operations, prefix);
	if (!id)
		return -ENOENT;
	buf_puts(ret_id, id);
	return buf_error(ret_id);
}

static int resolve_deps(struct supervisor *s, bool for_stage, struct err *err)
{
	const struct deps_spec spec = {
		.home = s->home,
		.run_fd = s->run_fd,
		.run_dir = s->run_dir,
		.op_attr = s->op,
		.flags = s->flags,
		.project_dir = buf_str(&s->project),
		.cmd_dir = s->cmd_dir,
		.env = &s->env,
		.python = buf_str(&s->python),
		.for_stage = for_stage,
		.go_on = value_truthy(value_get(s->params, "force_deps")),
		.say = say,
		.find_run = find_run,
		.arg = s,
	};

	return deps_resolve(&spec, err);
}

/* What is the run's, and what its starter has. */
static int begin(struct supervisor *s, struct err *err)
{
	int r = read_attrs(s, err);

	if (r == 0)
		r = env_begin(s);
	if (r == 0 && python_find(buf_str(&s->project), &s->env, &s->python) < 0)
		buf_puts(&s->python, "python");
	return r;
}

int prepare_stage(struct supervisor *s, struct err *err)
{
	int r = begin(s, err);

	if (r < 0)
		return r;
	gather_commit(s);
	return resolve_deps(s, true, err);
}

int prepare_run(struct supervisor *s, struct err *err)
{
	int r = begin(s, err);

	if (r == 0)
		r = env_complete(s, err);
	if (r == 0)
		r = resolve_deps(s, false, err);
	/* What goes wrong from here on goes wrong in a run that was started. */
	if (r == 0)
		r = mark_started(s);
	if (r == 0)
		r = make_argv(s, err);
	return r < 0 ? r : store_argv(s);
}

/* SPDX-License-Identifier: MIT */
/* From the stored attributes to an argument vector and an environment (reference, section 4). */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/libexec.h"
#include "base/user.h"
#include "catalog/dep_runs.h"
#include "project/command.h"
#include "run/attr.h"
#include "run/deps.h"

extern char **environ;

static int read_attrs(struct supervisor *s, struct err *err)
{
	int r = opref_read(s->run_fd, &s->opref, err);

	if (r == 0)
		r = attr_read(s->run_fd, "op", &s->op, err);
	if (r == 0)
		r = attr_read(s->run_fd, "flags", &s->flags, err);
	if (r == 0)
		opref_project_dir(&s->project, &s->opref);
	/* Guild AI's runs may have none. */
	if (r == 0 && attr_read(s->run_fd, "run_params", &s->params, NULL) < 0)
		s->params = NULL;
	return r;
}

/* --- environment ---------------------------------------------------------- */

static int base_env(struct supervisor *s)
{
	int r = 0;

	if (s->other_user)
		return user_login_env(geteuid(), &s->env);
	for (char **e = environ; r == 0 && *e; e++)
		if (strncmp(*e, "_=", 2) != 0)
			r = strv_add(&s->env, *e);
	return r;
}

static const char *source_dest(const struct supervisor *s)
{
	const char *dest = value_str(value_get(value_get(s->op, "sourcecode"), "dest"));

	return dest ? dest : ".";
}

/* Where modules are looked for: the run's source code, or what --debug-sourcecode says. */
static const char *source_paths(const struct supervisor *s)
{
	const char *debug = value_str(value_get(s->params, "debug_sourcecode"));

	return debug && *debug ? debug : source_dest(s);
}

bool env_is_on(const struct supervisor *s, const char *name)
{
	const char *value = strv_env_get(&s->env, name);

	return value && strcmp(value, "1") == 0;
}

/* Each directory once, at its first place. */
static void add_entries(struct buf *b, const char *path)
{
	while (path && *path) {
		size_t len = strcspn(path, ":");
		_cleanup_buf_ struct buf all = BUF_INIT, one = BUF_INIT;

		buf_printf(&all, ":%s:", buf_str(b));
		buf_printf(&one, ":%.*s:", (int)len, path);
		if (len && !strstr(buf_str(&all), buf_str(&one)))
			buf_printf(b, "%s%.*s", b->len ? ":" : "", (int)len, path);
		path += len + (path[len] == ':');
	}
}

/*
 * What the operation asks for, the run's source code, the shim that takes the place of Guild AI,
 * and what the starter had.
 */
static int set_python_path(struct supervisor *s, const char *inherited)
{
	_cleanup_buf_ struct buf path = BUF_INIT, libexec = BUF_INIT;
	int r = libexec_dir(&libexec);

	if (r < 0)
		return r;
	buf_puts(&libexec, "/python");
	/* In place of the run's own source code, which the operation's path may name. */
	if (strcmp(source_paths(s), source_dest(s)) != 0)
		add_entries(&path, source_paths(s));
	add_entries(&path, strv_env_get(&s->env, "PYTHONPATH"));
	add_entries(&path, source_dest(s));
	add_entries(&path, buf_str(&libexec));
	add_entries(&path, inherited);
	return buf_error(&path) ? buf_error(&path)
				: strv_env_set(&s->env, "PYTHONPATH", buf_str(&path));
}

static int set_guild_variables(struct supervisor *s)
{
	_cleanup_buf_ struct buf opspec = BUF_INIT;
	const char *log_level = strv_env_get(&s->env, "LOG_LEVEL");
	const char *slash = strrchr(s->id, '/');
	const char *const variables[][2] = {
		{"CMD_DIR", s->cmd_dir},
		{"GUILD_HOME", s->home->path},
		{"GUILD_PLUGINS", ""},
		{"GUILD_SOURCECODE", source_paths(s)},
		{"LOG_LEVEL", log_level && *log_level ? log_level : "20"},
		{"PROJECT_DIR", buf_str(&s->project)},
		{"PWD", s->run_dir},
		{"RUN_DIR", s->run_dir},
		{"RUN_ID", slash ? slash + 1 : s->id},
	};
	int r = 0;

	opref_display(&opspec, &s->opref);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(variables); i++)
		r = strv_env_set(&s->env, variables[i][0], variables[i][1]);
	return r < 0 ? r : strv_env_set(&s->env, "GUILD_OP", buf_str(&opspec));
}

static int make_env(struct supervisor *s, struct err *err)
{
	const char *starter = strv_env_get(&s->env, "PYTHONPATH");
	_cleanup_free_ char *inherited = starter ? strdup(starter) : NULL;
	int r;

	strv_env_unset(&s->env, "PYTHONPATH");
	r = command_env(s->op, s->flags, &s->env, err);
	if (r == 0)
		r = set_python_path(s, inherited);
	return r < 0 ? r : set_guild_variables(s);
}

/* --- command -------------------------------------------------------------- */

/* A pipeline is run by our own program, whatever Python there is. */
static int steps_argv(struct supervisor *s)
{
	_cleanup_buf_ struct buf guild = BUF_INIT;
	int r = libexec_guild(&guild);

	if (r == 0)
		r = strv_add(&s->argv, buf_str(&guild));
	return r < 0 ? r : strv_add(&s->argv, "steps-main");
}

static int make_argv(struct supervisor *s, struct err *err)
{
	const char *name;
	int r;

	r = command_is_steps(s->op)
		    ? steps_argv(s)
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

/* A restart elsewhere may find another Python: what is stored is what runs. */
static int store_argv(struct supervisor *s)
{
	_cleanup_value_ struct value *now = value_from_strv(&s->argv), *stored = NULL;

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
	id = dep_runs_find(s->catalog, operations, prefix);
	if (!id)
		return -ENOENT;
	buf_puts(ret_id, id);
	return buf_error(ret_id);
}

static int resolve_deps(struct supervisor *s, struct err *err)
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
		.go_on = value_truthy(value_get(s->params, "force_deps")),
		.say = say,
		.find_run = find_run,
		.arg = s,
	};

	return deps_resolve(&spec, err);
}

int prepare_run(struct supervisor *s, struct err *err)
{
	int r = read_attrs(s, err);

	if (r == 0)
		r = base_env(s);
	if (r == 0 && python_find(buf_str(&s->project), &s->env, &s->python) < 0)
		buf_puts(&s->python, "python");
	if (r == 0)
		r = make_env(s, err);
	if (r == 0)
		r = resolve_deps(s, err);
	if (r == 0)
		r = make_argv(s, err);
	return r < 0 ? r : store_argv(s);
}

/* SPDX-License-Identifier: MIT */
/* From the stored attributes to an argument vector and an environment (reference, section 4). */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/user.h"
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

static const char *sourcecode_dest(const struct supervisor *s)
{
	const char *dest = value_str(value_get(value_get(s->op, "sourcecode"), "dest"));

	return dest ? dest : ".";
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
	int r = home_libexec(&libexec);

	if (r < 0)
		return r;
	buf_puts(&libexec, "/python");
	add_entries(&path, strv_env_get(&s->env, "PYTHONPATH"));
	add_entries(&path, sourcecode_dest(s));
	add_entries(&path, buf_str(&libexec));
	add_entries(&path, inherited);
	return buf_error(&path) ? buf_error(&path)
				: strv_env_set(&s->env, "PYTHONPATH", buf_str(&path));
}

static int set_guild_variables(struct supervisor *s)
{
	_cleanup_buf_ struct buf opspec = BUF_INIT;
	const char *const variables[][2] = {
		{"CMD_DIR", s->cmd_dir},
		{"GUILD_HOME", s->home->path},
		{"GUILD_PLUGINS", ""},
		{"GUILD_SOURCECODE", sourcecode_dest(s)},
		{"LOG_LEVEL", "20"},
		{"PROJECT_DIR", buf_str(&s->project)},
		{"PWD", s->run_dir},
		{"RUN_DIR", s->run_dir},
		{"RUN_ID", s->id},
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

static int make_argv(struct supervisor *s, struct err *err)
{
	const char *name;
	int r;

	if (python_find(buf_str(&s->project), &s->env, &s->python) < 0)
		buf_puts(&s->python, "python");
	r = command_argv(s->op, s->flags, buf_str(&s->python), buf_str(&s->project), &s->argv, err);
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

int prepare_run(struct supervisor *s, struct err *err)
{
	int r = read_attrs(s, err);

	if (r == 0)
		r = deps_resolve(s->home, s->run_fd, s->op, s->flags, buf_str(&s->project), err);
	if (r == 0)
		r = base_env(s);
	if (r == 0)
		r = make_argv(s, err);
	if (r == 0)
		r = make_env(s, err);
	return r < 0 ? r : store_argv(s);
}

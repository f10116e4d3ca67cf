/* SPDX-License-Identifier: MIT */
/* The operation's environment: made, told, and kept without its secrets (reference, section 4). */
#include "supervise.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/libexec.h"
#include "base/user.h"
#include "project/command.h"
#include "run/attr.h"

extern char **environ;

int env_begin(struct supervisor *s)
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

/* Of this name, which has no NUL behind it. */
static bool is_called(const char *text, const char *name, size_t len)
{
	return text && strlen(text) == len && strncmp(text, name, len) == 0;
}

/* Some directory of the path has Guild AI in it, which stores that with its own runs; the shim's
 * is in the path of ours. */
static bool leads_to_guild_ai(const char *path, const char *shim)
{
	while (path && *path) {
		size_t len = strcspn(path, ":");
		_cleanup_buf_ struct buf module = BUF_INIT;

		buf_printf(&module, "%.*s/guild/op_main.py", (int)len, path);
		if (len && access(buf_str(&module), F_OK) == 0 && !is_called(shim, path, len))
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

/*
 * What the operation asks for, the run's source code, the shim that takes the place of Guild AI,
 * and what the starter had.
 */
static int set_python_path(struct supervisor *s, const char *inherited)
{
	const char *asked = strv_env_get(&s->env, "PYTHONPATH");
	_cleanup_buf_ struct buf path = BUF_INIT, libexec = BUF_INIT;
	int r = libexec_dir(&libexec);

	if (r < 0)
		return r;
	buf_puts(&libexec, "/python");
	if (leads_to_guild_ai(asked, buf_str(&libexec)))
		add_entries(&path, buf_str(&libexec));
	/* In place of the run's own source code, which the operation's path may name. */
	if (strcmp(source_paths(s), source_dest(s)) != 0)
		add_entries(&path, source_paths(s));
	add_entries(&path, asked);
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

	/* A script is known by its path. */
	if (strcmp(s->opref.pkg_type, "script") == 0)
		buf_printf(&opspec, "%s/", s->opref.pkg_name);
	opref_display(&opspec, &s->opref);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(variables); i++)
		r = strv_env_set(&s->env, variables[i][0], variables[i][1]);
	return r < 0 ? r : strv_env_set(&s->env, "GUILD_OP", buf_str(&opspec));
}

/* Names that hold what must not be read by whoever may read the run. */
static bool is_secret(const char *name, size_t len)
{
	static const char *const words[] = {"password", "token", "secret"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		for (size_t at = 0; at + n <= len; at++)
			if (strncasecmp(name + at, words[i], n) == 0)
				return true;
	}
	return false;
}

/* What the Guild file names in env-secrets: a list, the keys of a mapping, or one name. */
static bool is_own_secret(const struct supervisor *s, const char *name, size_t len)
{
	const struct value *secrets = value_get(value_get(s->op, "guildfs"), "env-secrets");

	if (!secrets)
		return false;
	for (size_t i = 0; secrets->type == VALUE_LIST && i < secrets->list.n; i++)
		if (is_called(value_str(secrets->list.items[i]), name, len))
			return true;
	for (size_t i = 0; secrets->type == VALUE_MAP && i < secrets->map.n; i++)
		if (is_called(secrets->map.pairs[i].key, name, len))
			return true;
	return is_called(value_str(secrets), name, len);
}

/* The variables that others may know. */
static struct value *public_env(const struct supervisor *s)
{
	_cleanup_value_ struct value *env = value_map();
	int r = env ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < s->env.n; i++) {
		const char *equals = strchr(s->env.v[i], '=');
		size_t len = equals ? (size_t)(equals - s->env.v[i]) : 0;
		_cleanup_buf_ struct buf name = BUF_INIT;

		if (!len || is_secret(s->env.v[i], len) || is_own_secret(s, s->env.v[i], len))
			continue;
		buf_add(&name, s->env.v[i], len);
		r = value_map_set(env, buf_str(&name), value_string(equals + 1));
	}
	return r < 0 ? NULL : STEAL(env);
}

int env_store(const struct supervisor *s)
{
	_cleanup_value_ struct value *env = public_env(s);

	return env ? attr_write(s->run_fd, "env", env, FILE_NOSYNC) : -ENOMEM;
}

/* For --debug. */
static int log_env(struct supervisor *s)
{
	_cleanup_value_ struct value *env = NULL;
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (!log_is_wanted(s, LOG_DEBUG))
		return 0;
	env = public_env(s);
	if (!env)
		return -ENOMEM;
	value_map_sort(env);
	buf_puts(&line, "operation env: ");
	value_repr(&line, env);
	log_line(s, LOG_DEBUG, buf_str(&line));
	return buf_error(&line);
}

int env_complete(struct supervisor *s, struct err *err)
{
	const char *starter = strv_env_get(&s->env, "PYTHONPATH");
	_cleanup_free_ char *inherited = starter ? strdup(starter) : NULL;
	int r;

	strv_env_unset(&s->env, "PYTHONPATH");
	/* Who starts a run within a run does not mean the outer one's. */
	strv_env_unset(&s->env, "FLAGS_DEST");
	r = command_env(s->op, s->flags, &s->env, err);
	if (r == 0 && command_is_python(s->op))
		r = set_python_path(s, inherited);
	else if (r == 0 && inherited && !strv_env_get(&s->env, "PYTHONPATH"))
		r = strv_env_set(&s->env, "PYTHONPATH", inherited);
	if (r == 0)
		r = set_guild_variables(s);
	return r < 0 ? r : log_env(s);
}

/* SPDX-License-Identifier: MIT */
/* The attributes of a new run. */
#include "run/birth_attrs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/shell.h"
#include "project/command.h"
#include "project/flags.h"
#include "run/annotate.h"
#include "run/attr.h"
#include "run/opref.h"
#include "yaml/yaml.h"

/* Takes v over; NULL is out of memory. */
static int put(int dir_fd, const char *name, struct value *v)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	int r;

	if (!v)
		return -ENOMEM;
	buf_printf(&path, "%s/%s", RUN_ATTRS_DIR, name);
	yaml_emit(&text, v);
	value_free(v);
	r = buf_error(&text) ? buf_error(&text) : buf_error(&path);
	return r < 0 ? r : file_create(dir_fd, buf_str(&path), text.data, text.len, 0644);
}

static int put_string(int dir_fd, const char *name, const char *text)
{
	return put(dir_fd, name, value_string(text));
}

static struct value *copy_or_map(const struct value *v)
{
	return v ? value_copy(v) : value_map();
}

/* --- who, where, when ----------------------------------------------------- */

static int write_identity(const struct birth_spec *spec, const char *id, int dir_fd)
{
	char host[HOST_NAME_MAX + 1] = "";
	const char *host_env = strv_env_get(spec->env, "HOST");
	int64_t now = clock_now();
	int r = put_string(dir_fd, "id", id);

	gethostname(host, sizeof(host) - 1);
	if (r == 0)
		r = put(dir_fd, "initialized", value_int(now));
	/* A staged run is listed where it was staged. */
	if (r == 0 && spec->stage)
		r = put(dir_fd, "started", value_int(now));
	if (r == 0)
		r = put_string(dir_fd, "host", host_env && *host_env ? host_env : host);
	return r < 0 ? r : put_string(dir_fd, "user", spec->user ? spec->user : "");
}

static int write_opref(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = opref_for_operation(spec->op, &ref);

	if (r < 0)
		return r;
	opref_format(&text, &ref);
	return buf_error(&text)
		       ? buf_error(&text)
		       : file_create(dir_fd, RUN_GUILD_DIR "/opref", text.data, text.len, 0644);
}

static int write_platform(int dir_fd)
{
	struct value *v = value_map();
	_cleanup_buf_ struct buf uname_text = BUF_INIT;
	struct utsname u;
	int r;

	if (!v)
		return -ENOMEM;
	uname(&u);
	buf_printf(&uname_text, "%s %s %s %s %s", u.sysname, u.nodename, u.release, u.version,
		u.machine);
	r = value_map_set(v, "architecture", value_string(u.machine));
	if (r == 0)
		r = value_map_set(v, "cpus", value_int(sysconf(_SC_NPROCESSORS_ONLN)));
	if (r == 0)
		r = value_map_set(v, "processor", value_string(""));
	if (r == 0)
		r = value_map_set(v, "uname", value_string(buf_str(&uname_text)));
	if (r < 0) {
		value_free(v);
		return r;
	}
	return put(dir_fd, "platform", v);
}

static int write_seed(int dir_fd)
{
	uint32_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -errno;
	return put(dir_fd, "random_seed", value_int(seed));
}

/* --- what runs ------------------------------------------------------------ */

/*
 * Guild AI restarts a run with the environment that it finds in the op attribute, and adds nothing
 * of its own: what a Python module needs must be there. Our own supervisor makes it anew.
 */
static int add_python_env(struct value *op, const struct operation *from)
{
	struct value *env = value_get(value_get(op, "op-cmd"), "cmd-env");
	const char *own = value_str(value_get(env, "PYTHONPATH"));
	_cleanup_buf_ struct buf path = BUF_INIT, libexec = BUF_INIT;
	int r = home_libexec(&libexec);

	if (r < 0)
		return r;
	buf_printf(&path, "%s%s.:%s/python", own ? own : "", own ? ":" : "", buf_str(&libexec));
	r = value_map_set(env, "PYTHONPATH", value_string(buf_str(&path)));
	if (r == 0)
		r = value_map_set(env, "PROJECT_DIR", value_string(from->model->file->dir));
	return r < 0 ? r : value_map_set(env, "GUILD_PLUGINS", value_string(""));
}

static int write_command(const struct birth_spec *spec, int dir_fd, struct err *err)
{
	const char *project = spec->op->model->file->dir;
	_cleanup_value_ struct value *op = command_attr(spec->op);
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf python = BUF_INIT;
	int r = op ? 0 : -ENOMEM;

	/* Without a Python the start fails, and its output will say so. */
	if (r == 0 && python_find(project, spec->env, &python) < 0)
		buf_puts(&python, "python");
	if (r == 0)
		r = command_argv(op, spec->flags, buf_str(&python), project, &argv, err);
	if (r == 0)
		r = put(dir_fd, "cmd", value_from_strv(&argv));
	if (r == 0)
		r = add_python_env(op, spec->op);
	return r < 0 ? r : put(dir_fd, "op", STEAL(op));
}

static int write_run_params(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_buf_ struct buf opspec = BUF_INIT;
	struct value *v;
	int r;

	if (spec->run_params)
		return put(dir_fd, "run_params", value_copy(spec->run_params));
	v = value_map();
	operation_spec(&opspec, spec->op);
	r = v ? value_map_set(v, "opspec", value_string(buf_str(&opspec))) : -ENOMEM;
	if (r == 0)
		r = value_map_set(v, "flags", value_list());
	if (r == 0)
		r = value_map_set(v, "tags", value_list());
	if (r < 0) {
		value_free(v);
		return r;
	}
	return put(dir_fd, "run_params", v);
}

/* --- what people call it -------------------------------------------------- */

static int collect_tags(const struct birth_spec *spec, struct strv *tags)
{
	int r = strv_copy(tags, &spec->op->tags);

	if (r == 0 && spec->tags)
		r = strv_copy(tags, spec->tags);
	strv_sort(tags);
	strv_unique(tags);
	return r;
}

static int write_label(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_buf_ struct buf label = BUF_INIT, template = BUF_INIT;

	if (spec->label) {
		buf_puts(&template, spec->label);
	} else if (spec->op->label_template) {
		buf_puts(&template, spec->op->label_template);
	} else {
		for (size_t i = 0; spec->tags && i < spec->tags->n; i++)
			buf_printf(&template, "%s ", spec->tags->v[i]);
		buf_puts(&template, "${default_label}");
	}
	flags_expand_label(&label, buf_str(&template), spec->flags);
	while (label.len && label.data[label.len - 1] == ' ')
		buf_resize(&label, label.len - 1);
	if (buf_error(&label))
		return buf_error(&label);
	return label.len ? put_string(dir_fd, "label", buf_str(&label)) : 0;
}

static int write_annotations(const struct birth_spec *spec, int dir_fd, struct err *err)
{
	_cleanup_strv_ struct strv tags = STRV_INIT;
	int r = collect_tags(spec, &tags);

	if (r == 0 && tags.n)
		r = put(dir_fd, "tags", value_from_strv(&tags));
	if (r == 0)
		r = write_label(spec, dir_fd);
	if (r == 0 && spec->comment)
		r = annotate_store_comments(dir_fd, spec->comment, strlen(spec->comment), false,
			spec->user ? spec->user : "", err);
	return r;
}

int birth_write_attrs(const struct birth_spec *spec, const char *id, int dir_fd, struct err *err)
{
	int r = write_identity(spec, id, dir_fd);

	if (r == 0)
		r = write_opref(spec, dir_fd);
	if (r == 0)
		r = write_command(spec, dir_fd, err);
	if (r == 0)
		r = put(dir_fd, "flags", copy_or_map(spec->flags));
	if (r == 0)
		r = put(dir_fd, "user_flags", copy_or_map(spec->user_flags));
	if (r == 0)
		r = write_annotations(spec, dir_fd, err);
	if (r == 0)
		r = write_run_params(spec, dir_fd);
	if (r == 0)
		r = write_platform(dir_fd);
	if (r == 0)
		r = write_seed(dir_fd);
	return r < 0 ? r : put(dir_fd, "plugins", value_list());
}

int birth_write_digest(int dir_fd, const char *digest)
{
	return put(dir_fd, "sourcecode_digest", *digest ? value_string(digest) : value_null());
}

int birth_write_env(const struct birth_spec *spec, int dir_fd)
{
	_cleanup_strv_ struct strv env = STRV_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = strv_copy(&env, spec->env);

	strv_sort(&env);
	for (size_t i = 0; r == 0 && i < env.n; i++) {
		const char *equals = strchr(env.v[i], '=');

		if (!equals || strncmp(env.v[i], "PWD=", 4) == 0 || strncmp(env.v[i], "_=", 2) == 0)
			continue;
		buf_printf(&text, "export %.*s=", (int)(equals - env.v[i]), env.v[i]);
		shell_quote(&text, equals + 1);
		buf_putc(&text, '\n');
	}
	if (r == 0)
		r = buf_error(&text);
	return r < 0 ? r : file_create(dir_fd, RUN_GUILD_DIR "/ENV", text.data, text.len, 0600);
}

/* SPDX-License-Identifier: MIT */
/* Making the trials of a batch: copies of its prototype. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/partial.h"
#include "project/command.h"
#include "run/attr.h"
#include "run/birth.h"
#include "run/birth_attrs.h"
#include "yaml/yaml.h"

/* The value of a flag goes into every resource that it overrides. */
static int set_config(const struct value *op, const struct value *flags)
{
	const struct value *deps = value_get(op, "deps");
	int r = 0;

	for (size_t i = 0; deps && deps->type == VALUE_LIST && i < deps->list.n; i++) {
		struct value *config = value_get(deps->list.items[i], "config");

		for (size_t j = 0;
			config && config->type == VALUE_MAP && r == 0 && j < config->map.n; j++) {
			const struct value *v = value_get(flags, config->map.pairs[j].key);

			if (v)
				r = value_map_set(config, config->map.pairs[j].key, value_copy(v));
		}
	}
	return r;
}

/* Nobody knows the directory yet, and what is written here was not copied. */
static int put(int dir_fd, const char *name, const struct value *v)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	int r;

	if (!v)
		return -ENOMEM;
	buf_printf(&path, RUN_ATTRS_DIR "/%s", name);
	yaml_emit(&text, v);
	r = buf_error(&text) ? buf_error(&text) : buf_error(&path);
	return r < 0 ? r : file_create(dir_fd, buf_str(&path), text.data, text.len, 0644);
}

static int write_op(const struct birth_trial *trial, int dir_fd, struct value **ret)
{
	int r;

	*ret = value_copy(trial->op);
	r = *ret ? set_config(*ret, trial->flags) : -ENOMEM;
	return r < 0 ? r : put(dir_fd, "op", *ret);
}

static int write_command(
	const struct birth_trial *trial, const struct value *op, int dir_fd, struct err *err)
{
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_value_ struct value *list = NULL;
	int r = command_argv(op, trial->flags, trial->python, &argv, err);

	if (r < 0)
		return r;
	list = value_from_strv(&argv);
	return put(dir_fd, "cmd", list);
}

static int write_own(const struct birth_trial *trial, const char *id, int dir_fd, struct err *err)
{
	_cleanup_value_ struct value *op = NULL, *name = value_string(id), *none = value_map();
	int r = put(dir_fd, "id", name);

	if (r == 0)
		r = put(dir_fd, "flags", trial->flags);
	if (r == 0)
		r = put(dir_fd, "user_flags", none);
	if (r == 0)
		r = write_op(trial, dir_fd, &op);
	if (r == 0)
		r = write_command(trial, op, dir_fd, err);
	if (r == 0)
		r = birth_write_label(op, trial->flags, dir_fd);
	if (r == 0) {
		_cleanup_value_ struct value *now = value_int(clock_now());

		r = put(dir_fd, "started", now);
	}
	return r;
}

/* --- the copy -------------------------------------------------------------------- */

struct copy_job {
	int from, to;
	const char *dir;           /* below both; "." for all */
	const char *const *others; /* names that are not copied */
};

static int copy_entry(void *arg, const char *name, int d_type)
{
	const struct copy_job *job = arg;
	_cleanup_buf_ struct buf path = BUF_INIT;

	(void)d_type;
	for (const char *const *other = job->others; *other; other++)
		if (strcmp(*other, name) == 0)
			return 0;
	buf_printf(&path, "%s/%s", job->dir, name);
	return buf_error(&path)
		       ? buf_error(&path)
		       : file_copy_tree(job->from, buf_str(&path), job->to, buf_str(&path));
}

/*
 * Without what will be other in the trial: a file that is written over is one more that the file
 * system makes and deletes, and a batch makes thousands.
 */
static int copy_proto(int from, int to)
{
	static const char *const parts[] = {RUN_GUILD_DIR, NULL};
	static const char *const guild_parts[] = {"attrs", NULL};
	static const char *const attrs[] = {
		"id", "flags", "user_flags", "op", "cmd", "label", "started", "trials", NULL};
	const struct copy_job jobs[] = {
		{from, to, ".", parts},
		{from, to, RUN_GUILD_DIR, guild_parts},
		{from, to, RUN_ATTRS_DIR, attrs},
	};
	int r = file_mkdirs(to, RUN_ATTRS_DIR, 0777);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(jobs); i++)
		r = file_each(from, jobs[i].dir, copy_entry, (void *)&jobs[i]);
	return r;
}

int birth_trial(
	const struct home *home, const struct birth_trial *trial, const char *id, struct err *err)
{
	_cleanup_buf_ struct buf aside = BUF_INIT, to = BUF_INIT;
	_cleanup_close_ int proto_fd = -1, dir_fd = -1;
	char aside_id[RUN_ID_LEN + 1];
	int r = name_new_run_id(aside_id);

	if (r < 0)
		return err_set(err, r, "no random numbers for a name: %s", strerror(-r));
	/* Another process may be at the same trial. */
	buf_printf(&aside, BIRTH_DIR "/%s", aside_id);
	buf_printf(&to, "runs/%s", id);
	proto_fd = openat(
		trial->batch_fd, RUN_PROTO_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (proto_fd < 0 || mkdirat(home->fd, buf_str(&aside), 0777) < 0)
		r = -errno;
	if (r == 0) {
		dir_fd = openat(home->fd, buf_str(&aside), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = dir_fd < 0 ? -errno : copy_proto(proto_fd, dir_fd);
	}
	if (r == 0)
		r = write_own(trial, id, dir_fd, err);
	if (r == 0)
		r = partial_rename(home->fd, buf_str(&aside), home->fd, buf_str(&to));
	if (r == 0) {
		home_poke(home, id);
		return 0;
	}
	file_remove_tree(home->fd, buf_str(&aside));
	if (r == -EEXIST || (err && err->code))
		return r;
	return err_set(err, r, "cannot make the trial in %s: %s", home->path, strerror(-r));
}

/* SPDX-License-Identifier: MIT */
/* The table of types, settings from the configuration, and the jobs of runs. */
#include "run/executor.h"

#include <errno.h>
#include <string.h>

#include "base/beneath.h"
#include "base/file.h"
#include "project/command.h"
#include "run/attr.h"
#include "run/status.h"
#include "run/user_config.h"

#define OWN_KEY  "guildfs" /* of the attribute op: Guild AI reads over it */
#define OWN_NAME "executor"

enum { LINE_MAX_LEN = 4096 };

static const struct executor_type *const types[] = {&executor_local, &executor_slurm};

const struct executor_type *executor_type_named(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strlen(types[i]->name) == len && strncmp(types[i]->name, name, len) == 0)
			return types[i];
	return NULL;
}

static const struct executor_type *type_named(const char *name)
{
	return name ? executor_type_named(name, strlen(name)) : NULL;
}

/* --- settings ------------------------------------------------------------- */

/* As it was written: YAML reads 1:30:00 as a number. NULL: it is no text. */
static struct value *text_of(const struct value *v)
{
	if (v->type == VALUE_MAP || v->type == VALUE_LIST || v->type == VALUE_NULL)
		return NULL;
	if (v->plain && v->source)
		return value_string(v->source);
	return value_str(v) ? value_string(v->string) : NULL;
}

static struct value *texts_of(const struct value *v)
{
	struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < v->list.n; i++)
		r = value_list_add(list, text_of(v->list.items[i]));
	if (r == 0)
		return list;
	value_free(list);
	return NULL;
}

static void list_names(const char *const *names, struct buf *b)
{
	for (; *names; names++)
		buf_printf(b, "%s, ", *names);
	buf_puts(b, "type");
}

static bool takes(const struct executor_type *type, const char *name)
{
	for (const char *const *s = type->settings; *s; s++)
		if (strcmp(*s, name) == 0)
			return true;
	return false;
}

/* `options` is a list, all others are one word. */
static int set(struct value *settings, const struct executor_type *type, const char *of,
	const char *name, const struct value *v, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	bool is_list = strcmp(name, "options") == 0;
	struct value *text;

	if (!takes(type, name)) {
		list_names(type->settings, &names);
		return err_set(err, -EINVAL,
			"executor '%s': unknown setting '%s'; one of type %s has: %s", of, name,
			type->name, buf_str(&names));
	}
	if (is_list != (v->type == VALUE_LIST))
		return err_set(err, -EINVAL, "executor '%s': %s is to be %s, not %s", of, name,
			is_list ? "a list of sbatch's options" : "a word", value_type_name(v));
	text = is_list ? texts_of(v) : text_of(v);
	if (!text)
		return err_set(err, -EINVAL, "executor '%s': %s is to be %s", of, name,
			is_list ? "a list of sbatch's options" : "a word");
	return value_map_set(settings, name, text);
}

/* All pairs but those that say which executor it is. */
static int set_all(struct value *settings, const struct executor_type *type, const char *of,
	const struct value *map, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < map->map.n; i++)
		if (strcmp(map->map.pairs[i].key, "type") != 0 &&
			strcmp(map->map.pairs[i].key, "name") != 0)
			r = set(settings, type, of, map->map.pairs[i].key, map->map.pairs[i].value,
				err);
	return r;
}

static int no_such(const char *name, const struct value *defined, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		buf_printf(&names, "%s%s", i ? ", " : "", types[i]->name);
	for (size_t i = 0; defined && defined->type == VALUE_MAP && i < defined->map.n; i++)
		buf_printf(&names, ", %s", defined->map.pairs[i].key);
	return err_set(err, -ENOENT,
		"there is no executor '%s'; the executors are: %s. Others are defined under "
		"executors: in the user configuration",
		name, buf_str(&names));
}

/* What the configuration says of a name; a type is an executor without settings. */
static int look_up(const char *name, const struct value *config, struct value *settings,
	const struct executor_type **ret, struct err *err)
{
	const struct value *all = value_get(config, "executors"), *one = value_get(all, name);
	const char *type = value_str(value_get(one, "type"));

	*ret = type_named(one ? type : name);
	if (!one && !*ret)
		return no_such(name, all, err);
	if (one && one->type != VALUE_MAP)
		return err_set(err, -EINVAL, "executor '%s': expected its settings, not %s", name,
			value_type_name(one));
	if (!*ret)
		return err_set(err, -EINVAL, "executor '%s': type is to be local or slurm", name);
	return one ? set_all(settings, *ret, name, one, err) : 0;
}

static int set_options(struct value *settings, const struct executor_type *type, const char *of,
	const struct strv *options, struct err *err)
{
	int r = 0;

	for (size_t i = 0; options && r == 0 && i < options->n; i++) {
		const char *equals = strchr(options->v[i], '=');
		_cleanup_buf_ struct buf name = BUF_INIT;
		_cleanup_value_ struct value *v = NULL;

		if (!equals)
			return err_set(err, -EINVAL,
				"invalid executor option '%s': expected NAME=VALUE", options->v[i]);
		buf_add(&name, options->v[i], (size_t)(equals - options->v[i]));
		v = value_string(equals + 1);
		r = v ? set(settings, type, of, buf_str(&name), v, err) : -ENOMEM;
	}
	return r;
}

static const char *name_in(const struct value *v)
{
	const char *name = value_str(value_get(v, "name"));

	if (!name)
		name = value_str(value_get(v, "type"));
	return value_str(v) ? value_str(v) : name;
}

int executor_choose(const struct home *home, const char *cwd, const struct executor_choice *choice,
	struct value **ret, struct err *err)
{
	const struct value *of_op = choice->op ? value_get(choice->op->data, "executor") : NULL;
	_cleanup_value_ struct value *config = NULL, *settings = value_map();
	const char *name = choice->asked ? choice->asked : name_in(of_op);
	const struct executor_type *type;
	int r = settings ? user_config_load(home, cwd, &config, err) : -ENOMEM;

	*ret = NULL;
	if (r < 0)
		return r;
	if (!value_is_null(of_op) && !name_in(of_op))
		return err_set(err, -EINVAL,
			"executor of operation '%s': expected a name, or a mapping with a name",
			choice->op->name);
	/* A run that is started again stays what it is, when nobody says anything. */
	if (!name && choice->op)
		name = choice->otherwise ? choice->otherwise
					 : value_str(value_get(config, "executor"));
	if (!name && choice->options && choice->options->n)
		return err_set(err, -EINVAL, "executor options are for an executor; name one");
	if (!name)
		return 0;
	r = look_up(name, config, settings, &type, err);
	/* What the operation needs holds for the executor that it names. */
	if (r == 0 && of_op && of_op->type == VALUE_MAP && strcmp(name, name_in(of_op)) == 0)
		r = set_all(settings, type, name, of_op, err);
	if (r == 0)
		r = set_options(settings, type, name, choice->options, err);
	if (r == 0)
		r = value_map_set(settings, "type", value_string(type->name));
	if (r == 0)
		*ret = STEAL(settings);
	return r;
}

int executor_put(struct value *op_attr, const struct value *settings)
{
	struct value *own = value_get(op_attr, OWN_KEY);
	bool here = type_named(value_str(value_get(settings, "type"))) == &executor_local;
	int r;

	if (here) {
		if (own)
			value_map_remove(own, OWN_NAME);
		return 0;
	}
	if (!own) {
		r = value_map_set(op_attr, OWN_KEY, value_map());
		if (r < 0)
			return r;
		own = value_get(op_attr, OWN_KEY);
	}
	return value_map_set(own, OWN_NAME, value_copy(settings));
}

const struct executor_type *executor_of_run(int run_fd, struct value **ret_settings)
{
	_cleanup_value_ struct value *op = NULL;
	const struct executor_type *type;
	const struct value *settings;

	*ret_settings = NULL;
	if (attr_read(run_fd, "op", &op, NULL) < 0)
		return &executor_local;
	settings = value_get(value_get(op, OWN_KEY), OWN_NAME);
	type = type_named(value_str(value_get(settings, "type")));
	if (!type)
		return &executor_local;
	*ret_settings = value_copy(settings);
	return type;
}

/* --- jobs of runs --------------------------------------------------------- */

int run_job_read(int run_fd, const struct executor_type **ret_type, struct buf *ret_job)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r = beneath_read(run_fd, RUN_JOB_FILE, LINE_MAX_LEN, &line);
	const char *text = buf_str(&line), *space = strchr(text, ' ');

	if (r < 0)
		return r;
	*ret_type = space ? executor_type_named(text, (size_t)(space - text)) : NULL;
	if (!*ret_type || !(*ret_type)->ask)
		return -ENOENT;
	buf_add(ret_job, space + 1, strcspn(space + 1, "\n"));
	return buf_error(ret_job);
}

static int write_line(int run_fd, const char *path, const struct buf *line)
{
	return buf_error(line)
		       ? buf_error(line)
		       : beneath_write(run_fd, path, buf_str(line), line->len, 0644, FILE_NOSYNC);
}

int run_job_write(int run_fd, const struct executor_type *type, const char *job)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_printf(&line, "%s %s\n", type->name, job);
	return write_line(run_fd, RUN_JOB_FILE, &line);
}

void run_reason(int run_fd, struct buf *b)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (beneath_read(run_fd, RUN_REASON_FILE, LINE_MAX_LEN, &line) == 0)
		buf_add(b, buf_str(&line), strcspn(buf_str(&line), "\n"));
}

int run_reason_write(int run_fd, const char *reason)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_printf(&line, "%s\n", reason);
	return write_line(run_fd, RUN_REASON_FILE, &line);
}

void run_job_forget(int run_fd)
{
	beneath_unlink(run_fd, RUN_JOB_FILE);
	beneath_unlink(run_fd, RUN_REASON_FILE);
}

void job_list_take(struct job_list *list, int run_fd)
{
	_cleanup_buf_ struct buf job = BUF_INIT;
	const struct executor_type *type;

	if (run_job_read(run_fd, &type, &job) == 0 && (!list->type || list->type == type) &&
		strv_add(&list->jobs, buf_str(&job)) == 0)
		list->type = type;
	run_job_forget(run_fd);
}

void job_list_cancel(struct job_list *list)
{
	if (list->type)
		list->type->cancel(&list->jobs, NULL);
	strv_release(&list->jobs);
}

int run_job_stop(int run_fd, bool kill, struct err *err)
{
	_cleanup_buf_ struct buf job = BUF_INIT;
	const struct executor_type *type;

	return run_job_read(run_fd, &type, &job) < 0 ? -ESRCH
						     : type->stop(buf_str(&job), kill, err);
}

/* SPDX-License-Identifier: MIT */
/* guild api ops, guild api help-op: operations as JSON. */
#include "guild.h"

#include <stddef.h>

#include "api/api.h"
#include "models/models_each.h"
#include "start/run_job.h"
#include "project/flag_import.h"
#include "project/flag_values.h"

struct ops_options {
	bool format;
};

static const struct option_def ops_options[] = {
	API_FORMAT_OPTION(struct ops_options, format),
	{0},
};

/* --- one operation -------------------------------------------------------- */

static struct value *describe_choice(const struct flag_choice *choice)
{
	struct value *map = value_map();
	int r = map ? value_map_set(map, "value", value_copy(choice->value)) : -1;

	if (r == 0)
		r = value_map_set(map, "alias", api_text(choice->alias));
	if (r == 0)
		r = value_map_set(map, "description",
			value_string(choice->description ? choice->description : ""));
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static struct value *describe_choices(const struct flag *flag)
{
	struct value *list = value_list();
	int r = list ? 0 : -1;

	for (size_t i = 0; r == 0 && i < flag->n_choices; i++)
		r = value_list_add(list, describe_choice(&flag->choices[i]));
	if (r == 0)
		return list;
	value_free(list);
	return NULL;
}

/* NULL: it has none. That of a dependency has one without being given it. */
static const char *type_of(const struct flag *flag)
{
	return flag->type_given || flag->type != FLAG_AUTO ? flag_type_name(flag->type) : NULL;
}

static struct value *describe_flag(const struct flag *flag)
{
	_cleanup_buf_ struct buf assign = BUF_INIT;
	struct value *map = value_map();
	int r = map ? value_map_set(map, "default", value_copy(flag->default_value)) : -1;

	buf_printf(&assign, "%s=", flag->name);
	flag_format(&assign, flag->default_value, false);
	if (r == 0)
		r = value_map_set(map, "defaultAssign", value_string(buf_str(&assign)));
	if (r == 0)
		r = value_map_set(map, "description", value_string(flag->description));
	if (r == 0)
		r = value_map_set(map, "choices", describe_choices(flag));
	if (r == 0)
		r = value_map_set(map, "type", api_text(type_of(flag)));
	if (r == 0 && !buf_error(&assign))
		return map;
	value_free(map);
	return NULL;
}

static struct value *describe_flags(const struct operation *op)
{
	struct value *map = value_map();
	int r = map ? 0 : -1;

	for (size_t i = 0; r == 0 && i < op->n_flags; i++)
		r = value_map_set(map, op->flags[i].name, describe_flag(&op->flags[i]));
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

/* A script has no Guild file, but a directory. */
static struct value *describe_guildfile(const struct guildfile *file, const struct opref *ref)
{
	struct value *map = value_map();
	int r = map ? value_map_set(
			      map, "dir", value_string(file->is_script ? ref->pkg_name : file->dir))
		    : -1;

	if (r == 0)
		r = value_map_set(map, "src", api_text(file->is_script ? NULL : file->path));
	if (r == 0)
		return map;
	value_free(map);
	return NULL;
}

static struct value *describe(const struct operation *op)
{
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf spec = BUF_INIT;
	struct value *map = value_map();
	int r = map ? opref_for_operation(op, &ref) : -1;

	operation_spec(&spec, op);
	if (r == 0)
		r = value_map_set(map, "opref", api_opref(&ref));
	if (r == 0)
		r = value_map_set(map, "name", value_string(op->name));
	if (r == 0)
		r = value_map_set(map, "fullname", value_string(buf_str(&spec)));
	if (r == 0)
		r = value_map_set(map, "description", value_string(op->description));
	if (r == 0)
		r = value_map_set(map, "guildfile", describe_guildfile(op->model->file, &ref));
	if (r == 0)
		r = value_map_set(map, "flags", describe_flags(op));
	if (r == 0 && !buf_error(&spec))
		return map;
	value_free(map);
	return NULL;
}

/* --- the commands --------------------------------------------------------- */

/* Those that begin with _, too: a program decides for itself. */
static int add_model(void *arg, const struct model *m)
{
	size_t before = m->file->warnings.n;
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n_operations; i++) {
		operation_import_flags(&m->operations[i]);
		r = value_list_add(arg, describe(&m->operations[i]));
	}
	for (size_t i = before; i < m->file->warnings.n; i++)
		warning("%s", m->file->warnings.v[i]);
	return r;
}

static int api_ops(struct guild *g, void *options, const struct strv *args)
{
	const struct ops_options *o = options;
	struct value *list;
	int r;

	if (guild_no_arguments(args) != EXIT_OK)
		return EXIT_USAGE;
	list = value_list();
	/* Flags that were imported are kept there. */
	r = list ? guild_open_home(g) : complain("out of memory");
	if (r == EXIT_OK)
		r = models_each(g, false, add_model, list);
	if (r == EXIT_OK)
		return api_print(o->format, list);
	value_free(list);
	return r;
}

static int api_help_op(struct guild *g, void *options, const struct strv *args)
{
	const struct ops_options *o = options;
	const struct run_options nothing = {0};
	struct job job = {0};
	int r;

	if (args->n != 1) {
		complain(args->n ? "unexpected argument '%s'" : "missing argument for %s",
			args->n ? args->v[1] : "OPSPEC");
		return EXIT_USAGE;
	}
	r = job_gather(g, &nothing, args, &job);
	if (r == EXIT_OK)
		r = api_print(o->format, describe(job.op));
	job_release(&job);
	return r;
}

const struct command cmd_api_ops = {
	.group = "api",
	.name = "ops",
	.usage = "api ops [OPTION]...",
	.summary = "Operations as JSON",
	.options = ops_options,
	.options_size = sizeof(struct ops_options),
	.run = api_ops,
};

const struct command cmd_api_help_op = {
	.group = "api",
	.name = "help-op",
	.usage = "api help-op [OPTION]... OPSPEC",
	.summary = "One operation as JSON",
	.options = ops_options,
	.options_size = sizeof(struct ops_options),
	.run = api_help_op,
};

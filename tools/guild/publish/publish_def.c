/* SPDX-License-Identifier: MIT */
/* The attribute `publish`. */
#include "publish/publish_def.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* --- patterns ------------------------------------------------------------- */

static int add_rule(struct publish_def *def, bool include, const char *pattern)
{
	struct publish_rule *grown =
		reallocarray(def->rules, def->n_rules + 1, sizeof(*def->rules));

	if (!grown)
		return -ENOMEM;
	def->rules = grown;
	grown[def->n_rules++] = (struct publish_rule){include, pattern};
	return 0;
}

static int refuse(const struct operation *op, const struct value *v, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	value_repr(&shown, v);
	return err_set(err, -EINVAL,
		"%s:%d: publish.files of operation %s: expected a pattern, a list of patterns, "
		"or mappings with include or exclude, not %s",
		op->model->file->path, v->line, op->name, buf_str(&shown));
}

/* P, [P...], or {dir|text|binary: P}, which is the same here. */
static int add_patterns(struct publish_def *def, const struct operation *op, bool include,
	const struct value *v, struct err *err)
{
	int r = 0;

	if (v->type == VALUE_MAP && v->map.n == 1)
		v = v->map.pairs[0].value;
	if (v->type == VALUE_STRING)
		return add_rule(def, include, v->string);
	if (v->type != VALUE_LIST)
		return refuse(op, v, err);
	for (size_t i = 0; r == 0 && i < v->list.n; i++)
		r = v->list.items[i]->type == VALUE_STRING
			    ? add_rule(def, include, v->list.items[i]->string)
			    : refuse(op, v->list.items[i], err);
	return r;
}

static int add_item(struct publish_def *def, const struct operation *op, const struct value *item,
	struct err *err)
{
	const struct value *include = value_get(item, "include");
	const struct value *exclude = value_get(item, "exclude");

	if (item->type == VALUE_STRING)
		return add_rule(def, true, item->string);
	if (!include == !exclude)
		return refuse(op, item, err);
	return add_patterns(def, op, include != NULL, include ? include : exclude, err);
}

/* Patterns alone are all that is chosen. */
static int add_files(
	struct publish_def *def, const struct operation *op, const struct value *v, struct err *err)
{
	bool all_strings = true;
	int r = 0;

	if (v && v->type == VALUE_MAP)
		v = value_get(v, "select");
	if (value_is_null(v))
		return 0;
	def->no_files =
		(v->type == VALUE_BOOL && !v->boolean) || (v->type == VALUE_LIST && !v->list.n);
	if (def->no_files)
		return 0;
	if (v->type != VALUE_STRING && v->type != VALUE_LIST)
		return refuse(op, v, err);
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.n; i++)
		all_strings &= v->list.items[i]->type == VALUE_STRING;
	if (all_strings)
		r = add_rule(def, false, "*");
	if (r == 0 && v->type == VALUE_STRING)
		return add_rule(def, true, v->string);
	for (size_t i = 0; r == 0 && i < v->list.n; i++)
		r = add_item(def, op, v->list.items[i], err);
	return r;
}

enum publish_choice publish_def_choose(const struct publish_def *def, const char *path)
{
	for (size_t i = def->n_rules; i-- > 0;)
		if (fnmatch(def->rules[i].pattern, path, FNM_NOESCAPE) == 0)
			return def->rules[i].include ? PUBLISH_INCLUDED : PUBLISH_EXCLUDED;
	return PUBLISH_NOT_SAID;
}

/* --- finding -------------------------------------------------------------- */

void publish_defs_release(struct publish_defs *defs)
{
	if (defs->has_packages)
		installed_release(&defs->packages);
}

static struct guildfile *find_package(struct publish_defs *defs, const struct opref *ref)
{
	if (!defs->has_packages && guild_open_installed(defs->g, &defs->packages) != EXIT_OK)
		return NULL;
	defs->has_packages = true;
	for (size_t i = 0; i < defs->packages.n; i++)
		if (strcmp(defs->packages.v[i]->dist_name, ref->pkg_name) == 0 &&
			guildfile_model(defs->packages.v[i], ref->model))
			return guildfile_ref(defs->packages.v[i]);
	return NULL;
}

static struct guildfile *find_file(struct publish_defs *defs, const struct opref *ref)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	struct guildfile *file = NULL;

	if (strcmp(ref->pkg_type, "package") == 0)
		return find_package(defs, ref);
	opref_project_dir(&dir, ref);
	if (strcmp(ref->pkg_type, "guildfile") == 0 && dir.len)
		guildfile_load(buf_str(&dir), &file, NULL);
	return file;
}

int publish_def_find(struct publish_defs *defs, const struct opref *ref, struct publish_def *ret,
	struct err *err)
{
	const struct operation *op = NULL;
	const struct value *publish;
	const struct model *model;

	*ret = (struct publish_def){.file = find_file(defs, ref)};
	model = ret->file ? guildfile_model(ret->file, ref->model) : NULL;
	if (model)
		op = model_operation(model, ref->op);
	if (!op)
		return 0;
	publish = value_get(op->data, "publish");
	ret->template = value_str(value_get(publish, "template"));
	return add_files(ret, op, value_get(publish, "files"), err);
}

void publish_def_release(struct publish_def *def)
{
	free(def->rules);
	if (def->file)
		guildfile_unref(def->file);
}

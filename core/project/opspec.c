/* SPDX-License-Identifier: MIT */
/* Finding models, operations and flags by what people call them. */
#include "project/guildfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "project/nearest.h"

const struct model *guildfile_model(const struct guildfile *file, const char *name)
{
	for (size_t i = 0; i < file->n_models; i++)
		if (strcmp(file->models[i].name, name) == 0)
			return &file->models[i];
	return NULL;
}

const struct operation *model_operation(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->n_operations; i++)
		if (strcmp(model->operations[i].name, name) == 0)
			return &model->operations[i];
	return NULL;
}

const struct flag *operation_flag(const struct operation *op, const char *name_or_alias)
{
	for (size_t i = 0; i < op->n_flags; i++)
		if (strcmp(op->flags[i].name, name_or_alias) == 0)
			return &op->flags[i];
	for (size_t i = 0; i < op->n_flags; i++)
		if (op->flags[i].alias && strcmp(op->flags[i].alias, name_or_alias) == 0)
			return &op->flags[i];
	return NULL;
}

void operation_spec(struct buf *b, const struct operation *op)
{
	if (op->model->file->dist_name)
		buf_printf(b, "%s/", op->model->file->dist_name);
	if (op->model->name[0])
		buf_printf(b, "%s:", op->model->name);
	buf_puts(b, op->name);
}

/* --- opspecs -------------------------------------------------------------- */

static void list_models(
	const struct guildfile *file, const char *part, const char *separator, struct buf *b)
{
	_cleanup_strv_ struct strv names = STRV_INIT;

	for (size_t i = 0; i < file->n_models; i++)
		if (file->models[i].name[0] && strstr(file->models[i].name, part) &&
			strv_add(&names, file->models[i].name) < 0)
			buf_fail(b, -ENOMEM);
	strv_sort(&names);
	for (size_t i = 0; i < names.n; i++)
		buf_printf(b, "%s%s", i ? separator : "", names.v[i]);
}

/* The sentence names what was asked for as a whole. */
static int no_such_operation(const char *opspec, struct err *err)
{
	return err_set(err, -ENOENT,
		"cannot find operation %s\n%sTry 'guild operations' for a list of available "
		"operations.",
		opspec,
		strchr(opspec, ':') ? ""
				    : "You may need to include a model in the form "
				      "MODEL:OPERATION. ");
}

/* The model that `part`, the beginning of opspec, means. */
static int find_model(const struct guildfile *file, const char *opspec, const char *part,
	const struct model **ret, struct err *err)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	const struct model *found = guildfile_model(file, part);
	size_t matches = 0;

	if (found) {
		*ret = found;
		return 0;
	}
	for (size_t i = 0; i < file->n_models; i++) {
		if (file->models[i].name[0] && strstr(file->models[i].name, part)) {
			found = &file->models[i];
			matches++;
		}
	}
	if (matches == 1) {
		*ret = found;
		return 0;
	}
	if (!matches)
		return no_such_operation(opspec, err);
	list_models(file, part, "\n  ", &names);
	return err_set(err, -ENOENT,
		"there are multiple models that match '%s'\n"
		"Try specifying one of the following:\n  %s",
		part, buf_str(&names));
}

static const struct model *default_model(const struct guildfile *file)
{
	const struct model *anonymous = guildfile_model(file, "");

	for (size_t i = 0; i < file->n_models; i++)
		if (file->models[i].is_default)
			return &file->models[i];
	return anonymous;
}

/* `name` is "" for a default operation. */
static int no_operation(const struct model *m, const char *name, struct err *err)
{
	_cleanup_free_ const char **names = calloc(m->n_operations + 1, sizeof(*names));
	_cleanup_buf_ struct buf text = BUF_INIT;
	const char *near;

	for (size_t i = 0; names && i < m->n_operations; i++)
		names[i] = m->operations[i].name;
	near = names && *name ? nearest_name(name, names, m->n_operations) : NULL;
	if (*name)
		buf_printf(&text, "operation '%s'", name);
	else
		buf_puts(&text, "a default operation");
	if (*m->name)
		buf_printf(&text, " is not defined for model '%s'", m->name);
	else
		buf_puts(&text, " is not defined for this project");
	if (near)
		buf_printf(&text, " - did you mean '%s'?", near);
	return err_set(err, -ENOENT,
		"%s\nTry 'guild operations%s%s' for a list of available operations.",
		buf_str(&text), *m->name ? " " : "", m->name);
}

int model_find_operation(
	const struct model *m, const char *name, const struct operation **ret, struct err *err)
{
	if (*name) {
		*ret = model_operation(m, name);
		return *ret ? 0 : no_operation(m, name, err);
	}
	for (size_t i = 0; i < m->n_operations; i++) {
		if (m->operations[i].is_default) {
			*ret = &m->operations[i];
			return 0;
		}
	}
	return no_operation(m, "", err);
}

/* Without a model: the default one's, else the only model that has such an operation. */
static int find_anywhere(const struct guildfile *file, const char *name,
	const struct operation **ret, struct err *err)
{
	const struct model *m = default_model(file);
	const struct operation *found = NULL;
	size_t matches = 0;

	if (m && (!*name || model_operation(m, name)))
		return model_find_operation(m, name, ret, err);
	for (size_t i = 0; *name && i < file->n_models; i++) {
		const struct operation *op = model_operation(&file->models[i], name);

		if (!op)
			continue;
		matches++;
		found = op;
	}
	if (matches == 1) {
		*ret = found;
		return 0;
	}
	if (m && !matches)
		return model_find_operation(m, name, ret, err);
	return *name ? no_such_operation(name, err)
		     : err_set(err, -ENOENT,
			       "cannot find a default operation\nTry 'guild "
			       "operations' for a list.");
}

int guildfile_find_operation(const struct guildfile *file, const char *opspec,
	const struct operation **ret, struct err *err)
{
	const char *colon = strchr(opspec, ':');
	_cleanup_free_ char *part = colon ? strndup(opspec, (size_t)(colon - opspec)) : NULL;
	const struct model *m = NULL;
	int r;

	if (!colon || colon == opspec)
		return find_anywhere(file, colon ? colon + 1 : opspec, ret, err);
	if (!part)
		return -ENOMEM;
	r = find_model(file, opspec, part, &m, err);
	return r < 0 ? r : model_find_operation(m, colon + 1, ret, err);
}

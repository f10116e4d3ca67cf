/* SPDX-License-Identifier: MIT */
/*
 * Interned models, operations and names. A project has few of them, so that two vectors that are
 * searched in order do; what matters is that a serial number never changes its meaning.
 */
#include "things.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guildfs.h"
#include "packages.h"
#include "base/name.h"
#include "base/strv.h"
#include "project/project.h"

struct things {
	pthread_mutex_t lock;
	struct thing **v; /* serial - 1 */
	size_t n;
	struct strv names; /* slot - 1 */
};

struct things *things_new(void)
{
	struct things *things = calloc(1, sizeof(*things));

	if (things)
		pthread_mutex_init(&things->lock, NULL);
	return things;
}

void things_free(struct things *things)
{
	if (!things)
		return;
	for (size_t i = 0; i < things->n; i++) {
		struct thing *t = things->v[i];

		pthread_mutex_destroy(&t->lock);
		free(t->model);
		free(t->operation);
		free(t->error);
		free(t);
	}
	free(things->v);
	strv_release(&things->names);
	pthread_mutex_destroy(&things->lock);
	free(things);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct thing *thing_new(
	uint32_t serial, unsigned scope, const char *model, const char *operation)
{
	struct thing *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->serial = serial;
	t->scope = scope;
	t->model = strdup(model);
	t->operation = operation ? strdup(operation) : NULL;
	if (!t->model || (operation && !t->operation)) {
		free(t->model);
		free(t->operation);
		free(t);
		return NULL;
	}
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

struct thing *things_get(
	struct things *things, unsigned scope, const char *model, const char *operation)
{
	LOCK_SCOPE(&things->lock);
	struct thing **grown;
	struct thing *t;

	for (size_t i = 0; i < things->n; i++) {
		t = things->v[i];
		if (t->scope == scope && same_text(t->model, model) &&
			same_text(t->operation, operation))
			return t;
	}
	grown = reallocarray(things->v, things->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	things->v = grown;
	t = thing_new((uint32_t)things->n + 1, scope, model, operation);
	if (t)
		things->v[things->n++] = t;
	return t;
}

struct thing *things_by_serial(struct things *things, uint32_t serial)
{
	LOCK_SCOPE(&things->lock);

	return serial && serial <= things->n ? things->v[serial - 1] : NULL;
}

static uint16_t find_interned(const struct things *things, const char *name)
{
	for (size_t i = 0; i < things->names.n; i++)
		if (strcmp(things->names.v[i], name) == 0)
			return (uint16_t)(i + 1);
	return 0;
}

uint16_t things_find_interned(struct things *things, const char *name)
{
	LOCK_SCOPE(&things->lock);

	return find_interned(things, name);
}

uint16_t things_intern(struct things *things, const char *name)
{
	LOCK_SCOPE(&things->lock);
	uint16_t slot = find_interned(things, name);

	if (slot)
		return slot;
	if (things->names.n >= UINT16_MAX || strv_add(&things->names, name) < 0)
		return 0;
	return (uint16_t)things->names.n;
}

const char *things_interned(struct things *things, uint16_t slot)
{
	LOCK_SCOPE(&things->lock);

	return slot && slot <= things->names.n ? things->names.v[slot - 1] : NULL;
}

void thing_set_error(struct thing *thing, const char *sentence)
{
	LOCK_SCOPE(&thing->lock);

	free(thing->error);
	thing->error = sentence ? strdup(sentence) : NULL;
}

struct thing *things_of_opref(struct guildfs *fs, const struct opref *ref)
{
	unsigned scope;

	return scope_of_opref(fs, ref, &scope) == 0
		       ? things_get(fs->things, scope, ref->model, ref->op)
		       : NULL;
}

static bool earlier_project_has(struct guildfs *fs, unsigned project, const char *model)
{
	for (unsigned i = 0; i < project; i++) {
		_cleanup_guildfile_ struct guildfile *file = project_guildfile(fs->projects[i]);

		if (file && guildfile_model(file, model))
			return true;
	}
	return false;
}

static void add_project(struct guildfs *fs, const struct thing *thing, struct buf *b)
{
	const char *name;

	if (scope_is_package(fs, thing->scope) ||
		!earlier_project_has(fs, thing->scope, thing->model))
		return;
	name = project_name(fs->projects[thing->scope]);
	buf_putc(b, '@');
	name_encode(b, name, strlen(name));
}

void thing_model_name(struct guildfs *fs, const struct thing *thing, struct buf *b)
{
	name_encode(b, thing->model, strlen(thing->model));
	add_project(fs, thing, b);
}

void thing_opspec(struct guildfs *fs, const struct thing *op, struct buf *b)
{
	if (op->model[0]) {
		thing_model_name(fs, op, b);
		buf_putc(b, ':');
	}
	name_encode(b, op->operation, strlen(op->operation));
	if (!op->model[0])
		add_project(fs, op, b);
}

void thing_path_in_scope(struct guildfs *fs, const struct thing *thing, struct buf *b)
{
	if (thing->model[0]) {
		buf_puts(b, "models/");
		thing_model_name(fs, thing, b);
	}
	if (!thing->operation)
		return;
	buf_puts(b, thing->model[0] ? "/operations/" : "operations/");
	if (thing->model[0])
		name_encode(b, thing->operation, strlen(thing->operation));
	else
		thing_opspec(fs, thing, b);
}

void thing_path(struct guildfs *fs, const struct thing *thing, struct buf *b)
{
	const char *package =
		scope_is_package(fs, thing->scope) ? packages_name(fs, thing->scope) : NULL;

	if (package)
		buf_printf(b, "packages/%s/", package);
	thing_path_in_scope(fs, thing, b);
}

int thing_model(struct guildfs *fs, const struct thing *thing, struct guildfile **ret_file,
	const struct model **ret)
{
	_cleanup_scope_files_ struct scope_files files = {0};
	const struct model *model = NULL;
	int r = scope_files(fs, thing->scope, &files);

	for (size_t i = 0; r == 0 && !model && i < files.n; i++)
		model = guildfile_model(files.v[i], thing->model);
	if (!model)
		return r < 0 ? r : -ENOENT;
	*ret_file = guildfile_ref((struct guildfile *)model->file);
	*ret = model;
	return 0;
}

int thing_operation(struct guildfs *fs, const struct thing *thing, struct guildfile **ret_file,
	const struct operation **ret)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model;
	const struct operation *op;
	int r = thing_model(fs, thing, &file, &model);

	if (r < 0)
		return r;
	op = thing->operation ? model_operation(model, thing->operation) : NULL;
	if (!op)
		return -ENOENT;
	*ret_file = STEAL(file);
	*ret = op;
	return 0;
}

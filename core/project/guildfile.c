/* SPDX-License-Identifier: MIT */
/* The three forms of a Guild file, and models. */
#include "project/guildfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "project/fields.h"
#include "project/opdef.h"
#include "yaml/yaml.h"

enum { GUILDFILE_MAX = 8 * 1024 * 1024 };

/* A sentence about a place in the file. */
#define fail(err, v, ...) err_set_at(err, -EINVAL, (v)->line, (v)->column, __VA_ARGS__)

/* --- owning --------------------------------------------------------------- */

static void model_release(struct model *m)
{
	for (size_t i = 0; i < m->n_operations; i++)
		opdef_release(&m->operations[i]);
	free(m->operations);
	free(m->name);
	free(m->description);
	strv_release(&m->references);
}

struct guildfile *guildfile_ref(struct guildfile *file)
{
	__atomic_add_fetch(&file->refs, 1, __ATOMIC_RELAXED);
	return file;
}

void guildfile_unref(struct guildfile *file)
{
	if (__atomic_sub_fetch(&file->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < file->n_models; i++)
		model_release(&file->models[i]);
	free(file->models);
	free(file->path);
	free(file->dir);
	free(file);
}

/* --- models --------------------------------------------------------------- */

static int set_string(char **to, const char *text)
{
	*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

/* `map` is a model's mapping; `form2018` says that its flags are those of all its operations. */
static int parse_model(
	const struct value *map, const char *name, bool form2018, struct model *m, struct err *err)
{
	static const char *const later[] = {"extends", "params", "operation-defaults", NULL};
	int r = fields_refuse(map, later, err);

	m->line = map->line;
	if (r == 0)
		r = set_string(&m->name, name);
	if (r == 0)
		r = field_string(map, "description", "", &m->description, err);
	if (r == 0)
		r = field_bool(map, "default", &m->is_default, err);
	if (r == 0)
		r = field_strings(map, "references", &m->references, err);
	if (r == 0)
		r = opdef_parse_all(value_get(map, "operations"), map, m, err);
	for (size_t i = 0; form2018 && r == 0 && i < m->n_operations; i++) {
		struct operation *op = &m->operations[i];

		r = opdef_add_flags(value_get(map, "flags"), op, err);
		opdef_sort_flags(op);
	}
	return r;
}

static int add_model(struct guildfile *file, const struct value *map, const struct value *name,
	bool form2018, struct err *err)
{
	struct model *m = &file->models[file->n_models];

	if (name && name->type != VALUE_STRING)
		return fail(err, name, "a model's name is %s; a string is needed",
			value_type_name(name));
	if (guildfile_model(file, name ? name->string : ""))
		return fail(err, name ? name : map, "there is a model '%s' already",
			name ? name->string : "");
	file->n_models++;
	return parse_model(map, name ? name->string : "", form2018, m, err);
}

/* One item of the list form, or the one of 2018. */
static int parse_item(
	struct guildfile *file, const struct value *item, bool form2018, struct err *err)
{
	static const char *const types[] = {"model", "config", "include", "package"};
	const char *type = NULL;

	if (item->type != VALUE_MAP)
		return fail(err, item, "an item is %s; a mapping such as 'model: NAME' is needed",
			value_type_name(item));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (!value_get(item, types[i]))
			continue;
		if (type)
			return fail(err, item, "this is a %s and a %s; make two items of it", type,
				types[i]);
		type = types[i];
	}
	if (!type && !value_get(item, "operations"))
		return fail(err, item,
			"what this is, is missing; one of model, config, include, package is "
			"needed");
	if (!type || strcmp(type, "model") == 0)
		return add_model(file, item, value_get(item, "model"), form2018, err);
	/* A package is about building one; what it contains are the models beside it. */
	if (strcmp(type, "package") == 0)
		return 0;
	return fail(err, value_get(item, type), "'%s' is not supported yet; write out the models",
		type);
}

/* The mapping of 2018 names what it is by a string; in today's short form all keys are operations.
 */
static bool is_2018(const struct value *map)
{
	static const char *const types[] = {"model", "package", "config", "include"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (value_str(value_get(map, types[i])))
			return true;
	return false;
}

static int parse_short_form(struct guildfile *file, const struct value *ops, struct err *err)
{
	struct model *m = &file->models[file->n_models++];
	int r = set_string(&m->name, "");

	m->line = ops->line;
	if (r == 0)
		r = set_string(&m->description, "");
	return r < 0 ? r : opdef_parse_all(ops, NULL, m, err);
}

static int parse_root(struct guildfile *file, const struct value *root, struct err *err)
{
	int r = 0;

	file->models =
		calloc(root->type == VALUE_LIST ? root->list.n + 1 : 1, sizeof(*file->models));
	if (!file->models)
		return -ENOMEM;
	switch (root->type) {
	case VALUE_NULL:
		return 0;
	case VALUE_LIST:
		for (size_t i = 0; r == 0 && i < root->list.n; i++)
			r = parse_item(file, root->list.items[i], false, err);
		return r;
	case VALUE_MAP:
		return is_2018(root) ? parse_item(file, root, true, err)
				     : parse_short_form(file, root, err);
	default:
		return fail(err, root,
			"the file is %s; a mapping of operations or a list of models is needed",
			value_type_name(root));
	}
}

/* The only one, else the first that says so. */
static void choose_default_model(struct guildfile *file)
{
	struct model *chosen = file->n_models == 1 ? &file->models[0] : NULL;

	for (size_t i = 0; i < file->n_models; i++) {
		if (file->models[i].is_default && !chosen)
			chosen = &file->models[i];
		file->models[i].is_default = false;
		file->models[i].file = file;
	}
	if (chosen)
		chosen->is_default = true;
}

/* --- files ---------------------------------------------------------------- */

int guildfile_parse(
	const char *path, const char *text, size_t len, struct guildfile **ret, struct err *err)
{
	_cleanup_guildfile_ struct guildfile *file = calloc(1, sizeof(*file));
	_cleanup_value_ struct value *root = NULL;
	struct err inner = ERR_INIT;
	struct digest *md5 = digest_new_md5();
	int r;

	if (!file || !md5) {
		digest_free(md5);
		return -ENOMEM;
	}
	file->refs = 1;
	digest_add(md5, text, len);
	digest_finish(md5, file->md5);
	file->path = strdup(path);
	file->dir = strrchr(path, '/') ? strndup(path, (size_t)(strrchr(path, '/') - path)) : NULL;
	if (!file->path || !file->dir)
		return -ENOMEM;
	r = yaml_parse(text, len, &root, &inner);
	if (r == 0)
		r = parse_root(file, root, &inner);
	if (r < 0 && inner.line)
		return err_set_at(err, r, inner.line, inner.column, "%s:%d:%d: %s", path,
			inner.line, inner.column, err_text(&inner));
	if (r < 0)
		return err_set(err, r, "%s: %s", path,
			err_text(inner.code ? &inner : &(struct err){.code = r}));
	choose_default_model(file);
	*ret = STEAL(file);
	return 0;
}

int guildfile_load(const char *dir, struct guildfile **ret, struct err *err)
{
	_cleanup_free_ char *real = realpath(dir, NULL);
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r;

	if (!real)
		return err_set(err, -errno, "%s: %s", dir, strerror(errno));
	buf_printf(&path, "%s/%s", strcmp(real, "/") == 0 ? "" : real, GUILDFILE_NAME);
	/* A Guild file may be a link; what it must be is a regular file. */
	fd = open(buf_str(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r = fd < 0 ? -errno : file_read_fd(fd, GUILDFILE_MAX, &text);
	if (r == -EINVAL)
		return err_set(err, r, "%s: not a regular file", buf_str(&path));
	if (r < 0)
		return err_set(err, r, "%s: %s", buf_str(&path), strerror(-r));
	return guildfile_parse(buf_str(&path), buf_str(&text), text.len, ret, err);
}

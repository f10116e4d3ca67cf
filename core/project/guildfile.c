/* SPDX-License-Identifier: MIT */
/* Guild files: models, from what raw.h reads. */
#include "project/guildfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "project/attr_names.h"
#include "project/fields.h"
#include "project/opdef.h"
#include "project/plugins.h"
#include "project/raw.h"

enum { GUILDFILE_MAX = 8 * 1024 * 1024 };

/* --- owning --------------------------------------------------------------- */

static void model_release(struct model *m)
{
	for (size_t i = 0; i < m->n_operations; i++)
		opdef_release(&m->operations[i]);
	for (size_t i = 0; i < m->n_resources; i++)
		resource_release(&m->resources[i]);
	free(m->operations);
	free(m->resources);
	free(m->name);
	free(m->description);
	value_free(m->sourcecode);
	value_free(m->plugins);
	strv_release(&m->references);
	strv_release(&m->parents);
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
	value_free(file->package);
	free(file->dist_name);
	free(file->dist_version);
	free(file->path);
	free(file->dir);
	strv_release(&file->warnings);
	file_stamps_release(&file->imported);
	pthread_mutex_destroy(&file->import_lock);
	free(file);
}

/* --- models --------------------------------------------------------------- */

static int compare_resources(const void *a, const void *b)
{
	return strcmp(((const struct resource *)a)->name, ((const struct resource *)b)->name);
}

static int parse_resources(const struct value *v, struct model *m, struct err *err)
{
	struct guildfile *file = (struct guildfile *)m->file;
	int r = 0;

	if (value_is_null(v))
		return 0;
	if (v->type != VALUE_MAP)
		return fail(err, v, "invalid resources value: %s, where a mapping is needed",
			value_type_name(v));
	m->resources = calloc(v->map.n + 1, sizeof(*m->resources));
	if (!m->resources)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < v->map.n; i++) {
		struct resource *res = &m->resources[m->n_resources++];

		r = resource_parse(v->map.pairs[i].key, m->name, v->map.pairs[i].value, res,
			&file->warnings, err);
		if (r == 0) {
			res->dir = strdup(file->dir);
			r = res->dir ? 0 : -ENOMEM;
		}
	}
	if (m->n_resources > 1)
		qsort(m->resources, m->n_resources, sizeof(*m->resources), compare_resources);
	return r;
}

/* DvC's plugin makes operations of them. */
static int warn_of_stages(const struct value *data, const struct model *m, struct strv *warnings)
{
	if (!value_truthy(value_get(value_get(data, "extra"), "dvc-stages-import")))
		return 0;
	return strv_addf(warnings,
		"dvc-stages-import of model '%s': stages of dvc.yaml are not imported here",
		m->name);
}

/* `data` is the complete item. */
static int parse_model(const struct raw_item *item, const struct value *data, struct model *m,
	struct strv *warnings, struct err *err)
{
	const struct value *sourcecode = value_get(data, "sourcecode");
	int r = 0;

	m->line = data->line;
	m->is_default = value_truthy(value_get(data, "default"));
	m->name = strdup(item->name);
	if (!m->name)
		return -ENOMEM;
	r = field_string(data, "description", "", &m->description, err);
	if (r == 0)
		r = field_strings(data, "references", &m->references, err);
	if (r == 0)
		r = plugins_parse(data, &m->plugins, err);
	if (r == 0)
		r = attr_names_check(ATTRS_OF_MODEL, m->name, data, warnings);
	if (r == 0)
		r = warn_of_stages(data, m, warnings);
	if (r == 0)
		r = parse_resources(value_get(data, "resources"), m, err);
	if (r == 0 && sourcecode) {
		m->sourcecode = value_copy(sourcecode);
		r = m->sourcecode ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = opdef_parse_all(value_get(data, "operations"), m, warnings, err);
	for (size_t i = 0; item->has_flags_2018 && r == 0 && i < m->n_operations; i++) {
		struct operation *op = &m->operations[i];

		r = opdef_add_flags(value_get(data, "flags"), op, err);
		opdef_sort_flags(op);
	}
	return r;
}

static int add_model(struct guildfile *file, struct raw_set *set, struct raw_file *raw,
	const struct raw_item *item, struct err *err)
{
	_cleanup_value_ struct value *data = NULL;
	struct model *m = &file->models[file->n_models];
	int r;

	if (guildfile_model(file, item->name))
		return fail(err, item->data, "duplicate model '%s'", item->name);
	m->file = file;
	r = raw_complete(set, raw, item, &data, &m->parents, err);
	if (r < 0)
		return r;
	file->n_models++;
	return parse_model(item, data, m, &file->warnings, err);
}

static int set_package(struct guildfile *file, const struct raw_item *item, struct err *err)
{
	if (file->package)
		return fail(err, item->data, "multiple package definitions");
	file->package = value_copy(item->data);
	return file->package ? 0 : -ENOMEM;
}

static int add_models(
	struct guildfile *file, struct raw_set *set, struct raw_file *raw, struct err *err)
{
	int r = 0;

	file->models = calloc(raw->n + 1, sizeof(*file->models));
	if (!file->models)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < raw->n; i++) {
		const struct raw_item *item = &raw->items[i];

		r = raw_check(item, err);
		if (r < 0)
			return r;
		if (strcmp(item->type, "model") == 0)
			r = add_model(file, set, raw, item, err);
		/* A package is about building one; what it contains are the models beside it. */
		else if (strcmp(item->type, "package") == 0)
			r = set_package(file, item, err);
	}
	for (size_t i = 0; r == 0 && i < file->n_models; i++)
		for (size_t j = 0; r == 0 && j < file->models[i].n_operations; j++)
			r = opdef_add_source_flags(&file->models[i].operations[j], &file->warnings);
	return r;
}

/* The only one, else the first that says so. */
static void choose_default_model(struct guildfile *file)
{
	struct model *chosen = file->n_models == 1 ? &file->models[0] : NULL;

	for (size_t i = 0; i < file->n_models; i++) {
		if (file->models[i].is_default && !chosen)
			chosen = &file->models[i];
		file->models[i].is_default = false;
	}
	if (chosen)
		chosen->is_default = true;
}

/* --- files ---------------------------------------------------------------- */

/* The place of an error, which may be in a file that was included. */
static int with_place(int r, const char *path, const struct raw_set *set, const struct err *inner,
	struct err *err)
{
	const char *file = (size_t)inner->file < set->paths.n ? set->paths.v[inner->file] : path;

	if (inner->line)
		return err_set_at(err, r, inner->line, inner->column, "%s:%d:%d: %s", file,
			inner->line, inner->column, err_text(inner));
	return err_set(
		err, r, "%s: %s", file, err_text(inner->code ? inner : &(struct err){.code = r}));
}

static int set_identity(struct guildfile *file, const char *path, const char *text, size_t len)
{
	int r = digest_text(DIGEST_MD5, text, len, file->md5);

	if (r < 0)
		return r;
	file->path = strdup(path);
	file->dir = strrchr(path, '/') ? strndup(path, (size_t)(strrchr(path, '/') - path)) : NULL;
	return file->path && file->dir ? 0 : -ENOMEM;
}

static int parse(const char *path, const char *text, size_t len, struct file_stamps *seen,
	struct guildfile **ret, struct err *err)
{
	_cleanup_guildfile_ struct guildfile *file = calloc(1, sizeof(*file));
	_cleanup_raw_ struct raw_set set = {.seen = seen};
	struct raw_file *raw;
	struct err inner = ERR_INIT;
	int r;

	if (!file)
		return -ENOMEM;
	file->refs = 1;
	pthread_mutex_init(&file->import_lock, NULL);
	r = set_identity(file, path, text, len);
	if (r == 0)
		r = raw_parse(&set, path, text, len, &raw, &inner);
	if (r == 0)
		r = add_models(file, &set, raw, &inner);
	if (r < 0)
		return with_place(r, path, &set, &inner, err);
	choose_default_model(file);
	*ret = STEAL(file);
	return 0;
}

int guildfile_parse(
	const char *path, const char *text, size_t len, struct guildfile **ret, struct err *err)
{
	return parse(path, text, len, NULL, ret, err);
}

static int load(
	const char *path, struct file_stamps *seen, struct guildfile **ret, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r = seen ? file_stamps_add(seen, path) : 0;

	if (r < 0)
		return r;
	/* A Guild file may be a link; what it must be is a regular file. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r = fd < 0 ? -errno : file_read_fd(fd, GUILDFILE_MAX, &text);
	if (r == -EINVAL)
		return err_set(err, r, "%s: not a regular file", path);
	if (r < 0)
		return err_set(err, r, "%s: %s", path, strerror(-r));
	return parse(path, buf_str(&text), text.len, seen, ret, err);
}

int guildfile_load_file(const char *path, struct guildfile **ret, struct err *err)
{
	_cleanup_free_ char *real = realpath(path, NULL);

	if (!real)
		return err_set(err, -errno, "%s: %s", path, strerror(errno));
	return load(real, NULL, ret, err);
}

int guildfile_load_seen(
	const char *dir, struct file_stamps *seen, struct guildfile **ret, struct err *err)
{
	_cleanup_free_ char *real = realpath(dir, NULL);
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (!real)
		return err_set(err, -errno, "%s: %s", dir, strerror(errno));
	buf_printf(&path, "%s/%s", strcmp(real, "/") == 0 ? "" : real, GUILDFILE_NAME);
	return load(buf_str(&path), seen, ret, err);
}

int guildfile_load(const char *dir, struct guildfile **ret, struct err *err)
{
	return guildfile_load_seen(dir, NULL, ret, err);
}

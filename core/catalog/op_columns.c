/* SPDX-License-Identifier: MIT */
/* Guild files, each loaded once, and what their operations say. */
#include "catalog/op_columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/as_user.h"
#include "project/guildfile.h"

/* Whose run it is. */
struct owner {
	uid_t uid;
	gid_t gid;
};

struct op_columns {
	struct catalog *catalog;
	/* Operations that were asked about. */
	struct wishes {
		char *dir, *spec;
		struct owner owner;
		bool has_columns;
		struct columns columns;
	} * v;
	size_t n;
	struct guildfile *file; /* the last one that was loaded; NULL: none */
	struct owner file_owner;
};

struct op_columns *op_columns_new(struct catalog *catalog)
{
	struct op_columns *known = calloc(1, sizeof(*known));

	if (known)
		known->catalog = catalog;
	return known;
}

void op_columns_free(struct op_columns *known)
{
	if (!known)
		return;
	for (size_t i = 0; i < known->n; i++) {
		free(known->v[i].dir);
		free(known->v[i].spec);
		columns_release(&known->v[i].columns);
	}
	free(known->v);
	if (known->file)
		guildfile_unref(known->file);
	free(known);
}

/* A list of column specs, or one. */
static int parse_compare(const struct value *v, struct columns *to, struct strv *warnings)
{
	int r = 0;

	size_t n = v->type == VALUE_LIST ? v->list.n : 1;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct value *item = v->type == VALUE_LIST ? v->list.items[i] : v;
		const char *spec = item->source ? item->source : value_str(item);
		struct err err = ERR_INIT;

		if (spec && columns_parse(spec, to, &err) < 0)
			r = strv_add(warnings, err_text(&err));
	}
	return r;
}

static bool is_same(const struct owner *a, const struct owner *b)
{
	return a->uid == b->uid && a->gid == b->gid;
}

/* Everybody's runs are alike to who is not root, and reads what he can. -ENOENT: it has gone. */
static int find_owner(const struct op_columns *known, uint64_t serial, struct owner *ret)
{
	const char *id = catalog_id(known->catalog, serial);
	_cleanup_close_ int fd = -1;
	struct stat st;

	*ret = (struct owner){.uid = geteuid(), .gid = getegid()};
	if (ret->uid != 0)
		return 0;
	fd = id ? home_open_run(catalog_home(known->catalog), id) : -ENOENT;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -ENOENT;
	*ret = (struct owner){.uid = st.st_uid, .gid = st.st_gid};
	return 0;
}

static int load_guildfile(const char *dir, const struct owner *owner, struct guildfile **ret)
{
	struct as_user as;
	int r = as_user_begin(&as, owner->uid, owner->gid);

	if (r < 0)
		return r;
	r = guildfile_load(dir, ret, NULL);
	as_user_end(&as);
	return r;
}

static const struct value *compare_of_guildfile(struct op_columns *known, const char *dir,
	const struct owner *owner, const struct opref *ref)
{
	_cleanup_buf_ struct buf spec = BUF_INIT;
	const struct operation *op;

	if (!known->file || strcmp(known->file->dir, dir) != 0 ||
		!is_same(&known->file_owner, owner)) {
		if (known->file)
			guildfile_unref(known->file);
		known->file = NULL;
		if (load_guildfile(dir, owner, &known->file) < 0)
			return NULL;
		known->file_owner = *owner;
	}
	buf_printf(&spec, "%s:%s", ref->model, ref->op);
	if (guildfile_find_operation(
		    known->file, *ref->model ? buf_str(&spec) : ref->op, &op, NULL) < 0)
		return NULL;
	return value_get(op->data, "compare");
}

static struct wishes *find_wishes(
	struct op_columns *known, const char *dir, const struct owner *owner, const char *spec)
{
	struct wishes *grown;

	for (size_t i = 0; i < known->n; i++)
		if (strcmp(known->v[i].dir, dir) == 0 && strcmp(known->v[i].spec, spec) == 0 &&
			is_same(&known->v[i].owner, owner))
			return &known->v[i];
	grown = reallocarray(known->v, known->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	known->v = grown;
	known->v[known->n] =
		(struct wishes){.dir = strdup(dir), .spec = strdup(spec), .owner = *owner};
	return known->v[known->n].dir && known->v[known->n].spec ? &known->v[known->n++] : NULL;
}

int op_columns_find(struct op_columns *known, uint64_t serial, const struct opref *ref,
	const struct columns **ret, struct strv *warnings)
{
	_cleanup_buf_ struct buf dir = BUF_INIT, spec = BUF_INIT;
	const struct value *compare = NULL;
	size_t before = known->n;
	struct owner owner;
	struct wishes *e;
	int r = 0;

	*ret = NULL;
	if (find_owner(known, serial, &owner) < 0)
		return 0;
	opref_project_dir(&dir, ref);
	opref_display(&spec, ref);
	if (buf_error(&dir) || buf_error(&spec))
		return -ENOMEM;
	e = find_wishes(known, buf_str(&dir), &owner, buf_str(&spec));
	if (!e)
		return -ENOMEM;
	if (known->n > before && dir.len && strcmp(ref->pkg_type, "guildfile") == 0)
		compare = compare_of_guildfile(known, buf_str(&dir), &owner, ref);
	if (compare && value_truthy(compare)) {
		r = parse_compare(compare, &e->columns, warnings);
		e->has_columns = true;
	}
	*ret = e->has_columns ? &e->columns : NULL;
	return r;
}

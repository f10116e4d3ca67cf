/* SPDX-License-Identifier: MIT */
/* Resources of a model: a text for each, with its sources and whether they are there. */
#include "show.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "guildfs.h"
#include "listing.h"
#include "things.h"
#include "tree.h"
#include "walk.h"
#include "base/name.h"
#include "catalog/dep_runs.h"
#include "fetch/url.h"
#include "project/guildfile.h"

static int open_model(const struct place *p, struct guildfile **ret_file, const struct model **ret)
{
	const struct thing *thing = things_by_serial(p->fs->things, p->serial);

	return thing ? thing_model(p->fs, thing, ret_file, ret) : -ESTALE;
}

/* --- which there are ------------------------------------------------------ */

static int resource_place(const struct place *dir, const char *name, struct place *ret)
{
	*ret = place_at(dir, tree_resource);
	ret->slot = things_intern(dir->fs->things, name);
	return ret->slot ? 0 : -ENOMEM;
}

static int resources_list(const struct place *dir, struct listing *out)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model;
	int r = open_model(dir, &file, &model);

	for (size_t i = 0; r == 0 && i < model->n_resources; i++) {
		const char *name = model->resources[i].name;
		_cleanup_buf_ struct buf encoded = BUF_INIT;
		struct place p;

		name_encode(&encoded, name, strlen(name));
		r = resource_place(dir, name, &p);
		if (r == 0)
			listing_add(out, buf_str(&encoded), &p);
	}
	return r < 0 ? r : listing_error(out);
}

static int resources_find(const struct place *dir, const char *name, struct place *ret)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_buf_ struct buf decoded = BUF_INIT;
	const struct model *model;
	int r = open_model(dir, &file, &model);

	if (r < 0)
		return r;
	if (name_decode(&decoded, name) < 0 || !model_resource(model, buf_str(&decoded)))
		return -ENOENT;
	return resource_place(dir, buf_str(&decoded), ret);
}

const struct dynamic resources_children = {
	.list = resources_list, .find = resources_find, .name = "<resource>"};

/* --- one ------------------------------------------------------------------ */

/* Where a source's files are looked for: a path, a URL, operations, a module. */
static void print_location(struct buf *b, const struct resource *res, const struct source *s)
{
	if (source_is_project_file(s) && *s->spec != '/')
		buf_printf(b, "%s/", res->dir);
	buf_puts(b, s->spec);
}

static bool is_downloaded(const struct guildfs *fs, const struct source *s)
{
	_cleanup_buf_ struct buf key = BUF_INIT, path = BUF_INIT;
	_cleanup_close_ int fd = -1;

	url_cache_key(s->spec, &key);
	buf_printf(&path, "cache/resources/%s", buf_str(&key));
	fd = openat(fs->home->fd, buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && url_is_cached(fd, s->spec);
}

/* What a run that started now would find; a module shows only when Python is asked. */
static const char *is_resolved(
	const struct place *p, const struct resource *res, const struct source *s)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	const struct catalog_viewer viewer = runs_viewer(p);
	const struct dep_query query = {.catalog = p->fs->catalog, .viewer = &viewer};

	switch (s->type) {
	case SOURCE_FILE:
	case SOURCE_CONFIG:
	case SOURCE_DVCFILE:
		print_location(&path, res, s);
		return access(buf_str(&path), F_OK) == 0 ? "yes" : "no";
	case SOURCE_URL:
		return is_downloaded(p->fs, s) ? "yes" : "no";
	case SOURCE_OPERATION:
		return dep_runs_find(&query, s->spec, "") ? "yes" : "no";
	case SOURCE_DVCSTAGE:
	case SOURCE_MODULE:
		break;
	}
	return "unknown";
}

static void print_source(
	const struct place *p, const struct resource *res, const struct source *s, struct buf *b)
{
	static const char *const types[] = {
		[SOURCE_FILE] = "file",
		[SOURCE_URL] = "url",
		[SOURCE_OPERATION] = "operation",
		[SOURCE_CONFIG] = "config",
		[SOURCE_MODULE] = "module",
		[SOURCE_DVCFILE] = "dvcfile",
		[SOURCE_DVCSTAGE] = "dvcstage",
	};

	buf_printf(b, "- source: %s\n  type: %s\n  location: ", s->resolving_name, types[s->type]);
	print_location(b, res, s);
	buf_putc(b, '\n');
	if (s->sha256)
		buf_printf(b, "  sha256: %s\n", s->sha256);
	buf_printf(b, "  resolved: %s\n", is_resolved(p, res, s));
}

void model_resource_text(const struct place *p, struct buf *b)
{
	const char *name = things_interned(p->fs->things, p->slot);
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model;
	const struct resource *res = NULL;
	int r = open_model(p, &file, &model);

	if (r == 0)
		res = name ? model_resource(model, name) : NULL;
	if (!res) {
		buf_fail(b, r < 0 ? r : -ESTALE);
		return;
	}
	if (*res->description)
		buf_printf(b, "# %.*s\n", (int)strcspn(res->description, "\n"), res->description);
	for (size_t i = 0; i < res->n_sources; i++)
		print_source(p, res, &res->sources[i], b);
	if (!res->n_sources)
		buf_puts(b, "[]\n");
}

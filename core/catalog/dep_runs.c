/* SPDX-License-Identifier: MIT */
/* Choosing runs for operation sources. */
#include "catalog/dep_runs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "base/regex.h"
#include "run/attr.h"

/* [PACKAGE/][MODEL:]OPERATION, with OPERATION a regular expression. */
static bool one_matches(char *spec, const struct opref *ref)
{
	char *slash = strchr(spec, '/');
	char *rest = slash ? slash + 1 : spec;
	char *colon = strchr(rest, ':');
	_cleanup_buf_ struct buf pattern = BUF_INIT;

	if (slash)
		*slash = '\0';
	if (colon)
		*colon = '\0';
	if (slash && strcmp(spec, ref->pkg_name) != 0)
		return false;
	if (colon && strcmp(rest, ref->model) != 0)
		return false;
	buf_printf(&pattern, "\\A(?:%s)\\Z", colon ? colon + 1 : rest);
	return regex_matches(buf_str(&pattern), ref->op);
}

/* One of the comma-separated specs. */
static bool spec_matches(const char *specs, const struct opref *ref)
{
	bool matched = false;

	while (*specs && !matched) {
		size_t blank = strspn(specs, " "), len = strcspn(specs, ",");
		_cleanup_free_ char *spec = strndup(specs + blank, len - blank);

		specs += len + (specs[len] == ',');
		matched = spec && one_matches(spec, ref);
	}
	return matched;
}

/* $GUILD_RUNS_PARENT: a step of a pipeline sees the runs of its own pipeline only. */
struct scope {
	const char *parent; /* NULL: all runs */
	struct strv ids;    /* sorted */
};

struct scope_job {
	int fd;
	struct strv *ids;
};

static int add_link(void *arg, const char *name, int d_type)
{
	struct scope_job *job = arg;
	_cleanup_buf_ struct buf target = BUF_INIT;

	if (d_type != DT_LNK || file_readlink(job->fd, name, &target) < 0 ||
		strncmp(buf_str(&target), "../", 3) != 0)
		return 0;
	return strv_add(job->ids, buf_str(&target) + 3);
}

static void scope_open(struct scope *scope, const struct home *home)
{
	struct scope_job job = {.ids = &scope->ids};
	const char *parent = getenv("GUILD_RUNS_PARENT");

	*scope = (struct scope){.parent = parent && *parent ? parent : NULL};
	job.fd = scope->parent ? home_open_run(home, scope->parent) : -1;
	if (job.fd < 0)
		return;
	file_each(job.fd, ".", add_link, &job);
	close(job.fd);
}

static bool in_scope(const struct scope *scope, const char *id)
{
	return !scope->parent || strv_has(&scope->ids, id);
}

/* What is looked for, and what was found. */
struct search {
	const struct dep_query *query;
	const struct scope *scope;
	const char *spec;
	const char *prefix; /* of the id */
	uint64_t found;
	int64_t born;
};

static bool is_candidate(void *arg, uint64_t serial, const struct run_summary *s)
{
	const struct search *search = arg;
	const struct catalog_viewer *viewer = search->query->viewer;

	return (run_status_provides(s->status) ||
		       (search->query->for_stage && s->status == RUN_STAGED)) &&
	       spec_matches(search->spec, &s->opref) &&
	       (!viewer || viewer->may_see(viewer->arg, serial));
}

/* Few runs are marked, and few begin with a prefix: one look at each, and a summary of those. */
static int look(void *arg, uint64_t serial)
{
	struct search *search = arg;
	struct catalog *catalog = search->query->catalog;
	const char *id = catalog_id(catalog, serial);
	_cleanup_close_ int fd = -1;
	_cleanup_summary_ struct run_summary s = {0};
	int64_t born;

	if (strncmp(id, search->prefix, strlen(search->prefix)) != 0 ||
		!in_scope(search->scope, id))
		return 0;
	fd = home_open_run(catalog_home(catalog), id);
	if (fd < 0 || (!*search->prefix && !search->scope->parent && !attr_exists(fd, "marked")) ||
		catalog_summary(catalog, serial, &s) < 0 || !is_candidate(search, serial, &s))
		return 0;
	born = catalog_born(catalog, serial);
	if (!search->found || born > search->born) {
		search->found = serial;
		search->born = born;
	}
	return 0;
}

const char *dep_runs_find(const struct dep_query *query, const char *spec, const char *prefix)
{
	struct catalog *catalog = query->catalog;
	struct scope scope;
	struct search search = {.query = query, .scope = &scope, .spec = spec, .prefix = prefix};

	scope_open(&scope, catalog_home(catalog));
	catalog_each(catalog, look, &search);
	if (!search.found && !*prefix && !scope.parent)
		search.found = catalog_newest(catalog, is_candidate, &search);
	strv_release(&scope.ids);
	return search.found ? catalog_id(catalog, search.found) : NULL;
}

/* --- flags of sources ----------------------------------------------------- */

struct filling {
	const struct dep_query *query;
	const struct operation *op;
	struct value *flags;
	struct strv *missing; /* or NULL */
};

/* The full id that a source's flag gets; NULL: it stays as it is. */
static const char *run_for(
	const struct dep_query *query, const struct source *s, const struct value *given)
{
	const char *text = value_str(given);
	uint64_t serial;

	if (value_is_null(given) || (text && !*text))
		return dep_runs_find(query, s->spec, "");
	if (!text || strlen(text) >= RUN_ID_LEN)
		return NULL;
	serial = catalog_find_prefix_for(query->catalog, text, query->viewer);
	return serial ? catalog_id(query->catalog, serial) : NULL;
}

/* Of the trials of a batch: each one's run. */
static int fill_list(const struct filling *f, const struct source *s, struct value *list)
{
	for (size_t i = 0; i < list->list.n; i++) {
		const char *id = run_for(f->query, s, list->list.items[i]);
		struct value *v = id ? value_string(id) : NULL;

		if (id && !v)
			return -ENOMEM;
		if (!v)
			continue;
		value_free(list->list.items[i]);
		list->list.items[i] = v;
	}
	return 0;
}

static int fill_flag(const struct filling *f, const struct source *s)
{
	const char *name = s->flag_name ? s->flag_name : s->resolving_name;
	struct value *given = value_get(f->flags, name);
	const char *id;

	if (s->type != SOURCE_OPERATION || s->no_flag || !operation_flag(f->op, name))
		return 0;
	if (given && given->type == VALUE_LIST)
		return fill_list(f, s, given);
	id = run_for(f->query, s, given);
	if (id)
		return value_map_set(f->flags, name, value_string(id));
	return f->missing && value_is_null(given) && !s->optional
		       ? strv_add(f->missing, s->resolving_name)
		       : 0;
}

int dep_runs_fill_flags(const struct dep_query *query, const struct operation *op,
	struct value *flags, struct strv *missing)
{
	const struct filling f = {query, op, flags, missing};
	_cleanup_free_ const struct resource **resources = NULL;
	size_t n = 0;
	int r = operation_resources(op, flags, &resources, &n, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* the birth will say what is wrong */
	for (size_t i = 0; r == 0 && i < n; i++)
		for (size_t j = 0; r == 0 && j < resources[i]->n_sources; j++)
			r = fill_flag(&f, &resources[i]->sources[j]);
	return r;
}

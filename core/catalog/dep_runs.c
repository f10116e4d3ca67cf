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
	_cleanup_regex_ struct regex *regex = NULL;

	if (slash)
		*slash = '\0';
	if (colon)
		*colon = '\0';
	if (slash && strcmp(spec, ref->pkg_name) != 0)
		return false;
	if (colon && strcmp(rest, ref->model) != 0)
		return false;
	buf_printf(&pattern, "\\A(?:%s)\\Z", colon ? colon + 1 : rest);
	return regex_compile(buf_str(&pattern), &regex, NULL) == 0 &&
	       regex_search(regex, ref->op, NULL);
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
	struct catalog *catalog;
	const struct scope *scope;
	const char *spec;
	const char *prefix; /* of the id */
	uint64_t found;
	int64_t born;
};

static bool is_candidate(void *arg, const struct run_summary *s)
{
	const struct search *search = arg;

	return (s->status == RUN_COMPLETED || s->status == RUN_RUNNING ||
		       s->status == RUN_TERMINATED) &&
	       spec_matches(search->spec, &s->opref);
}

/* Few runs are marked, and few begin with a prefix: one look at each, and a summary of those. */
static int look(void *arg, uint64_t serial)
{
	struct search *search = arg;
	const char *id = catalog_id(search->catalog, serial);
	_cleanup_close_ int fd = -1;
	_cleanup_summary_ struct run_summary s = {0};
	int64_t born;

	if (strncmp(id, search->prefix, strlen(search->prefix)) != 0 ||
		!in_scope(search->scope, id))
		return 0;
	fd = home_open_run(catalog_home(search->catalog), id);
	if (fd < 0 || (!*search->prefix && !search->scope->parent && !attr_exists(fd, "marked")) ||
		catalog_summary(search->catalog, serial, &s) < 0 || !is_candidate(search, &s))
		return 0;
	born = catalog_born(search->catalog, serial);
	if (!search->found || born > search->born) {
		search->found = serial;
		search->born = born;
	}
	return 0;
}

const char *dep_runs_find(struct catalog *catalog, const char *spec, const char *prefix)
{
	struct scope scope;
	struct search search = {
		.catalog = catalog, .scope = &scope, .spec = spec, .prefix = prefix};

	scope_open(&scope, catalog_home(catalog));
	catalog_each(catalog, look, &search);
	if (!search.found && !*prefix && !scope.parent)
		search.found = catalog_newest(catalog, is_candidate, &search);
	strv_release(&scope.ids);
	return search.found ? catalog_id(catalog, search.found) : NULL;
}

/* The full id that a source's flag gets; NULL: it stays as it is. */
static const char *run_for(
	struct catalog *catalog, const struct source *s, const struct value *given)
{
	const char *text = value_str(given);
	uint64_t serial;

	if (value_is_null(given) || (text && !*text))
		return dep_runs_find(catalog, s->spec, "");
	if (!text || strlen(text) >= RUN_ID_LEN)
		return NULL;
	serial = catalog_find_prefix(catalog, text, NULL);
	return serial ? catalog_id(catalog, serial) : NULL;
}

static int fill_flag(struct catalog *catalog, const struct operation *op, const struct source *s,
	struct value *flags, struct strv *missing)
{
	const char *name = s->flag_name ? s->flag_name : s->resolving_name;
	const struct value *given = value_get(flags, name);
	const char *id;

	if (s->type != SOURCE_OPERATION || s->no_flag || !operation_flag(op, name))
		return 0;
	id = run_for(catalog, s, given);
	if (id)
		return value_map_set(flags, name, value_string(id));
	return missing && value_is_null(given) && !s->optional
		       ? strv_add(missing, s->resolving_name)
		       : 0;
}

int dep_runs_fill_flags(struct catalog *catalog, const struct operation *op, struct value *flags,
	struct strv *missing)
{
	_cleanup_free_ const struct resource **resources = NULL;
	size_t n = 0;
	int r = operation_resources(op, flags, &resources, &n, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* the birth will say what is wrong */
	for (size_t i = 0; r == 0 && i < n; i++)
		for (size_t j = 0; r == 0 && j < resources[i]->n_sources; j++)
			r = fill_flag(catalog, op, &resources[i]->sources[j], flags, missing);
	return r;
}

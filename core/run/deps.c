/* SPDX-License-Identifier: MIT */
/* Dependencies: all resources of a run, one source after the other, and the record of them. */
#include "run/deps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "run/attr.h"
#include "run/deps_find.h"
#include "run/deps_put.h"
#include "run/manifest.h"

struct resolver {
	const struct deps_spec *spec;
	struct buf manifest;
	struct value
		*attr; /* what will be attrs/deps: {RESOURCE: {SOURCE: {uri, paths, config}}} */
};

/* --- one source ------------------------------------------------------------ */

/* What the run's flags, or the resource's stored configuration, have in the source's place. */
static const struct value *config_of(
	const struct resolver *rs, const struct source *s, const struct value *stored)
{
	const char *name = s->flag_name ? s->flag_name : s->resolving_name;
	const struct value *v = value_get(rs->spec->flags, name);

	return v ? v : value_get(stored, name);
}

/* Takes paths over. */
static int record(struct resolver *rs, const struct deps_source *src, struct value *paths)
{
	struct value *sources = value_get(rs->attr, src->resource->resolving_name);
	_cleanup_value_ struct value *entry = value_map(), *kept = paths;
	int r = entry ? 0 : -ENOMEM;

	if (r == 0)
		r = value_map_set(entry, "uri", value_string(src->source->uri));
	if (r == 0)
		r = value_map_set(entry, "paths", STEAL(kept));
	if (r == 0 && !value_is_null(src->config))
		r = value_map_set(entry, "config", value_copy(src->config));
	return r < 0 ? r : value_map_set(sources, src->source->resolving_name, STEAL(entry));
}

static int resolve_source(struct resolver *rs, const struct deps_source *src, struct err *err)
{
	_cleanup_(deps_found_release) struct deps_found found = DEPS_FOUND_INIT;
	struct value *resolved = value_list();
	int r = resolved ? deps_find(src, &found, err) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < found.paths.n; i++)
		r = deps_put(src, &found, i, &rs->manifest, resolved, err);
	if (r < 0) {
		value_free(resolved);
		return r;
	}
	return record(rs, src, resolved);
}

static int fail_source(
	const struct deps_source *src, int code, const struct err *why, struct err *err)
{
	const char *name = src->source->resolving_name;
	const char *help = src->source->help;
	/* What a configuration cannot take is Guild AI's surprise, too. */
	bool unexpected = strncmp(why->text, "ValueError(", 11) == 0;

	/* Found, but not to be put where it should go. */
	if (strncmp(why->text, "error renaming", 14) == 0 ||
		strncmp(why->text, "invalid path", 12) == 0)
		return err_set(err, code, "%s", err_text(why));
	return err_set(err, code, "%s '%s' in %s resource: %s%s%s",
		unexpected ? "unexpected error resolving" : "could not resolve", name,
		src->resource->resolving_name, why->code ? err_text(why) : strerror(-code),
		help ? "\n" : "", help ? help : "");
}

/* True when there is nothing to do, with a line that says why. */
static bool is_settled(const struct resolver *rs, const struct deps_source *src)
{
	const struct value *sources = value_get(rs->attr, src->resource->resolving_name);
	const char *name = src->source->resolving_name;

	if (src->source->always_resolve != YES && value_get(sources, name)) {
		deps_say(rs->spec, DEPS_INFO,
			"Skipping resolution of %s because it's already resolved", name);
		return true;
	}
	if (rs->spec->for_stage && src->source->type == SOURCE_OPERATION) {
		deps_say(rs->spec, DEPS_INFO, "Skipping resolution of %s because it's being staged",
			name);
		return true;
	}
	return false;
}

/* --- all of them ------------------------------------------------------------ */

static int resolve_sources(
	struct resolver *rs, const struct resource *res, const struct value *item, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < res->n_sources; i++) {
		struct err why = ERR_INIT;
		struct deps_source src = {
			.spec = rs->spec,
			.resource = res,
			.source = &res->sources[i],
			.config = config_of(rs, &res->sources[i], value_get(item, "config")),
			.parents = value_get(item, "guildfs-parents"),
		};

		if (is_settled(rs, &src))
			continue;
		r = resolve_source(rs, &src, &why);
		if (r == -ENOMEM)
			return r;
		if (r < 0 && src.source->optional) {
			deps_say(rs->spec, DEPS_INFO,
				"Could not resolve %s - skipping because dependency is optional",
				src.source->resolving_name);
			r = 0;
		} else if (r < 0) {
			fail_source(&src, r, &why, err);
		}
	}
	return r;
}

/* One resource of the `op` attribute, parsed by the Guild file's own parser. */
static int resolve_resource(struct resolver *rs, const struct value *item, struct err *err)
{
	const char *dir = value_str(value_get(item, "location"));
	struct resource res;
	int r = resource_parse(value_str(value_get(item, "name")), "", item, &res, NULL, err);

	if (r == 0 && dir) {
		res.dir = strdup(dir);
		r = res.dir ? 0 : -ENOMEM;
	}
	if (r == 0) {
		deps_say(rs->spec, DEPS_INFO, "Resolving %s", res.resolving_name);
		if (!value_get(rs->attr, res.resolving_name))
			r = value_map_set(rs->attr, res.resolving_name, value_map());
	}
	if (r == 0)
		r = resolve_sources(rs, &res, item, err);
	resource_release(&res);
	return r;
}

static int resolve_all(struct resolver *rs, struct err *err)
{
	const struct value *deps = value_get(rs->spec->op_attr, "deps");
	int r = 0;

	for (size_t i = 0; r == 0 && deps && deps->type == VALUE_LIST && i < deps->list.n; i++) {
		struct err why = ERR_INIT;

		r = resolve_resource(rs, deps->list.items[i], &why);
		if (r < 0 && r != -ENOMEM && rs->spec->go_on) {
			deps_say(rs->spec, DEPS_WARNING, "a dependency was not met: %s",
				err_text(&why));
			r = 0;
		} else if (r < 0) {
			err_set(err, r, "run failed because a dependency was not met: %s",
				why.code ? err_text(&why) : strerror(-r));
		}
	}
	return r;
}

int deps_resolve(const struct deps_spec *spec, struct err *err)
{
	/* A restart goes on from what was resolved before. */
	struct resolver rs = {
		.spec = spec, .attr = attr_read_or_empty(spec->run_fd, "deps", VALUE_MAP)};
	int r;

	r = rs.attr ? resolve_all(&rs, err) : -ENOMEM;
	/* What was put there is in the manifest, also when a later source failed. */
	if (rs.manifest.len && manifest_append(spec->run_fd, &rs.manifest) < 0 && r == 0)
		r = err_set(err, -EIO, "cannot write the run's manifest");
	if (r == 0)
		r = attr_write(spec->run_fd, "deps", rs.attr, FILE_NOSYNC);
	value_free(rs.attr);
	buf_release(&rs.manifest);
	return r;
}

/* --- for people -------------------------------------------------------------- */

static void print_source(struct buf *b, const struct resource *res, const struct source *s)
{
	const char *target = s->target_path ? s->target_path : res->target_path;

	buf_puts(b, s->uri);
	for (size_t i = 0; i < s->n_selects; i++)
		buf_printf(b, "  %s: %s",
			s->selects[i].reduce == SELECT_MIN   ? "select-min"
			: s->selects[i].reduce == SELECT_MAX ? "select-max"
							     : "select",
			s->selects[i].pattern);
	for (size_t i = 0; i < s->n_renames; i++)
		buf_printf(b, "  rename: %s %s", s->renames[i].pattern, s->renames[i].repl);
	if (target)
		buf_printf(b, "  into: %s", target);
	if (s->flag_name)
		buf_printf(b, "  flag: %s", s->flag_name);
	else if (s->type == SOURCE_OPERATION && !s->no_flag)
		buf_printf(b, "  flag: %s", s->resolving_name);
	if (res->name)
		buf_printf(b, "  resource: %s", res->name);
	buf_puts(b, s->optional ? "  optional\n" : "\n");
}

void deps_print(struct buf *b, const struct operation *op)
{
	_cleanup_free_ const struct resource **resources = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (operation_resources(op, NULL, &resources, &n, &err) < 0) {
		for (size_t i = 0; i < op->n_requires; i++)
			if (op->requires[i].spec)
				buf_printf(b, "%s  (a resource)\n", op->requires[i].spec);
		return;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < resources[i]->n_sources; j++)
			print_source(b, resources[i], &resources[i]->sources[j]);
}

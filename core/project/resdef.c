/* SPDX-License-Identifier: MIT */
/* Resources and their sources (reference, section 5), and which ones an operation requires. */
#include "project/guildfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/shell.h"
#include "project/fields.h"
#include "project/raw.h"
#include "project/refs.h"

static const struct {
	const char *name;
	enum source_type type;
} source_types[] = {
	{"config", SOURCE_CONFIG},
	{"file", SOURCE_FILE},
	{"module", SOURCE_MODULE},
	{"url", SOURCE_URL},
	{"operation", SOURCE_OPERATION},
	{"dvcfile", SOURCE_DVCFILE},
	{"dvcstage", SOURCE_DVCSTAGE},
};

/* What a source may have beside its type. */
static const char *const source_attrs[] = {"name", "flag-name", "sha256", "unpack", "type",
	"select", "select-min", "select-max", "warn-if-empty", "fail-if-empty", "optional",
	"rename", "help", "post-process", "target-path", "path", "target-type", "replace-existing",
	"always-resolve", "preserve-path", "params", "description", "always-pull", "remote"};

/* What a parser of one resource carries along. */
struct parsing {
	struct resource *resource;
	const char *model;     /* for messages */
	struct strv *warnings; /* NULL: nobody listens */
	struct err *err;
};

/* --- owning --------------------------------------------------------------- */

static void source_release(struct source *s)
{
	for (size_t i = 0; i < s->n_selects; i++)
		free(s->selects[i].pattern);
	for (size_t i = 0; i < s->n_renames; i++) {
		free(s->renames[i].pattern);
		free(s->renames[i].repl);
	}
	free(s->selects);
	free(s->renames);
	free(s->spec);
	free(s->uri);
	free(s->name);
	free(s->flag_name);
	free(s->sha256);
	free(s->help);
	free(s->post_process);
	free(s->target_path);
	free(s->archive_type);
	value_free(s->params);
}

void resource_release(struct resource *resource)
{
	for (size_t i = 0; i < resource->n_sources; i++)
		source_release(&resource->sources[i]);
	free(resource->sources);
	free(resource->name);
	free(resource->resolving_name);
	free(resource->description);
	free(resource->dir);
	free(resource->target_path);
	value_free(resource->data);
}

static void warn(struct parsing *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct parsing *p, const char *format, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	if (p->warnings)
		strv_add(p->warnings, buf_str(&b));
}

/* --- attributes ----------------------------------------------------------- */

static enum target_type get_target_type(
	struct parsing *p, const struct value *map, const char *what)
{
	const struct value *v = value_get(map, "target-type");
	const char *text = value_str(v);

	if (!value_truthy(v))
		return TARGET_DEFAULT;
	if (text && strcmp(text, "link") == 0)
		return TARGET_LINK;
	if (text && strcmp(text, "copy") == 0)
		return TARGET_COPY;
	warn(p, "unsupported target-type '%s' in %s (expected 'link' or 'copy')",
		v->source ? v->source : value_type_name(v), what);
	return TARGET_UNKNOWN;
}

/* `path` is what `target-path` was called before. */
static int get_target_path(struct parsing *p, const struct value *map, const char *what, char **ret)
{
	const struct value *now = value_get(map, "target-path"), *old = value_get(map, "path");

	if (value_truthy(now) && value_truthy(old))
		warn(p, "target-path and path both specified for %s - using target-path", what);
	return field_string(map, value_truthy(now) ? "target-path" : "path", NULL, ret, p->err);
}

static bool get_flag(const struct value *map, const char *key, bool absent)
{
	const struct value *v = value_get(map, key);

	return v && v->type != VALUE_NULL ? value_truthy(v) : absent;
}

static int get_choice(const struct value *map, const char *key)
{
	const struct value *v = value_get(map, key);

	return value_is_null(v) ? UNSET : value_truthy(v) ? YES : NO;
}

static int add_select(struct source *s, const char *pattern, int reduce)
{
	struct select_spec *grown = reallocarray(s->selects, s->n_selects + 1, sizeof(*s->selects));

	if (!grown)
		return -ENOMEM;
	s->selects = grown;
	grown[s->n_selects] = (struct select_spec){.pattern = strdup(pattern)};
	grown[s->n_selects].reduce = reduce;
	return grown[s->n_selects++].pattern ? 0 : -ENOMEM;
}

static int get_selects(struct parsing *p, const struct value *map, struct source *s)
{
	static const struct {
		const char *key;
		int reduce;
	} kinds[] = {
		{"select", SELECT_EVERY}, {"select-min", SELECT_MIN}, {"select-max", SELECT_MAX}};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(kinds); i++) {
		_cleanup_strv_ struct strv patterns = STRV_INIT;

		r = field_strings(map, kinds[i].key, &patterns, p->err);
		for (size_t j = 0; r == 0 && j < patterns.n; j++)
			r = add_select(s, patterns.v[j], kinds[i].reduce);
	}
	return r;
}

static int add_rename(struct parsing *p, const struct value *v, struct source *s)
{
	struct rename_spec *grown = reallocarray(s->renames, s->n_renames + 1, sizeof(*s->renames));
	_cleanup_strv_ struct strv words = STRV_INIT;
	struct rename_spec *spec;
	int r = 0;

	if (!grown)
		return -ENOMEM;
	s->renames = grown;
	spec = &grown[s->n_renames++];
	*spec = (struct rename_spec){0};
	if (v->type == VALUE_MAP) {
		r = field_string(v, "pattern", "", &spec->pattern, p->err);
		return r < 0 ? r : field_string(v, "repl", "", &spec->repl, p->err);
	}
	if (!v->source || shell_split(v->source, &words, NULL) < 0 || !words.n || words.n > 2)
		return fail(p->err, v,
			"invalid rename spec '%s': expected 'PATTERN REPL' or 'NAME'",
			v->source ? v->source : value_type_name(v));
	spec->pattern = strdup(words.n == 2 ? words.v[0] : ".*");
	spec->repl = strdup(words.v[words.n - 1]);
	return spec->pattern && spec->repl ? 0 : -ENOMEM;
}

static int get_renames(struct parsing *p, const struct value *map, struct source *s)
{
	const struct value *v = value_get(map, "rename");
	int r = 0;

	if (value_is_null(v))
		return 0;
	if (v->type != VALUE_LIST)
		return add_rename(p, v, s);
	for (size_t i = 0; r == 0 && i < v->list.n; i++)
		r = add_rename(p, v->list.items[i], s);
	return r;
}

static int get_names(struct parsing *p, const struct value *map, struct source *s)
{
	const struct value *flag = value_get(map, "flag-name");
	int r = field_string(map, "name", NULL, &s->name, p->err);

	s->no_flag = flag && flag->type == VALUE_BOOL && !flag->boolean;
	if (r == 0 && !s->no_flag)
		r = field_string(map, "flag-name", NULL, &s->flag_name, p->err);
	s->resolving_name = s->name && *s->name ? s->name : s->flag_name ? s->flag_name : s->uri;
	return r;
}

static void warn_of_unknown(struct parsing *p, const struct value *map, const struct source *s)
{
	for (size_t i = 0; i < map->map.n; i++) {
		const char *key = map->map.pairs[i].key;
		bool known = false;

		for (size_t j = 0; j < ARRAY_SIZE(source_attrs); j++)
			known |= strcmp(source_attrs[j], key) == 0;
		for (size_t j = 0; j < ARRAY_SIZE(source_types); j++)
			known |= strcmp(source_types[j].name, key) == 0;
		if (!known)
			warn(p, "unexpected source attribute '%s' in resource '%s'", key,
				s->resolving_name);
	}
}

static int parse_attributes(struct parsing *p, const struct value *map, struct source *s)
{
	_cleanup_buf_ struct buf what = BUF_INIT;
	int r = get_names(p, map, s);

	if (r < 0)
		return r;
	buf_printf(&what, "source %s", s->resolving_name);
	r = field_string(map, "sha256", NULL, &s->sha256, p->err);
	if (r == 0)
		r = field_string(map, "help", NULL, &s->help, p->err);
	if (r == 0)
		r = field_string(map, "post-process", NULL, &s->post_process, p->err);
	if (r == 0)
		r = field_string(map, "type", NULL, &s->archive_type, p->err);
	if (r == 0)
		r = field_map(map, "params", &s->params, p->err);
	if (r == 0)
		r = get_target_path(p, map, buf_str(&what), &s->target_path);
	if (r == 0)
		r = get_selects(p, map, s);
	if (r == 0)
		r = get_renames(p, map, s);
	s->target_type = get_target_type(p, map, buf_str(&what));
	s->unpack = get_flag(map, "unpack", p->resource->default_unpack);
	s->optional = get_flag(map, "optional", false);
	s->warn_if_empty = get_flag(map, "warn-if-empty", true);
	s->fail_if_empty = get_flag(map, "fail-if-empty", false);
	s->preserve_path = get_flag(map, "preserve-path", p->resource->preserve_path);
	s->replace_existing = get_choice(map, "replace-existing");
	s->always_resolve = get_choice(map, "always-resolve");
	if (r == 0)
		warn_of_unknown(p, map, s);
	return r;
}

/* --- sources -------------------------------------------------------------- */

static const char *full_name(const struct parsing *p, struct buf *b)
{
	buf_printf(b, "%s:%s", p->model, p->resource->name ? p->resource->name : "<inline>");
	return buf_str(b);
}

static int set_spec(struct source *s, enum source_type type, const char *spec)
{
	_cleanup_buf_ struct buf uri = BUF_INIT;

	for (size_t i = 0; type != SOURCE_URL && i < ARRAY_SIZE(source_types); i++)
		if (source_types[i].type == type)
			buf_printf(&uri, "%s:", source_types[i].name);
	buf_puts(&uri, spec);
	s->type = type;
	s->spec = strdup(spec);
	s->uri = buf_steal(&uri, NULL);
	s->resolving_name = s->uri;
	return s->spec && s->uri ? 0 : -ENOMEM;
}

/* Exactly one of the types must be there. */
static int find_type(struct parsing *p, const struct value *map, enum source_type *ret,
	const struct value **ret_spec)
{
	_cleanup_buf_ struct buf found = BUF_INIT, name = BUF_INIT, shown = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(source_types); i++) {
		const struct value *v = value_get(map, source_types[i].name);

		if (!value_truthy(v))
			continue;
		*ret = source_types[i].type;
		*ret_spec = v;
		buf_printf(&found, "%s%s", n++ ? ", " : "", source_types[i].name);
	}
	if (n == 1)
		return 0;
	value_repr(&shown, map);
	if (n)
		return fail(p->err, map,
			"invalid source %s in resource '%s': conflicting attributes (%s)",
			buf_str(&shown), full_name(p, &name), buf_str(&found));
	return fail(p->err, map,
		"invalid source %s in resource '%s': missing required attribute (one of config, "
		"file, module, url, operation)",
		buf_str(&shown), full_name(p, &name));
}

static int parse_source(struct parsing *p, const struct value *v, struct source *s)
{
	const struct value *empty_map = NULL, *spec = v;
	_cleanup_value_ struct value *empty = value_map();
	_cleanup_buf_ struct buf name = BUF_INIT;
	enum source_type type = SOURCE_FILE;
	int r = empty ? 0 : -ENOMEM;

	s->line = v->line;
	if (r == 0 && v->type == VALUE_MAP)
		r = find_type(p, v, &type, &spec);
	else if (r == 0)
		empty_map = empty;
	if (r == 0 && !spec->source)
		r = fail(p->err, v,
			"invalid source for resource '%s': %s, where a string is needed",
			full_name(p, &name), value_type_name(spec));
	if (r == 0)
		r = set_spec(s, type, spec->source);
	return r < 0 ? r : parse_attributes(p, empty_map ? empty_map : v, s);
}

static int parse_sources(struct parsing *p, const struct value *sources)
{
	struct resource *res = p->resource;
	_cleanup_buf_ struct buf name = BUF_INIT;
	int r = 0;

	if (value_is_null(sources))
		return 0;
	if (sources->type != VALUE_LIST)
		return fail(p->err, sources,
			"invalid sources value for resource '%s': %s, where a list is needed",
			full_name(p, &name), value_type_name(sources));
	res->sources = calloc(sources->list.n + 1, sizeof(*res->sources));
	if (!res->sources)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < sources->list.n; i++)
		r = parse_source(p, sources->list.items[i], &res->sources[res->n_sources++]);
	return r;
}

static int set_resolving_name(struct resource *res)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	if (res->name)
		buf_puts(&b, res->name);
	for (size_t i = 0; !res->name && i < res->n_sources; i++)
		buf_printf(&b, "%s%s", i ? "," : "", res->sources[i].resolving_name);
	if (!b.len)
		buf_puts(&b, "resource");
	res->resolving_name = buf_steal(&b, NULL);
	return res->resolving_name ? 0 : -ENOMEM;
}

int resource_parse(const char *name, const char *model, const struct value *data,
	struct resource *ret, struct strv *warnings, struct err *err)
{
	struct parsing p = {.resource = ret, .model = model, .warnings = warnings, .err = err};
	_cleanup_value_ struct value *empty = value_map();
	const struct value *map = data->type == VALUE_MAP ? data : empty;
	_cleanup_buf_ struct buf what = BUF_INIT;
	int r = 0;

	*ret = (struct resource){.line = data->line, .data = value_copy(data)};
	if (!ret->data || !empty)
		return -ENOMEM;
	if (name) {
		ret->name = strdup(name);
		r = ret->name ? 0 : -ENOMEM;
	} else {
		r = field_string(map, "name", NULL, &ret->name, err);
	}
	if (r == 0 && data->type != VALUE_MAP && data->type != VALUE_LIST) {
		value_repr(&what, data);
		return fail(err, data, "invalid resource value %s: expected a mapping or a list",
			buf_str(&what));
	}
	buf_printf(&what, "resource %s", ret->name ? ret->name : "");
	ret->target_type = get_target_type(&p, map, buf_str(&what));
	ret->default_unpack = get_flag(map, "default-unpack", true);
	ret->preserve_path = get_flag(map, "preserve-path", false);
	if (r == 0)
		r = field_string(map, "description", "", &ret->description, err);
	if (r == 0)
		r = get_target_path(&p, map, buf_str(&what), &ret->target_path);
	if (r == 0)
		r = parse_sources(&p, data->type == VALUE_LIST ? data : value_get(map, "sources"));
	return r < 0 ? r : set_resolving_name(ret);
}

/* --- what an operation requires ------------------------------------------- */

const struct resource *model_resource(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->n_resources; i++)
		if (strcmp(model->resources[i].name, name) == 0)
			return &model->resources[i];
	return NULL;
}

/* RES, MODEL:RES; PKG/RES was of packages that are not made any more. */
static int find_resource(
	const struct operation *op, const char *spec, const struct resource **ret, struct err *err)
{
	const char *colon = strchr(spec, ':');
	const struct model *m = op->model;
	_cleanup_buf_ struct buf full = BUF_INIT;
	const char *name = colon ? colon + 1 : spec;

	operation_spec(&full, op);
	if (colon) {
		_cleanup_free_ char *model = strndup(spec, (size_t)(colon - spec));

		m = model ? guildfile_model(op->model->file, model) : NULL;
		if (!m)
			return err_set(err, -ENOENT,
				"model '%s' in resource '%s' required by operation '%s' is not "
				"defined",
				model ? model : "", spec, buf_str(&full));
	} else if (strchr(spec, '/')) {
		return err_set(err, -ENOENT,
			"resource '%s' required by operation '%s' is not installed", spec,
			buf_str(&full));
	}
	*ret = model_resource(m, name);
	return *ret ? 0
		    : err_set(err, -ENOENT,
			      "resource '%s' required by operation '%s' is not defined", name,
			      buf_str(&full));
}

int requirement_resource(const struct operation *op, const struct requirement *req,
	const struct value *flags, const struct resource **ret, struct err *err)
{
	_cleanup_buf_ struct buf spec = BUF_INIT;
	int r;

	if (req->resource) {
		*ret = req->resource;
		return 0;
	}
	r = refs_resolve(req->spec, flags, &spec, err);
	return r < 0 ? r : find_resource(op, buf_str(&spec), ret, err);
}

int operation_resources(const struct operation *op, const struct value *flags,
	const struct resource ***ret, size_t *ret_n, struct err *err)
{
	_cleanup_free_ const struct resource **found =
		calloc(op->n_requires + 1, sizeof(struct resource *));
	int r = found ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < op->n_requires; i++)
		r = requirement_resource(op, &op->requires[i], flags, &found[i], err);
	if (r < 0)
		return r;
	*ret_n = op->n_requires;
	*ret = STEAL(found);
	return 0;
}

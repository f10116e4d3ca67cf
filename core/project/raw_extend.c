/* SPDX-License-Identifier: MIT */
/* `extends` and `params` (reference, 1.4), and where packages are. */
#include "project/raw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "project/command.h"
#include "project/fields.h"
#include "project/python_path.h"

enum { EXTENDS_DEPTH = 100, EXTENDS_MAX = 10000, PARAM_ROUNDS = 100, PARAM_NAME_MAX = 256 };

/* What the params of one item may stand for: bytes of text, and values. */
#define PARAMS_MAX ((size_t)1 << 20)

static const char *const inherited[] = {"description", "extra", "flags", "operation-defaults",
	"operations", "params", "references", "resources", "sourcecode"};

/* --- packages ------------------------------------------------------------- */

static char *guildfile_below(const char *dir, const char *name, bool package)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/", dir);
	for (; *name; name++)
		buf_putc(&path, *name == '.' ? '/' : *name == '-' && package ? '_' : *name);
	buf_puts(&path, "/guild.yml");
	return access(buf_str(&path), F_OK) == 0 ? buf_steal(&path, NULL) : NULL;
}

extern char **environ;

/* In the Python that runs of the Guild file have: what it extends is what they can import. */
static int system_path(const struct raw_set *set, struct strv *ret)
{
	_cleanup_strv_ struct strv env = STRV_INIT;
	_cleanup_buf_ struct buf python = BUF_INIT;
	int r = 0;

	for (char **e = environ; r == 0 && *e; e++)
		r = strv_add(&env, *e);
	if (r == 0)
		r = python_find(set->files[0]->dir, &env, &python);
	return r < 0 ? r : python_path_of(buf_str(&python), ret);
}

static char *on_system_path(const struct raw_set *set, const char *name, bool package)
{
	_cleanup_strv_ struct strv dirs = STRV_INIT;
	char *found = NULL;

	if (system_path(set, &dirs) < 0)
		return NULL;
	for (size_t i = 0; !found && i < dirs.n; i++)
		found = guildfile_below(dirs.v[i], name, package);
	return found;
}

char *raw_package_path(const struct raw_set *set, const char *name)
{
	return on_system_path(set, name, true);
}

char *raw_include_path(const struct raw_set *set, const char *name)
{
	_cleanup_buf_ struct buf gpkg = BUF_INIT;
	char *found = on_system_path(set, name, false);

	buf_printf(&gpkg, "gpkg.%s", name);
	return found ? found : on_system_path(set, buf_str(&gpkg), false);
}

/* --- extends -------------------------------------------------------------- */

/* One step of the way from a child to its farthest parent. */
struct chain {
	const struct chain *child;
	const char *name;
	int depth;
};

static void show_chain(struct buf *b, const struct chain *chain)
{
	if (chain->child) {
		show_chain(b, chain->child);
		buf_puts(b, " -> ");
	}
	buf_puts(b, chain->name);
}

static int extend(struct raw_set *set, struct raw_file *file, const struct raw_item *item,
	const struct chain *chain, struct raw_path *path, struct value **ret, struct err *err);

static int find_parent(struct raw_set *set, struct raw_file *file, const char *name,
	const struct value *at, struct raw_file **ret_file, const struct raw_item **ret,
	struct err *err)
{
	const char *slash = strchr(name, '/');
	_cleanup_free_ char *package = slash ? strndup(name, (size_t)(slash - name)) : NULL;
	_cleanup_free_ char *path = package ? raw_package_path(set, package) : NULL;
	int r;

	*ret_file = file;
	if (!slash) {
		*ret = raw_find(file, name);
		return *ret ? 0 : fail(err, at, "undefined model or config '%s'", name);
	}
	if (!slash[1])
		return fail(err, at, "invalid model or config reference '%s': missing model name",
			name);
	if (!path)
		return fail(err, at, "cannot find Guild file for package '%s'", package);
	r = raw_read(set, path, ret_file, err);
	if (r < 0)
		return r;
	*ret = raw_find(*ret_file, slash + 1);
	return *ret ? 0
		    : fail(err, at, "undefined model or config '%s' in package '%s'", slash + 1,
			      package);
}

static int inherit(struct value *data, const struct value *parent)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(inherited); i++) {
		const struct value *theirs = value_get(parent, inherited[i]);
		struct value *own = value_get(data, inherited[i]);

		if (!theirs)
			continue;
		r = own ? value_map_merge(own, theirs)
			: value_map_set(data, inherited[i], value_copy(theirs));
	}
	return r;
}

static int add_to_path(struct raw_path *path, struct raw_file *file)
{
	for (size_t i = 0; i < path->n; i++)
		if (path->files[i] == file)
			return 0;
	if (path->n < ARRAY_SIZE(path->files))
		path->files[path->n++] = file;
	return 0;
}

static int extend_by(struct raw_set *set, struct raw_file *file, const char *name,
	const struct value *at, const struct chain *child, struct raw_path *path,
	struct value *data, struct err *err)
{
	_cleanup_value_ struct value *parent_data = NULL;
	_cleanup_buf_ struct buf cycle = BUF_INIT;
	struct chain chain = {.child = child, .name = name, .depth = child ? child->depth + 1 : 0};
	const struct raw_item *parent;
	struct raw_file *parent_file;
	int r;

	show_chain(&cycle, &chain);
	for (const struct chain *c = child; c; c = c->child)
		if (strcmp(c->name, name) == 0)
			return fail(err, at, "cycle in 'extends' (%s)", buf_str(&cycle));
	if (chain.depth > EXTENDS_DEPTH)
		return fail(err, at, "'extends' goes deeper than %d levels", EXTENDS_DEPTH);
	/* Parents of parents, each named twice, are more than time can follow. */
	if (++set->extended > EXTENDS_MAX)
		return fail(err, at, "'extends' is followed more than %d times", EXTENDS_MAX);
	r = find_parent(set, file, name, at, &parent_file, &parent, err);
	if (r == 0)
		r = extend(set, parent_file, parent, &chain, path, &parent_data, err);
	if (r == 0 && parent_file != file)
		r = add_to_path(path, parent_file);
	return r < 0 ? r : inherit(data, parent_data);
}

static int extend(struct raw_set *set, struct raw_file *file, const struct raw_item *item,
	const struct chain *chain, struct raw_path *path, struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *data = value_copy(item->data);
	const struct value *extends = value_get(item->data, "extends");
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = data ? raw_strings(extends, "extends", &names, err) : -ENOMEM;

	/* Each parent fills in only what is missing, so that the first one wins. */
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = extend_by(set, file, names.v[i], extends, chain, path, data, err);
	if (r == 0)
		*ret = STEAL(data);
	return r;
}

int raw_extend(struct raw_set *set, struct raw_file *file, const struct raw_item *item,
	struct raw_path *path, struct value **ret, struct err *err)
{
	return extend(set, file, item, NULL, path, ret, err);
}

/* --- params --------------------------------------------------------------- */

/* The end of a reference {{ name }} that begins at text, and its name; NULL when there is none. */
static const char *reference(const char *text, char **ret_name)
{
	const char *name = text + 2, *end = name, *last;

	if (text[0] != '{' || text[1] != '{')
		return NULL;
	/* Not far: a file full of what only begins one would be searched to its end for each. */
	while (*end && end < name + PARAM_NAME_MAX && (end[0] != '}' || end[1] != '}'))
		end++;
	if (end[0] != '}' || end[1] != '}')
		return NULL;
	last = end;
	while (name < last && strchr(" \t", *name))
		name++;
	while (last > name && strchr(" \t", last[-1]))
		last--;
	*ret_name = strndup(name, (size_t)(last - name));
	return end + 2;
}

/* Python's str(). */
static void add_str(struct buf *b, const struct value *v)
{
	if (v->type == VALUE_STRING || v->type == VALUE_DATE || v->type == VALUE_BIGINT)
		buf_puts(b, v->string);
	else
		value_repr(b, v);
}

struct params {
	struct value *map;
	size_t left; /* of PARAMS_MAX */
	struct err *err;
};

static size_t size_of(const struct value *v)
{
	size_t size = v->type == VALUE_STRING ? strlen(v->string) : 1;

	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.n; i++)
		size += size_of(v->list.items[i]);
	for (size_t i = 0; v->type == VALUE_MAP && i < v->map.n; i++)
		size += strlen(v->map.pairs[i].key) + size_of(v->map.pairs[i].value);
	return size;
}

/* Params of params, each named twice, can stand for more than memory holds. */
static int use(struct params *params, const struct value *at, const struct value *param)
{
	size_t size = size_of(param);

	if (size > params->left)
		return fail(params->err, at, "params stand for more than 1 MiB of text");
	params->left -= size;
	return 0;
}

/* What is no reference, up to where the next one may begin, which is returned. */
static const char *add_plain(struct buf *b, const char *text)
{
	size_t len = 1 + strcspn(text + 1, "{");

	buf_add(b, text, len);
	return text + len;
}

/*
 * A string with its references replaced: one reference alone takes the param's own type, and what
 * is undefined stays as it is written.
 */
static int replaced(struct params *params, const struct value *v, struct value **ret)
{
	const char *text = v->string;
	_cleanup_buf_ struct buf b = BUF_INIT;
	int r = 0;

	while (r == 0 && *text) {
		_cleanup_free_ char *name = NULL;
		const char *end = reference(text, &name);
		const struct value *param = end && name ? value_get(params->map, name) : NULL;

		if (param)
			r = use(params, v, param);
		if (r == 0 && param && text == v->string && !*end) {
			*ret = value_copy(param);
			return *ret ? 0 : -ENOMEM;
		}
		if (r == 0 && param)
			add_str(&b, param);
		else if (end)
			buf_add(&b, text, (size_t)(end - text));
		text = end ? end : add_plain(&b, text);
	}
	if (r < 0)
		return r;
	*ret = buf_error(&b) ? NULL : value_string(buf_str(&b));
	return *ret ? 0 : -ENOMEM;
}

/* Params may name params; a round that changes nothing ends it, a circle ends at the limit. */
static int resolve_own_params(struct params *params)
{
	bool changed = true;
	int r = 0;

	for (int round = 0; changed && round < PARAM_ROUNDS; round++) {
		changed = false;
		for (size_t i = 0; r == 0 && i < params->map->map.n; i++) {
			struct value_pair *pair = &params->map->map.pairs[i];
			struct value *now;

			if (pair->value->type != VALUE_STRING || !strstr(pair->value->string, "{{"))
				continue;
			r = replaced(params, pair->value, &now);
			if (r < 0)
				return r;
			changed |= !value_equal(now, pair->value);
			now->line = pair->value->line;
			now->column = pair->value->column;
			now->file = pair->value->file;
			value_free(pair->value);
			pair->value = now;
		}
	}
	return 0;
}

static int replace_in(struct params *params, struct value **v)
{
	struct value *now;
	int r = 0;

	switch ((*v)->type) {
	case VALUE_LIST:
		for (size_t i = 0; r == 0 && i < (*v)->list.n; i++)
			r = replace_in(params, &(*v)->list.items[i]);
		return r;
	case VALUE_MAP:
		for (size_t i = 0; r == 0 && i < (*v)->map.n; i++)
			r = replace_in(params, &(*v)->map.pairs[i].value);
		return r;
	case VALUE_STRING:
		if (!strstr((*v)->string, "{{"))
			return 0;
		r = replaced(params, *v, &now);
		if (r < 0)
			return r;
		now->line = (*v)->line;
		now->column = (*v)->column;
		now->file = (*v)->file;
		/* Where text is asked for, a number that came by a param is its text, too. */
		if (now->type != VALUE_MAP && now->type != VALUE_LIST && !now->source) {
			_cleanup_buf_ struct buf text = BUF_INIT;

			add_str(&text, now);
			now->source = buf_steal(&text, NULL);
		}
		value_free(*v);
		*v = now;
		return 0;
	default:
		return 0;
	}
}

int raw_resolve_params(struct value *data, struct err *err)
{
	struct params params = {.map = value_get(data, "params"), .left = PARAMS_MAX, .err = err};
	int r;

	if (!params.map || params.map->type != VALUE_MAP)
		return 0;
	r = resolve_own_params(&params);
	for (size_t i = 0; r == 0 && i < data->map.n; i++)
		if (data->map.pairs[i].value != params.map)
			r = replace_in(&params, &data->map.pairs[i].value);
	return r;
}

/* SPDX-License-Identifier: MIT */
/* Reading Guild files: the three forms, coercion to one, and `include`. */
#include "project/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "project/fields.h"
#include "yaml/yaml.h"

enum { GUILDFILE_MAX = 8 * 1024 * 1024, INCLUDE_DEPTH = 32, FILES_MAX = 1000 };

static const char *const item_types[] = {"config", "include", "model", "package"};

#define ITEM_TYPES "config, include, model, package"

/* --- owning --------------------------------------------------------------- */

static void file_free(struct raw_file *file)
{
	for (size_t i = 0; i < file->n; i++)
		value_free(file->items[i].data);
	free(file->items);
	free(file->path);
	free(file->dir);
	free(file);
}

void raw_release(struct raw_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		file_free(set->files[i]);
	free(set->files);
	strv_release(&set->paths);
}

/* Takes data over. */
static int add_item(struct raw_file *file, struct raw_item item)
{
	struct raw_item *grown = reallocarray(file->items, file->n + 1, sizeof(*grown));

	if (!grown) {
		value_free(item.data);
		return -ENOMEM;
	}
	file->items = grown;
	grown[file->n++] = item;
	return 0;
}

/* Python's repr, as messages about Guild files show values. */
static const char *show(struct buf *b, const struct value *v)
{
	value_repr(b, v);
	return buf_str(b);
}

/* --- coercion ------------------------------------------------------------- */

int raw_strings(const struct value *v, const char *name, struct strv *ret, struct err *err)
{
	_cleanup_value_ struct value *list = NULL;
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *text = value_str(v);
	int r = 0;

	if (value_is_null(v))
		return 0;
	if (text && *text == '[' && text[strlen(text) - 1] == ']' &&
		yaml_parse(text, strlen(text), &list, NULL) == 0)
		v = list;
	else if (text)
		return strv_add(ret, text);
	if (v->type != VALUE_LIST)
		return fail(err, v, "invalid %s value %s: expected a string or list", name,
			show(&shown, v));
	for (size_t i = 0; r == 0 && i < v->list.n; i++) {
		const struct value *item = v->list.items[i];

		r = item->source ? strv_add(ret, item->source)
				 : fail(err, item, "invalid %s value %s: expected a string", name,
					   show(&shown, item));
	}
	return r;
}

/* `value` in a mapping of its own, at its place. Takes it over. */
static struct value *wrapped(const char *key, struct value *v)
{
	struct value *map = value_map();

	if (!map) {
		value_free(v);
		return NULL;
	}
	map->line = v->line;
	map->column = v->column;
	map->file = v->file;
	if (value_map_add(map, key, v) == 0)
		return map;
	value_free(map);
	return NULL;
}

/* A flag's default alone stands for {default: X}. */
static int coerce_flags(struct value *flags, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (value_is_null(flags))
		return 0;
	if (flags->type != VALUE_MAP)
		return fail(err, flags, "invalid flags value %s: expected a mapping",
			show(&shown, flags));
	for (size_t i = 0; i < flags->map.n; i++) {
		struct value_pair *pair = &flags->map.pairs[i];

		if (strcmp(pair->key, "$include") == 0 || pair->value->type == VALUE_MAP)
			continue;
		pair->value = wrapped("default", pair->value);
		if (!pair->value)
			return -ENOMEM;
	}
	return 0;
}

static int check_operation_name(const struct value_pair *pair, struct err *err)
{
	_cleanup_value_ struct value *name = value_of_key(pair);
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (!name)
		return -ENOMEM;
	if (name->type == VALUE_STRING)
		return 0;
	return fail_key(
		err, pair, "invalid operation name %s: expected a string", show(&shown, name));
}

static int coerce_operations(struct value *ops, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	int r = 0;

	if (ops->type != VALUE_MAP)
		return fail(err, ops, "invalid operations value %s: expected a mapping",
			show(&shown, ops));
	for (size_t i = 0; r == 0 && i < ops->map.n; i++) {
		struct value_pair *pair = &ops->map.pairs[i];

		if (strcmp(pair->key, "$include") == 0)
			continue;
		r = check_operation_name(pair, err);
		if (r < 0)
			return r;
		if (pair->value->type == VALUE_STRING) {
			pair->value = wrapped("main", pair->value);
			r = pair->value ? 0 : -ENOMEM;
		} else if (pair->value->type == VALUE_MAP) {
			struct value *flags = value_get(pair->value, "flags");

			r = flags ? coerce_flags(flags, err) : 0;
		} else {
			r = fail(err, pair->value,
				"invalid value for operation '%s' '%s': expected a string or a "
				"mapping",
				show(&shown, pair->value), pair->key);
		}
	}
	return r;
}

static int coerce_item(struct value *data, struct err *err)
{
	struct value *operations = value_get(data, "operations");
	struct value *flags = value_get(data, "flags");
	struct value *defaults = value_get(data, "operation-defaults");
	int r = operations ? coerce_operations(operations, err) : 0;

	if (r == 0 && flags)
		r = coerce_flags(flags, err);
	if (r == 0 && value_get(defaults, "flags"))
		r = coerce_flags(value_get(defaults, "flags"), err);
	return r;
}

/* --- items ---------------------------------------------------------------- */

struct reading {
	struct raw_set *set;
	struct raw_file *file;       /* that gets the items */
	const struct reading *outer; /* the file that includes this one */
	const char *path, *dir;
	unsigned short number; /* of the path in the set */
	int depth;
};

static int read_into(struct raw_set *set, struct raw_file *file, const struct reading *outer,
	const char *path, struct err *err);

static char *dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* The path of an included file: local, else a package's. NULL: there is none. */
static char *find_include(const struct reading *rd, const char *include)
{
	_cleanup_buf_ struct buf local = BUF_INIT;
	char *found;

	if (*include != '/')
		buf_printf(&local, "%s/", rd->dir);
	buf_puts(&local, include);
	found = realpath(buf_str(&local), NULL);
	return found ? found : raw_include_path(include);
}

static bool is_open(const struct reading *rd, const char *path)
{
	for (; rd; rd = rd->outer) {
		_cleanup_free_ char *real = realpath(rd->path, NULL);

		if (strcmp(real ? real : rd->path, path) == 0)
			return true;
	}
	return false;
}

static int include(struct reading *rd, const struct value *v, struct err *err)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = raw_strings(v, "include", &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = find_include(rd, names.v[i]);

		if (!path)
			return fail(err, v,
				"cannot find include '%s' (includes must be local to including "
				"Guild file or a Guild package on the system path)",
				names.v[i]);
		if (is_open(rd, path) || rd->depth >= INCLUDE_DEPTH)
			return fail(err, v, "cycle in 'includes' (%s -> %s)", rd->path, path);
		if (rd->set->paths.n >= FILES_MAX)
			return fail(err, v, "more than %d files are included", FILES_MAX);
		r = read_into(rd->set, rd->file, rd, path, err);
	}
	return r;
}

/* What an item is; an item with operations alone is the anonymous model. */
static int item_type(struct value *item, const char **ret, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(item_types); i++) {
		if (!value_get(item, item_types[i]))
			continue;
		if (found)
			return fail(err, item, "multiple types (%s, %s) in %s", found,
				item_types[i], show(&shown, item));
		found = item_types[i];
	}
	*ret = found;
	if (found)
		return 0;
	if (!value_get(item, "operations"))
		return fail(err, item, "missing required type (one of: " ITEM_TYPES ") in %s",
			show(&shown, item));
	*ret = "model";
	return value_map_set(item, "model", value_string(""));
}

static int add_mapping(struct reading *rd, const struct value *item, bool is_2018, struct err *err)
{
	_cleanup_value_ struct value *data = NULL;
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const struct value *name;
	const char *type;
	int r;

	if (item->type != VALUE_MAP)
		return fail(err, item, "invalid item %s: expected a mapping", show(&shown, item));
	data = value_copy(item);
	r = data ? item_type(data, &type, err) : -ENOMEM;
	if (r < 0)
		return r;
	name = value_get(data, type);
	if (strcmp(type, "include") == 0)
		return include(rd, name, err);
	if (name->type != VALUE_STRING)
		return fail(err, name, "invalid %s name $%s: expected a string", type,
			show(&shown, name));
	r = coerce_item(data, err);
	return r < 0 ? r
		     : add_item(rd->file, (struct raw_item){.type = type,
						  .name = name->string,
						  .data = STEAL(data),
						  .has_flags_2018 = is_2018});
}

/* The mapping of 2018 names what it is by a string; in today's short form all keys are operations.
 */
static bool is_2018(const struct value *map)
{
	for (size_t i = 0; i < ARRAY_SIZE(item_types); i++)
		if (value_str(value_get(map, item_types[i])))
			return true;
	return false;
}

static int add_short_form(struct reading *rd, const struct value *ops, struct err *err)
{
	_cleanup_value_ struct value *model = value_map();
	int r = model ? value_map_set(model, "operations", value_copy(ops)) : -ENOMEM;

	if (r < 0)
		return r;
	model->line = ops->line;
	model->column = ops->column;
	model->file = ops->file;
	return add_mapping(rd, model, false, err);
}

static int add_root(struct reading *rd, const struct value *root, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	int r = 0;

	switch (root->type) {
	case VALUE_NULL:
		return 0;
	case VALUE_LIST:
		for (size_t i = 0; r == 0 && i < root->list.n; i++)
			r = add_mapping(rd, root->list.items[i], false, err);
		return r;
	case VALUE_MAP:
		return is_2018(root) ? add_mapping(rd, root, true, err)
				     : add_short_form(rd, root, err);
	default:
		return fail(err, root, "invalid guildfile data %s: expected a mapping",
			show(&shown, root));
	}
}

/* --- files ---------------------------------------------------------------- */

static int parse_into(struct raw_set *set, struct raw_file *file, const struct reading *outer,
	const char *path, const char *text, size_t len, struct err *err)
{
	_cleanup_value_ struct value *root = NULL;
	_cleanup_free_ char *dir = dir_of(path);
	struct reading rd = {
		.set = set,
		.file = file,
		.outer = outer,
		.path = path,
		.dir = dir,
		.number = (unsigned short)set->paths.n,
		.depth = outer ? outer->depth + 1 : 0,
	};
	int r = dir ? strv_add(&set->paths, path) : -ENOMEM;

	if (r == 0)
		r = yaml_parse(text, len, &root, err);
	if (r < 0)
		return err_in_file(err, r, rd.number);
	value_set_file(root, rd.number);
	r = add_root(&rd, root, err);
	return r;
}

static int read_into(struct raw_set *set, struct raw_file *file, const struct reading *outer,
	const char *path, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	/* A Guild file may be a link; what it must be is a regular file. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -errno : file_read_fd(fd, GUILDFILE_MAX, &text);

	if (r == -EINVAL)
		return err_set(err, r, "%s: not a regular file", path);
	if (r < 0)
		return err_set(err, r, "%s: %s", path, strerror(-r));
	return parse_into(set, file, outer, path, buf_str(&text), text.len, err);
}

static int add_file(struct raw_set *set, const char *path, struct raw_file **ret)
{
	struct raw_file **grown = reallocarray(set->files, set->n + 1, sizeof(struct raw_file *));
	struct raw_file *file = calloc(1, sizeof(*file));

	if (grown)
		set->files = grown;
	if (!grown || !file) {
		free(file);
		return -ENOMEM;
	}
	set->files[set->n++] = file;
	file->path = strdup(path);
	file->dir = dir_of(path);
	*ret = file;
	return file->path && file->dir ? 0 : -ENOMEM;
}

int raw_parse(struct raw_set *set, const char *path, const char *text, size_t len,
	struct raw_file **ret, struct err *err)
{
	int r = add_file(set, path, ret);

	return r < 0 ? r : parse_into(set, *ret, NULL, path, text, len, err);
}

int raw_read(struct raw_set *set, const char *path, struct raw_file **ret, struct err *err)
{
	int r;

	for (size_t i = 0; i < set->n; i++) {
		if (strcmp(set->files[i]->path, path) == 0) {
			*ret = set->files[i];
			return 0;
		}
	}
	r = add_file(set, path, ret);
	return r < 0 ? r : read_into(set, *ret, NULL, path, err);
}

const struct raw_item *raw_find(const struct raw_file *file, const char *name)
{
	for (size_t i = 0; i < file->n; i++)
		if (strcmp(file->items[i].type, "package") != 0 &&
			strcmp(file->items[i].name, name) == 0)
			return &file->items[i];
	return NULL;
}

/* --- whole items ---------------------------------------------------------- */

static int add_defaults(struct value *op, const struct value *defaults)
{
	int r = 0;

	for (size_t i = 0; defaults && defaults->type == VALUE_MAP && r == 0 && i < defaults->map.n;
		i++) {
		const struct value_pair *pair = &defaults->map.pairs[i];

		if (!value_get(op, pair->key))
			r = value_map_set(op, pair->key, value_copy(pair->value));
	}
	return r;
}

/* Step flags are values; an included flag definition gives its default. */
static int complete_steps(struct value *op, const struct raw_path *path, struct err *err)
{
	struct value *steps = value_get(op, "steps");
	int r = 0;

	for (size_t i = 0; steps && steps->type == VALUE_LIST && r == 0 && i < steps->list.n; i++) {
		struct value *flags = value_get(steps->list.items[i], "flags");

		if (!flags || flags->type != VALUE_MAP)
			continue;
		r = raw_include_section(steps->list.items[i], "flags", path, err);
		flags = value_get(steps->list.items[i], "flags");
		for (size_t j = 0; r == 0 && j < flags->map.n; j++) {
			struct value *v = flags->map.pairs[j].value;

			if (v->type != VALUE_MAP)
				continue;
			flags->map.pairs[j].value = value_get(v, "default")
							    ? value_copy(value_get(v, "default"))
							    : value_null();
			value_free(v);
			r = flags->map.pairs[j].value ? 0 : -ENOMEM;
		}
	}
	return r;
}

static int complete_operations(struct value *data, const struct raw_path *path, struct err *err)
{
	const struct value *defaults = value_get(data, "operation-defaults");
	struct value *ops;
	int r = raw_include_section(data, "operations", path, err);

	ops = value_get(data, "operations");
	for (size_t i = 0; r == 0 && ops && i < ops->map.n; i++) {
		struct value *op = ops->map.pairs[i].value;
		_cleanup_buf_ struct buf shown = BUF_INIT;

		if (op->type != VALUE_MAP)
			return fail(err, op, "invalid operation def %s: expected a mapping",
				show(&shown, op));
		r = add_defaults(op, defaults);
		if (r == 0)
			r = raw_include_section(op, "flags", path, err);
		if (r == 0)
			r = complete_steps(op, path, err);
	}
	return r;
}

int raw_complete(struct raw_set *set, struct raw_file *file, const struct raw_item *item,
	struct value **ret, struct strv *ret_parents, struct err *err)
{
	_cleanup_value_ struct value *data = NULL;
	struct raw_path path = {.files = {file}, .n = 1};
	int r = raw_extend(set, file, item, &path, &data, err);

	if (r == 0)
		r = raw_resolve_params(data, err);
	if (r == 0)
		r = complete_operations(data, &path, err);
	if (r == 0)
		r = raw_include_section(data, "resources", &path, err);
	for (size_t i = 1; r == 0 && i < path.n; i++)
		r = strv_add(ret_parents, path.files[i]->dir);
	if (r == 0)
		*ret = STEAL(data);
	return r;
}

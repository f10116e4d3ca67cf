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

static int see(struct raw_set *set, const char *path)
{
	return set->seen ? file_stamps_add(set->seen, path) : 0;
}

/* The path of an included file: local, else a package's. NULL: there is none. */
static int find_include(const struct reading *rd, const char *include, char **ret)
{
	_cleanup_buf_ struct buf local = BUF_INIT;
	int r;

	if (*include != '/')
		buf_printf(&local, "%s/", rd->dir);
	buf_puts(&local, include);
	r = see(rd->set, buf_str(&local));
	if (r < 0)
		return r;
	*ret = realpath(buf_str(&local), NULL);
	if (!*ret)
		*ret = raw_include_path(rd->set, include);
	return 0;
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

/* The files that lead to one, outermost first. */
static void show_readings(struct buf *b, const struct reading *rd)
{
	if (!rd)
		return;
	show_readings(b, rd->outer);
	buf_printf(b, "%s -> ", rd->path);
}

static int include(struct reading *rd, const struct value *v, struct err *err)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = raw_strings(v, "include", &names, err);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = NULL;
		_cleanup_buf_ struct buf cycle = BUF_INIT;

		r = find_include(rd, names.v[i], &path);
		if (r < 0)
			return r;
		if (!path)
			return fail(err, v,
				"cannot find include '%s' (includes must be local to including "
				"Guild file or a Guild package on the system path)",
				names.v[i]);
		show_readings(&cycle, rd);
		if (is_open(rd, path) || rd->depth >= INCLUDE_DEPTH)
			return fail(err, v, "cycle in 'includes' (%s%s)", buf_str(&cycle), path);
		if (rd->set->paths.n >= FILES_MAX)
			return fail(err, v, "more than %d files are included", FILES_MAX);
		r = read_into(rd->set, rd->file, rd, path, err);
	}
	return r;
}

int raw_check(const struct raw_item *item, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *found = NULL;
	const struct value *name;

	for (size_t i = 0; i < ARRAY_SIZE(item_types); i++) {
		if (!value_get(item->data, item_types[i]))
			continue;
		if (found)
			return fail(err, item->data, "multiple types (%s, %s) in %s", found,
				item_types[i], show(&shown, item->data));
		found = item_types[i];
	}
	if (!found)
		return fail(err, item->data, "missing required type (one of: " ITEM_TYPES ") in %s",
			show(&shown, item->data));
	name = value_get(item->data, found);
	if (name->type != VALUE_STRING)
		return fail(err, name, "invalid %s name $%s: expected a string", found,
			show(&shown, name));
	return 0;
}

static int check_items(const struct raw_file *file, size_t first, struct err *err)
{
	int r = 0;

	for (size_t i = first; r == 0 && i < file->n; i++)
		r = raw_check(&file->items[i], err);
	return r;
}

/* What one of them says an item is; the others are for raw_check(). */
static const char *item_type(const struct value *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(item_types); i++)
		if (value_get(data, item_types[i]))
			return item_types[i];
	return NULL;
}

static int add_mapping(struct reading *rd, const struct value *item, bool is_2018, struct err *err)
{
	_cleanup_value_ struct value *data = NULL;
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *type;
	int r;

	if (item->type != VALUE_MAP)
		return fail(err, item, "invalid item %s: expected a mapping", show(&shown, item));
	type = item_type(item);
	if (type && strcmp(type, "include") == 0)
		return include(rd, value_get(item, "include"), err);
	data = value_copy(item);
	if (!data)
		return -ENOMEM;
	/* Operations alone are the anonymous model. */
	if (value_get(data, "operations") && !value_get(data, "model") &&
		!value_get(data, "config")) {
		r = value_map_set(data, "model", value_string(""));
		if (r < 0)
			return r;
		type = item_type(data);
	}
	return add_item(rd->file, (struct raw_item){.type = type,
					  .name = type ? value_str(value_get(data, type)) : NULL,
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

/* All are coerced before the first is used, as in Guild AI: that fault comes before others. */
static int add_items(struct reading *rd, struct value *list, bool is_2018, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->list.n; i++)
		r = coerce_item(list->list.items[i], err);
	for (size_t i = 0; r == 0 && i < list->list.n; i++)
		r = add_mapping(rd, list->list.items[i], is_2018, err);
	return r;
}

/* Takes item over. */
static int add_one(struct reading *rd, struct value *item, bool is_2018, struct err *err)
{
	_cleanup_value_ struct value *list = value_list();
	int r;

	if (!list) {
		value_free(item);
		return -ENOMEM;
	}
	r = value_list_add(list, item);
	return r < 0 ? r : add_items(rd, list, is_2018, err);
}

static int add_root(struct reading *rd, struct value *root, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;

	switch (root->type) {
	case VALUE_NULL:
		return 0;
	case VALUE_LIST:
		return add_items(rd, root, false, err);
	case VALUE_MAP:
		return is_2018(root)
			       ? add_one(rd, value_copy(root), true, err)
			       : add_one(rd, wrapped("operations", value_copy(root)), false, err);
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
	size_t first = file->n;
	int r = dir ? strv_add(&set->paths, path) : -ENOMEM;

	if (r == 0)
		r = yaml_parse(text, len, &root, err);
	if (r < 0)
		return err_in_file(err, r, rd.number);
	value_set_file(root, rd.number);
	r = add_root(&rd, root, err);
	if (r == 0 && (outer || file != set->files[0]))
		r = check_items(file, first, err);
	return r;
}

static int read_into(struct raw_set *set, struct raw_file *file, const struct reading *outer,
	const char *path, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r = see(set, path);

	if (r < 0)
		return r;
	/* A Guild file may be a link; what it must be is a regular file. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	r = fd < 0 ? -errno : file_read_fd(fd, GUILDFILE_MAX, &text);
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
		if (file->items[i].name && strcmp(file->items[i].type, "package") != 0 &&
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

/* SPDX-License-Identifier: MIT */
/* Value trees: making, copying, comparing. */
#include "yaml/value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/scalar.h"

static struct value *value_new(enum value_type type)
{
	struct value *v = calloc(1, sizeof(*v));

	if (v)
		v->type = type;
	return v;
}

struct value *value_null(void)
{
	return value_new(VALUE_NULL);
}

struct value *value_bool(bool b)
{
	struct value *v = value_new(VALUE_BOOL);

	if (v)
		v->boolean = b;
	return v;
}

struct value *value_int(int64_t i)
{
	struct value *v = value_new(VALUE_INT);

	if (v)
		v->integer = i;
	return v;
}

struct value *value_float(double d)
{
	struct value *v = value_new(VALUE_FLOAT);

	if (v)
		v->number = d;
	return v;
}

struct value *value_string_len(const char *s, size_t len)
{
	struct value *v = value_new(VALUE_STRING);

	if (!v)
		return NULL;
	v->string = strndup(s, len);
	if (!v->string) {
		free(v);
		return NULL;
	}
	return v;
}

struct value *value_string(const char *s)
{
	return value_string_len(s, strlen(s));
}

struct value *value_list(void)
{
	return value_new(VALUE_LIST);
}

struct value *value_map(void)
{
	return value_new(VALUE_MAP);
}

struct value *value_from_strv(const struct strv *s)
{
	struct value *list = value_list();

	for (size_t i = 0; list && i < s->n; i++) {
		if (value_list_add(list, value_string(s->v[i])) < 0) {
			value_free(list);
			return NULL;
		}
	}
	return list;
}

void value_free(struct value *v)
{
	if (!v)
		return;
	switch (v->type) {
	case VALUE_STRING:
	case VALUE_DATE:
	case VALUE_BIGINT:
		free(v->string);
		break;
	case VALUE_LIST:
		for (size_t i = 0; i < v->list.n; i++)
			value_free(v->list.items[i]);
		free(v->list.items);
		break;
	case VALUE_MAP:
		for (size_t i = 0; i < v->map.n; i++) {
			free(v->map.pairs[i].key);
			value_free(v->map.pairs[i].value);
		}
		free(v->map.pairs);
		break;
	default:
		break;
	}
	free(v->source);
	free(v);
}

static void place_key(struct value_pair *to, const struct value_pair *from)
{
	to->key_plain = from->key_plain;
	to->key_line = from->key_line;
	to->key_column = from->key_column;
}

/* The content of a scalar or the children of a container. */
static int copy_content(struct value *to, const struct value *from)
{
	int r = 0;

	switch (from->type) {
	case VALUE_BOOL:
		to->boolean = from->boolean;
		break;
	case VALUE_INT:
		to->integer = from->integer;
		break;
	case VALUE_FLOAT:
		to->number = from->number;
		break;
	case VALUE_STRING:
	case VALUE_DATE:
	case VALUE_BIGINT:
		to->string = strdup(from->string);
		r = to->string ? 0 : -ENOMEM;
		break;
	case VALUE_LIST:
		for (size_t i = 0; r == 0 && i < from->list.n; i++)
			r = value_list_add(to, value_copy(from->list.items[i]));
		break;
	case VALUE_MAP:
		to->map.is_set = from->map.is_set;
		for (size_t i = 0; r == 0 && i < from->map.n; i++) {
			const struct value_pair *pair = &from->map.pairs[i];

			r = value_map_add(to, pair->key, value_copy(pair->value));
			if (r == 0)
				place_key(&to->map.pairs[i], pair);
		}
		break;
	case VALUE_NULL:
		break;
	}
	return r;
}

struct value *value_copy(const struct value *v)
{
	struct value *copy = value_new(v->type);
	int r;

	if (!copy)
		return NULL;
	copy->line = v->line;
	copy->column = v->column;
	copy->plain = v->plain;
	copy->file = v->file;
	r = copy_content(copy, v);
	if (r == 0 && v->source) {
		copy->source = strdup(v->source);
		r = copy->source ? 0 : -ENOMEM;
	}
	if (r < 0) {
		value_free(copy);
		return NULL;
	}
	return copy;
}

/* Room for one more in an array whose capacity is the next power of two. */
static void *grown(void *array, size_t n, size_t size)
{
	if (n && (n & (n - 1)))
		return array;
	return reallocarray(array, n ? n * 2 : 1, size);
}

int value_list_add(struct value *list, struct value *item)
{
	struct value **items;

	if (!item)
		return -ENOMEM;
	items = grown(list->list.items, list->list.n, sizeof(*items));
	if (!items) {
		value_free(item);
		return -ENOMEM;
	}
	list->list.items = items;
	items[list->list.n++] = item;
	return 0;
}

static struct value_pair *find_pair(const struct value *map, const char *key)
{
	for (size_t i = 0; i < map->map.n; i++)
		if (strcmp(map->map.pairs[i].key, key) == 0)
			return &map->map.pairs[i];
	return NULL;
}

int value_map_add(struct value *map, const char *key, struct value *item)
{
	struct value_pair *pairs;
	char *copy;

	if (!item)
		return -ENOMEM;
	copy = strdup(key);
	pairs = copy ? grown(map->map.pairs, map->map.n, sizeof(*pairs)) : NULL;
	if (!pairs) {
		free(copy);
		value_free(item);
		return -ENOMEM;
	}
	map->map.pairs = pairs;
	pairs[map->map.n++] = (struct value_pair){.key = copy, .value = item};
	return 0;
}

int value_map_set(struct value *map, const char *key, struct value *item)
{
	struct value_pair *pair = item ? find_pair(map, key) : NULL;

	if (!pair)
		return value_map_add(map, key, item);
	value_free(pair->value);
	pair->value = item;
	return 0;
}

static void swap_pairs(struct value_pair *a, struct value_pair *b)
{
	struct value_pair c = *a;

	*a = *b;
	*b = c;
}

/* A pair, and what its key is to Python, where that is not its text: 60 for 1:0, yes and 1 are one.
 */
struct keyed {
	struct value_pair *pair;
	char *meaning; /* NULL: a string */
};

static int find_meaning(struct keyed *k)
{
	_cleanup_value_ struct value *key = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!k->pair->key_plain || scalar_is_string(k->pair->key))
		return 0;
	key = value_of_key(k->pair);
	if (!key)
		return -ENOMEM;
	if (key->type == VALUE_STRING)
		return 0;
	if (key->type == VALUE_BOOL)
		buf_printf(&text, "%d", key->boolean);
	else if (key->type == VALUE_FLOAT && fabs(key->number) < 0x1p62 &&
		 key->number == trunc(key->number))
		buf_printf(&text, "%lld", (long long)key->number);
	else
		value_repr(&text, key);
	k->meaning = buf_error(&text) ? NULL : buf_steal(&text, NULL);
	return k->meaning ? 0 : -ENOMEM;
}

static int compare_keys(const struct keyed *x, const struct keyed *y)
{
	if (!x->meaning != !y->meaning)
		return x->meaning ? 1 : -1;
	return x->meaning ? strcmp(x->meaning, y->meaning) : strcmp(x->pair->key, y->pair->key);
}

/* By key, and the pairs of one key in the order written. */
static int compare_places(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	int r = compare_keys(x, y);

	return r ? r : (x->pair > y->pair) - (x->pair < y->pair);
}

/* The first pair gets what the other one has, and keeps its key, as Python's dict does. */
static void replace(struct value_pair *first, struct value_pair *other)
{
	struct value *v = first->value;

	if (!first->first_line)
		first->first_line = first->key_line;
	first->value = other->value;
	first->key_line = other->key_line;
	first->key_column = other->key_column;
	other->value = v;
}

/* Leaves the values of pairs that do not count empty. */
static void drop_values(struct keyed *sorted, size_t n, bool keep_first)
{
	for (size_t i = 0, first = 0; i < n; i++) {
		if (compare_keys(&sorted[i], &sorted[first]) != 0)
			first = i;
		if (i == first)
			continue;
		if (!keep_first)
			replace(sorted[first].pair, sorted[i].pair);
		value_free(sorted[i].pair->value);
		sorted[i].pair->value = NULL;
	}
}

int value_map_unique(struct value *map, bool keep_first)
{
	_cleanup_free_ struct keyed *sorted = calloc(map->map.n + 1, sizeof(*sorted));
	size_t kept = 0;
	int r = sorted ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < map->map.n; i++) {
		sorted[i].pair = &map->map.pairs[i];
		r = find_meaning(&sorted[i]);
	}
	if (r == 0) {
		qsort(sorted, map->map.n, sizeof(*sorted), compare_places);
		drop_values(sorted, map->map.n, keep_first);
	}
	for (size_t i = 0; sorted && i < map->map.n; i++)
		free(sorted[i].meaning);
	if (r < 0)
		return r;
	for (size_t i = 0; i < map->map.n; i++) {
		if (map->map.pairs[i].value)
			swap_pairs(&map->map.pairs[kept++], &map->map.pairs[i]);
	}
	while (map->map.n > kept)
		free(map->map.pairs[--map->map.n].key);
	return 0;
}

static int compare_pairs(const void *a, const void *b)
{
	return strcmp(((const struct value_pair *)a)->key, ((const struct value_pair *)b)->key);
}

void value_map_sort(struct value *map)
{
	if (map->map.n > 1)
		qsort(map->map.pairs, map->map.n, sizeof(*map->map.pairs), compare_pairs);
}

struct value *value_of_key(const struct value_pair *pair)
{
	return pair->key_plain ? scalar_resolve(pair->key, strlen(pair->key))
			       : value_string(pair->key);
}

void value_map_remove(struct value *map, const char *key)
{
	for (size_t i = 0; i < map->map.n; i++) {
		if (strcmp(map->map.pairs[i].key, key) != 0)
			continue;
		free(map->map.pairs[i].key);
		value_free(map->map.pairs[i].value);
		map->map.n--;
		memmove(&map->map.pairs[i], &map->map.pairs[i + 1],
			(map->map.n - i) * sizeof(*map->map.pairs));
		return;
	}
}

int value_map_merge(struct value *map, const struct value *other)
{
	int r = 0;

	if (map->type != VALUE_MAP || other->type != VALUE_MAP)
		return 0;
	for (size_t i = 0; r == 0 && i < other->map.n; i++) {
		const struct value_pair *pair = &other->map.pairs[i];
		struct value *own = value_get(map, pair->key);

		if (own) {
			r = value_map_merge(own, pair->value);
			continue;
		}
		r = value_map_add(map, pair->key, value_copy(pair->value));
		if (r == 0)
			place_key(&map->map.pairs[map->map.n - 1], pair);
	}
	return r;
}

void value_set_file(struct value *v, unsigned short file)
{
	v->file = file;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.n; i++)
		value_set_file(v->list.items[i], file);
	for (size_t i = 0; v->type == VALUE_MAP && i < v->map.n; i++)
		value_set_file(v->map.pairs[i].value, file);
}

struct value *value_get(const struct value *map, const char *key)
{
	const struct value_pair *pair = map && map->type == VALUE_MAP ? find_pair(map, key) : NULL;

	return pair ? pair->value : NULL;
}

const char *value_str(const struct value *v)
{
	return v && v->type == VALUE_STRING ? v->string : NULL;
}

bool value_is_null(const struct value *v)
{
	return !v || v->type == VALUE_NULL;
}

bool value_truthy(const struct value *v)
{
	if (!v)
		return false;
	switch (v->type) {
	case VALUE_NULL:
		return false;
	case VALUE_BOOL:
		return v->boolean;
	case VALUE_INT:
		return v->integer != 0;
	case VALUE_FLOAT:
		return v->number != 0;
	case VALUE_STRING:
		return v->string[0] != '\0';
	case VALUE_LIST:
		return v->list.n != 0;
	case VALUE_MAP:
		return v->map.n != 0;
	case VALUE_BIGINT:
	case VALUE_DATE:
		return true;
	}
	return false;
}

bool value_as_int(const struct value *v, int64_t *ret)
{
	if (!v || v->type != VALUE_INT)
		return false;
	*ret = v->integer;
	return true;
}

static bool as_number(const struct value *v, double *ret)
{
	if (v->type == VALUE_FLOAT)
		*ret = v->number;
	else if (v->type == VALUE_INT)
		*ret = (double)v->integer;
	return v->type == VALUE_FLOAT || v->type == VALUE_INT;
}

static bool equal_lists(const struct value *a, const struct value *b)
{
	if (a->list.n != b->list.n)
		return false;
	for (size_t i = 0; i < a->list.n; i++)
		if (!value_equal(a->list.items[i], b->list.items[i]))
			return false;
	return true;
}

/* By its text, else by what it means: 1:30 is 90. */
static const struct value_pair *find_key(const struct value *map, const struct value_pair *like)
{
	const struct value_pair *pair = find_pair(map, like->key);
	_cleanup_value_ struct value *key = pair ? NULL : value_of_key(like);

	for (size_t i = 0; !pair && key && key->type != VALUE_STRING && i < map->map.n; i++) {
		_cleanup_value_ struct value *other = value_of_key(&map->map.pairs[i]);

		if (other && value_equal(key, other))
			pair = &map->map.pairs[i];
	}
	return pair;
}

static bool equal_maps(const struct value *a, const struct value *b)
{
	if (a->map.n != b->map.n || a->map.is_set != b->map.is_set)
		return false;
	for (size_t i = 0; i < a->map.n; i++) {
		const struct value_pair *other = find_key(b, &a->map.pairs[i]);

		if (!other || !value_equal(a->map.pairs[i].value, other->value))
			return false;
	}
	return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
	double x, y;

	if (a->type == VALUE_INT && b->type == VALUE_INT)
		return a->integer == b->integer;
	if (as_number(a, &x) && as_number(b, &y))
		return x == y || (isnan(x) && isnan(y));
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_STRING:
	case VALUE_DATE:
	case VALUE_BIGINT:
		return strcmp(a->string, b->string) == 0;
	case VALUE_LIST:
		return equal_lists(a, b);
	case VALUE_MAP:
		return equal_maps(a, b);
	default:
		return true;
	}
}

const char *value_type_name(const struct value *v)
{
	static const char *const names[] = {
		[VALUE_NULL] = "null",
		[VALUE_BOOL] = "a boolean",
		[VALUE_INT] = "an integer",
		[VALUE_BIGINT] = "an integer",
		[VALUE_FLOAT] = "a number",
		[VALUE_STRING] = "a string",
		[VALUE_DATE] = "a date",
		[VALUE_LIST] = "a list",
		[VALUE_MAP] = "a mapping",
	};

	if (v && v->type == VALUE_MAP && v->map.is_set)
		return "a set";
	return v ? names[v->type] : names[VALUE_NULL];
}

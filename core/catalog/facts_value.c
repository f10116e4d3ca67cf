/* SPDX-License-Identifier: MIT */
/*
 * Values in the wire format of protocol buffers, which is short, and quick to read. A value is a
 * message: its type, and then what is in it.
 */
#include "catalog/facts.h"

#include <errno.h>

#include "metrics/wire.h"

enum field {
	TYPE = 1, /* enum value_type */
	NUMBER = 2,
	REAL = 3,
	TEXT = 4,
	KEY = 5,   /* of the item that follows */
	ITEM = 6,  /* of a list or a map: a message */
	PLAIN = 7, /* the key that follows stood there without quotes */
};

/* As deep as YAML may be (yaml/parse.c) and deeper. */
enum { MAX_DEPTH = 1000 };

static void pack_item(struct buf *b, const struct value *v)
{
	_cleanup_buf_ struct buf item = BUF_INIT;

	facts_pack_value(&item, v);
	wire_put_message(b, ITEM, &item);
}

void facts_pack_value(struct buf *b, const struct value *v)
{
	wire_put_varint(b, TYPE, v->type);
	switch (v->type) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		wire_put_varint(b, NUMBER, v->boolean);
		break;
	case VALUE_INT:
		wire_put_varint(b, NUMBER, (uint64_t)v->integer);
		break;
	case VALUE_FLOAT:
		wire_put_double(b, REAL, v->number);
		break;
	case VALUE_BIGINT:
	case VALUE_STRING:
	case VALUE_DATE:
		wire_put_text(b, TEXT, v->string);
		break;
	case VALUE_LIST:
		for (size_t i = 0; i < v->list.n; i++)
			pack_item(b, v->list.items[i]);
		break;
	case VALUE_MAP:
		if (v->map.is_set)
			wire_put_varint(b, NUMBER, true);
		for (size_t i = 0; i < v->map.n; i++) {
			if (v->map.pairs[i].key_plain)
				wire_put_varint(b, PLAIN, true);
			wire_put_text(b, KEY, v->map.pairs[i].key);
			pack_item(b, v->map.pairs[i].value);
		}
		break;
	}
}

/* --- and back --------------------------------------------------------------- */

static int unpack(struct wire w, int depth, struct value **ret);

/* Without its content. NULL: out of memory, or no such type. */
static struct value *empty(uint64_t type)
{
	switch (type) {
	case VALUE_NULL:
		return value_null();
	case VALUE_BOOL:
		return value_bool(false);
	case VALUE_INT:
		return value_int(0);
	case VALUE_FLOAT:
		return value_float(0);
	case VALUE_LIST:
		return value_list();
	case VALUE_MAP:
		return value_map();
	default:
		return NULL;
	}
}

static bool is_text(uint64_t type)
{
	return type == VALUE_STRING || type == VALUE_BIGINT || type == VALUE_DATE;
}

static struct value *text_value(uint64_t type, struct wire text)
{
	struct value *v = value_string_len((const char *)text.p, wire_len(text));

	if (v)
		v->type = (enum value_type)type;
	return v;
}

/* Of the item that follows. */
struct key {
	struct wire text;
	bool plain;
};

static int add_item(struct value *v, const struct key *key, struct wire item, int depth)
{
	_cleanup_value_ struct value *made = NULL;
	_cleanup_free_ char *name = NULL;
	int r = unpack(item, depth + 1, &made);

	if (r < 0)
		return r;
	if (v->type == VALUE_LIST)
		return value_list_add(v, STEAL(made));
	if (!key->text.p)
		return -EUCLEAN;
	name = strndup((const char *)key->text.p, wire_len(key->text));
	r = name ? value_map_add(v, name, STEAL(made)) : -ENOMEM;
	if (r == 0)
		v->map.pairs[v->map.n - 1].key_plain = key->plain;
	return r;
}

static int take_field(struct value *v, const struct wire_field *field, struct key *key, int depth)
{
	bool holds = v->type == VALUE_LIST || v->type == VALUE_MAP;
	int r;

	switch (field->key) {
	case WIRE_KEY(NUMBER, VARINT):
		if (v->type == VALUE_BOOL)
			v->boolean = field->value != 0;
		else if (v->type == VALUE_INT)
			v->integer = (int64_t)field->value;
		else if (v->type == VALUE_MAP)
			v->map.is_set = field->value != 0;
		return 0;
	case WIRE_KEY(REAL, FIXED64):
		if (v->type == VALUE_FLOAT)
			v->number = wire_double(field->value);
		return 0;
	case WIRE_KEY(PLAIN, VARINT):
		key->plain = field->value != 0;
		return 0;
	case WIRE_KEY(KEY, BYTES):
		key->text = field->bytes;
		return 0;
	case WIRE_KEY(ITEM, BYTES):
		if (!holds)
			return -EUCLEAN;
		r = add_item(v, key, field->bytes, depth);
		*key = (struct key){0};
		return r;
	default:
		return -EUCLEAN;
	}
}

static int unpack(struct wire w, int depth, struct value **ret)
{
	_cleanup_value_ struct value *v = NULL;
	struct wire_field field;
	struct key key = {0};
	int r = wire_next(&w, &field);

	if (r <= 0 || field.key != WIRE_KEY(TYPE, VARINT) || depth > MAX_DEPTH)
		return -EUCLEAN;
	if (is_text(field.value)) {
		uint64_t type = field.value;

		if (wire_next(&w, &field) <= 0 || field.key != WIRE_KEY(TEXT, BYTES))
			return -EUCLEAN;
		v = text_value(type, field.bytes);
	} else {
		if (field.value > VALUE_MAP)
			return -EUCLEAN;
		v = empty(field.value);
	}
	if (!v)
		return -ENOMEM;
	r = 0;
	while (r == 0 && (r = wire_next(&w, &field)) > 0)
		r = take_field(v, &field, &key, depth);
	if (r == 0)
		*ret = STEAL(v);
	return r == -EBADMSG ? -EUCLEAN : r;
}

int facts_unpack_value(const void *bytes, size_t len, struct value **ret)
{
	return unpack(wire_of(bytes, len), 0, ret);
}

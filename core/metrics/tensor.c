/* SPDX-License-Identifier: MIT */
/* Tensors of one element, of every type that holds real numbers. */
#include "metrics/tensor.h"

#include <math.h>
#include <stdbool.h>

#include "metrics/fields.h"

static double from_float(uint64_t bits)
{
	return (double)wire_float(bits);
}

static double from_signed(uint64_t bits)
{
	return (double)(int64_t)bits;
}

static double from_unsigned(uint64_t bits)
{
	return (double)bits;
}

static double from_bool(uint64_t bits)
{
	return bits != 0;
}

/* IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. */
static double from_half(uint64_t bits)
{
	unsigned exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
	double magnitude;

	if (exponent == 0x1f)
		magnitude = fraction ? (double)NAN : (double)INFINITY;
	else if (exponent == 0)
		magnitude = ldexp(fraction, -24);
	else
		magnitude = ldexp(fraction | 0x400, (int)exponent - 25);
	return bits & 0x8000 ? -magnitude : magnitude;
}

/* The upper half of a float. */
static double from_bfloat16(uint64_t bits)
{
	return from_float((bits & 0xffff) << 16);
}

/* How the elements of each type are kept. Types that are not here have no real numbers. */
static const struct number_type {
	unsigned char size; /* in tensor_content; 0: not a number */
	bool is_signed;
	unsigned char field; /* else they are here */
	double (*number)(uint64_t bits);
} types[] = {
	[DT_FLOAT] = {4, false, TENSOR_FLOAT_VAL, from_float},
	[DT_DOUBLE] = {8, false, TENSOR_DOUBLE_VAL, wire_double},
	[DT_INT32] = {4, true, TENSOR_INT_VAL, from_signed},
	[DT_UINT8] = {1, false, TENSOR_INT_VAL, from_unsigned},
	[DT_INT16] = {2, true, TENSOR_INT_VAL, from_signed},
	[DT_INT8] = {1, true, TENSOR_INT_VAL, from_signed},
	[DT_INT64] = {8, true, TENSOR_INT64_VAL, from_signed},
	[DT_BOOL] = {1, false, TENSOR_BOOL_VAL, from_bool},
	[DT_BFLOAT16] = {2, false, TENSOR_HALF_VAL, from_bfloat16},
	[DT_UINT16] = {2, false, TENSOR_INT_VAL, from_unsigned},
	[DT_HALF] = {2, false, TENSOR_HALF_VAL, from_half},
	[DT_UINT32] = {4, false, TENSOR_UINT32_VAL, from_unsigned},
	[DT_UINT64] = {8, false, TENSOR_UINT64_VAL, from_unsigned},
};

static bool is_number(uint32_t field)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].size && types[i].field == field)
			return true;
	return false;
}

struct tensor {
	uint64_t dtype;
	bool one_element;
	struct wire content;
	/* Of the typed fields, those of the last number: how many elements, and the last one. */
	uint32_t field;
	size_t n;
	uint64_t last;
};

static int parse_dim(struct wire dim, bool *ret_is_one)
{
	struct wire_field f;
	uint64_t size = 0;
	int r;

	while ((r = wire_next(&dim, &f)) > 0)
		if (f.key == WIRE_KEY(DIM_SIZE, VARINT))
			size = f.value;
	*ret_is_one = size == 1;
	return r;
}

/* A shape of one element has dimensions of 1 only, or none. */
static int parse_shape(struct wire shape, bool *one_element)
{
	struct wire_field f;
	int r;

	while ((r = wire_next(&shape, &f)) > 0) {
		bool is_one = true;

		if (f.key == WIRE_KEY(SHAPE_DIM, BYTES))
			r = parse_dim(f.bytes, &is_one);
		else if (f.key == WIRE_KEY(SHAPE_UNKNOWN_RANK, VARINT))
			is_one = !f.value;
		if (r < 0)
			return r;
		if (!is_one)
			*one_element = false;
	}
	return r;
}

static int count_packed(struct tensor *t, struct wire row, int (*next)(struct wire *, uint64_t *))
{
	while (row.p < row.end) {
		int r = next(&row, &t->last);

		if (r < 0)
			return r;
		t->n++;
	}
	return 0;
}

static int take_numbers(struct tensor *t, const struct wire_field *f)
{
	uint32_t number = WIRE_NUMBER(f->key);

	if (number != t->field)
		t->n = 0;
	t->field = number;
	if (f->key == WIRE_KEY(number, BYTES))
		return count_packed(t, f->bytes,
			number == TENSOR_FLOAT_VAL    ? wire_fixed32
			: number == TENSOR_DOUBLE_VAL ? wire_fixed64
						      : wire_varint);
	t->last = f->value;
	t->n++;
	return 0;
}

static int parse_tensor(struct wire tensor, struct tensor *t)
{
	struct wire_field f;
	int r;

	*t = (struct tensor){.one_element = true};
	while ((r = wire_next(&tensor, &f)) > 0) {
		switch (f.key) {
		case WIRE_KEY(TENSOR_DTYPE, VARINT):
			t->dtype = f.value;
			break;
		case WIRE_KEY(TENSOR_SHAPE, BYTES):
			r = parse_shape(f.bytes, &t->one_element);
			break;
		case WIRE_KEY(TENSOR_CONTENT, BYTES):
			t->content = f.bytes;
			break;
		default:
			/* The elements of what has many are of no use to anybody. */
			if (t->one_element && is_number(WIRE_NUMBER(f.key)))
				r = take_numbers(t, &f);
		}
		if (r < 0)
			return r;
	}
	return r;
}

/* One element of tensor_content, widened as its type is. */
static uint64_t load_element(const unsigned char *p, const struct number_type *type)
{
	unsigned unused = 64 - 8 * type->size;
	uint64_t bits = 0;

	for (unsigned i = 0; i < type->size; i++)
		bits |= (uint64_t)p[i] << 8 * i;
	return type->is_signed ? (uint64_t)((int64_t)(bits << unused) >> unused) : bits;
}

int tensor_classify(struct wire tensor, enum event_kind *ret_kind, double *ret_scalar)
{
	const struct number_type *type;
	struct tensor t;
	int r = parse_tensor(tensor, &t);

	*ret_kind = EVENT_OTHER;
	if (r < 0)
		return r;
	if (t.dtype == DT_STRING) {
		*ret_kind = EVENT_TEXT;
		return 0;
	}
	if (t.dtype >= ARRAY_SIZE(types) || !types[t.dtype].size || !t.one_element)
		return 0;
	type = &types[t.dtype];
	if (wire_len(t.content) == type->size)
		*ret_scalar = type->number(load_element(t.content.p, type));
	else if (!wire_len(t.content) && t.field == type->field && t.n == 1)
		*ret_scalar = type->number(t.last);
	else
		return 0;
	*ret_kind = EVENT_SCALAR;
	return 0;
}

void event_text(const struct event_value *value, struct buf *b)
{
	struct wire tensor = value->tensor;
	struct wire_field f;

	while (wire_next(&tensor, &f) > 0)
		if (f.key == WIRE_KEY(TENSOR_STRING_VAL, BYTES))
			buf_add(b, f.bytes.p, wire_len(f.bytes));
}

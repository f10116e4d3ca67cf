/* SPDX-License-Identifier: MIT */
/* From what is known of a run to its row. */
#include "catalog/compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/natural.h"
#include "base/strv.h"

/* What the run before had: runs of one operation have the same scalars, whose order and columns
 * need not be found anew for each. */
struct shape {
	struct strv tags;  /* of the scalars, in their own order */
	size_t *scalars;   /* those that are shown, by the natural order of tags */
	uint32_t *columns; /* of these */
	size_t n;
	size_t step; /* the scalar whose step is shown; only if n */
	uint32_t step_column;
};

struct comparison {
	struct compare_spec spec;
	struct grid *grid;
	struct shape shape;
};

int comparison_new(const struct compare_spec *spec, struct comparison **ret)
{
	struct comparison *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->spec = *spec;
	c->grid = grid_new();
	if (!c->grid) {
		free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

static void shape_release(struct shape *s)
{
	strv_release(&s->tags);
	free(s->scalars);
	free(s->columns);
	*s = (struct shape){0};
}

void comparison_free(struct comparison *c)
{
	if (!c)
		return;
	shape_release(&c->shape);
	grid_free(c->grid);
	free(c);
}

struct grid *comparison_grid(struct comparison *c)
{
	return c->grid;
}

/* --- values --------------------------------------------------------------- */

static int cell_of_value(struct comparison *c, const struct value *v, struct cell *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	*ret = (struct cell){.type = CELL_NONE};
	if (!v || v->type == VALUE_NULL)
		return 0;
	if (v->type == VALUE_BOOL)
		*ret = (struct cell){.type = CELL_BOOL, .boolean = v->boolean};
	else if (v->type == VALUE_INT)
		*ret = (struct cell){.type = CELL_INT, .integer = v->integer};
	else if (v->type == VALUE_FLOAT)
		*ret = (struct cell){.type = CELL_NUMBER, .number = v->number};
	else if (value_str(v))
		return grid_text(c->grid, strdup(v->string), ret);
	else {
		value_repr(&text, v);
		return buf_error(&text) ? -ENOMEM : grid_text(c->grid, buf_steal(&text, NULL), ret);
	}
	return 0;
}

static struct cell cell_of_number(const struct comparison *c, double number)
{
	/* Guild AI's index has NULL for it. */
	if (isnan(number) && !c->spec.keep_nan)
		return (struct cell){.type = CELL_NONE};
	return (struct cell){.type = CELL_NUMBER, .number = number};
}

static struct cell cell_of_point(
	const struct comparison *c, const struct series_point *point, bool step)
{
	return step ? (struct cell){.type = CELL_INT, .integer = point->step}
		    : cell_of_number(c, point->value);
}

static struct cell cell_of_summary(const struct comparison *c, const struct series_summary *s,
	enum column_qualifier qualifier, bool step)
{
	switch (qualifier) {
	case QUALIFIER_LAST:
		return cell_of_point(c, &s->last, step);
	case QUALIFIER_FIRST:
		return cell_of_point(c, &s->first, step);
	case QUALIFIER_MIN:
		return cell_of_point(c, &s->min, step);
	case QUALIFIER_MAX:
		return cell_of_point(c, &s->max, step);
	case QUALIFIER_AVG:
		return step ? (struct cell){.type = CELL_NONE} : cell_of_number(c, series_avg(s));
	case QUALIFIER_TOTAL:
		return step ? (struct cell){.type = CELL_NONE} : cell_of_number(c, s->total);
	case QUALIFIER_COUNT:
		break;
	}
	return step ? (struct cell){.type = CELL_NONE}
		    : (struct cell){.type = CELL_INT, .integer = (int64_t)s->count};
}

/* TAG is looked for everywhere, PREFIX#TAG where the directory begins so. */
static const struct compare_scalar *find_scalar(const struct compare_run *run, const char *key)
{
	const char *hash_at = strchr(key, '#'), *tag = hash_at ? hash_at + 1 : key;

	for (size_t i = 0; i < run->n_scalars; i++) {
		const struct compare_scalar *s = &run->scalars[i];

		if (strcmp(s->tag, tag) == 0 &&
			(!hash_at || strncmp(s->prefix, key, (size_t)(hash_at - key)) == 0))
			return s;
	}
	return NULL;
}

static int cell_of_attr(
	struct comparison *c, const struct compare_run *run, const char *name, struct cell *ret)
{
	const struct value *own = run->attrs ? value_get(run->attrs, name) : NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;

	*ret = (struct cell){.type = CELL_NONE};
	if (own)
		return cell_of_value(c, own, ret);
	if (!run->attr || !run->attr(run->arg, name, &text))
		return buf_error(&text);
	return buf_error(&text) ? buf_error(&text)
				: grid_text(c->grid, strdup(buf_str(&text)), ret);
}

static int cell_of_column(struct comparison *c, const struct compare_run *run,
	const struct column *column, struct cell *ret)
{
	const struct compare_scalar *s;

	switch (column->kind) {
	case COLUMN_FLAG:
		return cell_of_value(
			c, run->flags ? value_get(run->flags, column->key) : NULL, ret);
	case COLUMN_ATTR:
		return cell_of_attr(c, run, column->key, ret);
	case COLUMN_SCALAR:
		break;
	}
	s = find_scalar(run, column->key);
	*ret = s ? cell_of_summary(c, s->summary, column->qualifier, column->step)
		 : (struct cell){.type = CELL_NONE};
	return 0;
}

static bool number_of_value(const struct value *v, double *ret)
{
	if (!v)
		return false;
	if (v->type == VALUE_INT)
		*ret = (double)v->integer;
	else if (v->type == VALUE_FLOAT)
		*ret = v->number;
	return v->type == VALUE_INT || v->type == VALUE_FLOAT;
}

bool compare_column(const struct compare_run *run, const struct column *column, double *ret)
{
	static const struct comparison plain = {.spec.keep_nan = true};
	const struct compare_scalar *s;
	struct cell cell;

	switch (column->kind) {
	case COLUMN_FLAG:
		return number_of_value(value_get(run->flags, column->key), ret);
	case COLUMN_ATTR:
		return number_of_value(value_get(run->attrs, column->key), ret);
	case COLUMN_SCALAR:
		break;
	}
	s = find_scalar(run, column->key);
	if (!s)
		return false;
	cell = cell_of_summary(&plain, s->summary, column->qualifier, column->step);
	*ret = cell.type == CELL_INT ? (double)cell.integer : cell.number;
	return cell.type != CELL_NONE;
}

static int add_columns(struct comparison *c, const struct compare_run *run,
	const struct columns *columns, enum grid_section section)
{
	int r = 0;

	for (size_t i = 0; columns && r == 0 && i < columns->n; i++) {
		struct cell cell;
		uint32_t number;

		r = grid_column(c->grid, columns->v[i].heading, section, &number);
		if (r == 0)
			r = cell_of_column(c, run, &columns->v[i], &cell);
		if (r == 0)
			grid_fill(c->grid, number, section, cell);
	}
	return r;
}

/* --- columns that nobody has chosen --------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	return natural_compare((*(const struct value_pair *const *)a)->key,
		(*(const struct value_pair *const *)b)->key);
}

/* Every pair of a map, by the natural order of keys. */
static int add_map(struct comparison *c, const struct value *map)
{
	size_t n = map && map->type == VALUE_MAP ? map->map.n : 0;
	_cleanup_free_ const struct value_pair **sorted = calloc(n + 1, sizeof(*sorted));
	int r = sorted ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++)
		sorted[i] = &map->map.pairs[i];
	if (r == 0 && n > 1)
		qsort(sorted, n, sizeof(*sorted), compare_keys);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct cell cell;
		uint32_t number;

		r = grid_column(c->grid, sorted[i]->key, SECTION_OP, &number);
		if (r == 0)
			r = cell_of_value(c, sorted[i]->value, &cell);
		if (r == 0)
			grid_fill(c->grid, number, SECTION_OP, cell);
	}
	return r;
}

static bool same_tags(const struct shape *shape, const struct compare_run *run)
{
	if (shape->tags.n != run->n_scalars)
		return false;
	for (size_t i = 0; i < run->n_scalars; i++)
		if (strcmp(shape->tags.v[i], run->scalars[i].tag) != 0)
			return false;
	return true;
}

static int compare_tags(const void *a, const void *b, void *arg)
{
	const struct compare_run *run = arg;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int r = natural_compare(run->scalars[x].tag, run->scalars[y].tag);

	return r ? r : x < y ? -1 : 1;
}

static int add_to_shape(struct comparison *c, const struct compare_run *run, size_t scalar)
{
	struct shape *s = &c->shape;
	const char *tag = run->scalars[scalar].tag;
	int r;

	/* Equal tags: the first one counts. */
	if (s->n && strcmp(run->scalars[s->scalars[s->n - 1]].tag, tag) == 0)
		return 0;
	r = grid_column(c->grid, tag, SECTION_OP, &s->columns[s->n]);
	if (r < 0)
		return r;
	if (strcmp(tag, "loss") == 0)
		s->step = scalar;
	s->scalars[s->n++] = scalar;
	return 0;
}

static int make_shape(struct comparison *c, const struct compare_run *run)
{
	_cleanup_free_ size_t *order = calloc(run->n_scalars + 1, sizeof(*order));
	struct shape *s = &c->shape;
	size_t n = 0;
	int r = order ? 0 : -ENOMEM;

	shape_release(s);
	s->scalars = calloc(run->n_scalars + 1, sizeof(*s->scalars));
	s->columns = calloc(run->n_scalars + 1, sizeof(*s->columns));
	if (!s->scalars || !s->columns)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < run->n_scalars; i++) {
		r = strv_add(&s->tags, run->scalars[i].tag);
		if (c->spec.system_scalars || strncmp(run->scalars[i].tag, "sys/", 4) != 0)
			order[n++] = i;
	}
	if (r < 0 || !n)
		return r;
	qsort_r(order, n, sizeof(*order), compare_tags, (void *)run);
	s->step = order[0];
	r = grid_column(c->grid, "step", SECTION_OP, &s->step_column);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_to_shape(c, run, order[i]);
	return r;
}

/* The step of the loss, or of the first scalar, then all of them. */
static int add_scalars(struct comparison *c, const struct compare_run *run)
{
	const struct shape *s = &c->shape;
	int r = 0;

	if (!run->n_scalars)
		return 0;
	if (!same_tags(s, run))
		r = make_shape(c, run);
	if (r < 0 || !s->n)
		return r;
	grid_fill(c->grid, s->step_column, SECTION_OP,
		cell_of_point(c, &run->scalars[s->step].summary->last, true));
	for (size_t i = 0; i < s->n; i++)
		grid_fill(c->grid, s->columns[i], SECTION_OP,
			cell_of_number(c, run->scalars[s->scalars[i]].summary->last.value));
	return 0;
}

static int add_operation(struct comparison *c, const struct compare_run *run)
{
	int r;

	if (run->op_columns)
		return add_columns(c, run, run->op_columns, SECTION_OP);
	r = add_map(c, run->flags);
	if (r == 0)
		r = add_map(c, run->attrs);
	return r < 0 ? r : add_scalars(c, run);
}

/* --- rows ----------------------------------------------------------------- */

int comparison_add(struct comparison *c, const struct compare_run *run)
{
	int r = add_columns(c, run, c->spec.core, SECTION_CORE);

	if (r == 0 && !c->spec.skip_op)
		r = add_operation(c, run);
	if (r == 0)
		r = add_columns(c, run, c->spec.user, SECTION_USER);
	if (r == 0)
		r = grid_end_row(c->grid, run->serial);
	if (r < 0)
		grid_drop_row(c->grid);
	return r;
}

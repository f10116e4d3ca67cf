/* SPDX-License-Identifier: MIT */
/* Rungs: what trials had when they had written as many values. */
#include "process/halving.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "op_log.h"
#include "catalog/objective.h"
#include "metrics/scalars.h"
#include "run/home.h"

enum { RUNGS = 40 }; /* of twice as many values each: more than anybody writes */

struct rung {
	double *values; /* the lower the better */
	size_t n, cap;
};

struct follow {
	char *id;
	struct scalars *scalars;
	size_t rung; /* the next one that it comes to */
};

struct halving {
	struct objective objective;
	int64_t first, reduction;
	struct rung rungs[RUNGS];
	struct follow *trials;
	size_t n;
};

/* --- trials ------------------------------------------------------------------------ */

static struct follow *find(struct halving *h, const char *id)
{
	struct follow *grown;

	for (size_t i = 0; i < h->n; i++)
		if (strcmp(h->trials[i].id, id) == 0)
			return &h->trials[i];
	grown = reallocarray(h->trials, h->n + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	h->trials = grown;
	grown[h->n] = (struct follow){.id = strdup(id)};
	if (!grown[h->n].id)
		return NULL;
	return &grown[h->n++];
}

/* As in a column: TAG is looked for everywhere, PREFIX#TAG where it says. */
static const struct series *series_of(const struct halving *h, const struct scalars *scalars)
{
	const char *key = objective_name(&h->objective);
	const struct scalar *found = scalars_find(scalars, key);
	size_t n;
	const struct scalar *list = scalars_list(scalars, &n);

	for (size_t i = 0; !found && i < n; i++)
		if (strcmp(list[i].series->tag, key) == 0)
			found = &list[i];
	return found ? found->series : NULL;
}

/* --- rungs -------------------------------------------------------------------------- */

static int64_t values_at(const struct halving *h, size_t rung)
{
	int64_t n = h->first;

	for (size_t i = 0; i < rung && n < INT64_MAX / h->reduction; i++)
		n *= h->reduction;
	return n;
}

static int enter(struct rung *rung, double value)
{
	if (rung->n == rung->cap) {
		size_t cap = rung->cap ? 2 * rung->cap : 16;
		double *grown = reallocarray(rung->values, cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		rung->values = grown;
		rung->cap = cap;
	}
	rung->values[rung->n++] = value;
	return 0;
}

/* Whether a value that is in the rung is among the best of it. */
static bool is_good(const struct halving *h, const struct rung *rung, double value)
{
	size_t better = 0, may = rung->n / (size_t)h->reduction;

	for (size_t i = 0; i < rung->n; i++)
		better += rung->values[i] < value;
	return better < (may ? may : 1);
}

/* Enters what is new of a trial; the rung in which it does not do well enough, or RUNGS. */
static size_t climb(struct halving *h, const char *id, int run_fd)
{
	struct follow *t = find(h, id);
	const struct series *series;

	if (!t || (!t->scalars && scalars_new(SCALARS_SAMPLES, &t->scalars) < 0) ||
		scalars_refresh(t->scalars, run_fd, NULL) < 0)
		return RUNGS;
	series = series_of(h, t->scalars);
	while (series && t->rung < RUNGS && values_at(h, t->rung) <= (int64_t)series->n) {
		struct rung *rung = &h->rungs[t->rung];
		double value = series->samples[values_at(h, t->rung) - 1].value;

		/* What is no number is as bad as can be. */
		value = isnan(value) ? INFINITY : h->objective.maximize ? -value : value;
		if (enter(rung, value) < 0)
			return RUNGS;
		t->rung++;
		if (!is_good(h, rung, value))
			return t->rung - 1;
	}
	return RUNGS;
}

bool halving_look(struct halving *h, const char *id, int run_fd)
{
	size_t rung = climb(h, id, run_fd);

	if (rung == RUNGS)
		return false;
	op_log(OP_LOG_INFO,
		"Trial %s is not among the best of %zu after %lld value(s) of '%s' (1 of %lld goes "
		"on)",
		id, h->rungs[rung].n, (long long)values_at(h, rung), objective_name(&h->objective),
		(long long)h->reduction);
	return true;
}

void halving_end(struct halving *h, const char *id, int run_fd)
{
	while (climb(h, id, run_fd) != RUNGS)
		;
}

/* --- all ----------------------------------------------------------------------------- */

/* Trials of an earlier life of the batch were judged then: only what they had counts. */
static int enter_earlier(struct halving *h, const struct batch *batch)
{
	_cleanup_strv_ struct strv ids = STRV_INIT;
	int r = batch_links(batch->run_fd, &ids);

	for (size_t i = 0; r == 0 && i < ids.n; i++) {
		_cleanup_close_ int fd = home_open_run(batch->home, ids.v[i]);

		if (fd >= 0)
			halving_end(h, ids.v[i], fd);
	}
	return r;
}

static int read_flags(struct halving *h, const struct batch *batch, struct err *err)
{
	const struct column *column = &h->objective.columns.v[0];

	if (!value_as_int(value_get(batch->opt_flags, "first-rung"), &h->first) || h->first < 1 ||
		!value_as_int(value_get(batch->opt_flags, "reduction"), &h->reduction) ||
		h->reduction < 2)
		return err_set(err, -EINVAL,
			"the flag 'first-rung' has to be 1 or more, 'reduction' 2 or more");
	if (column->kind != COLUMN_SCALAR || column->qualifier != QUALIFIER_LAST || column->step)
		return err_set(err, -EINVAL,
			"'asha' compares trials while they run: its objective has to be the name "
			"of a scalar");
	return 0;
}

int halving_new(const struct batch *batch, struct halving **ret, struct err *err)
{
	struct halving *h = calloc(1, sizeof(*h));
	int r = h ? objective_parse(buf_str(&batch->objective), &h->objective, err) : -ENOMEM;

	if (r == 0)
		r = read_flags(h, batch, err);
	if (r == 0)
		r = enter_earlier(h, batch);
	if (r == 0)
		*ret = h;
	else
		halving_free(h);
	return r;
}

void halving_free(struct halving *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++) {
		free(h->trials[i].id);
		scalars_free(h->trials[i].scalars);
	}
	for (size_t i = 0; i < RUNGS; i++)
		free(h->rungs[i].values);
	free(h->trials);
	objective_release(&h->objective);
	free(h);
}

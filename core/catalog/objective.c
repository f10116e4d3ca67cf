/* SPDX-License-Identifier: MIT */
/* One column, and which end of it is good. */
#include "catalog/objective.h"

#include <errno.h>
#include <math.h>

#include "catalog/compare.h"

void objective_release(struct objective *o)
{
	columns_release(&o->columns);
	*o = (struct objective){0};
}

int objective_parse(const char *text, struct objective *ret, struct err *err)
{
	struct objective o = {.maximize = *text == '-'};
	const char *spec = o.maximize ? text + 1 : *text ? text : "loss";
	struct err why = ERR_INIT;
	int r = columns_parse(spec, &o.columns, &why);

	if (r == 0 && o.columns.n != 1)
		r = err_set(&why, -EINVAL, "too many columns");
	if (r == 0) {
		*ret = o;
		return 0;
	}
	objective_release(&o);
	return r == -ENOMEM ? r
			    : err_set(err, r, "invalid objective '%s': %s", spec, err_text(&why));
}

const char *objective_name(const struct objective *o)
{
	return o->columns.v[0].key;
}

bool objective_of(const struct objective *o, const struct run_facts *facts, double *ret)
{
	struct compare_run run = {0};
	double number;

	facts_compare(facts, &run);
	if (!compare_column(&run, &o->columns.v[0], &number) || isnan(number))
		return false;
	*ret = o->maximize ? -number : number;
	return true;
}

/* SPDX-License-Identifier: MIT */
/* Steps of 1, 2 or 5 times a power of ten. */
#include "metrics/ticks.h"

#include <math.h>

#include "base/cleanup.h"

/* Beyond these powers of ten a label has an exponent. */
enum { PLAIN_MIN = -4, PLAIN_MAX = 6 };

static double nice_step(double span, int wanted, bool whole)
{
	double rough = span / wanted;
	double power = pow(10, floor(log10(rough)));
	double step = rough / power;

	step = (step <= 1 ? 1 : step <= 2 ? 2 : step <= 5 ? 5 : 10) * power;
	return whole && step < 1 ? 1 : step;
}

/* Steps by the thousand are written as 5k or 1.5M: at most two digits after the point. */
static void choose_unit(struct ticks *t, double largest)
{
	static const struct {
		double unit;
		const char *suffix;
	} units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (largest < 10 * units[i].unit || t->step < units[i].unit / 100)
			continue;
		t->unit = units[i].unit;
		t->suffix = units[i].suffix;
		return;
	}
}

/* The power of ten that a number has, where rounding may have left it a hair below. */
static int power_of(double value)
{
	return (int)floor(log10(value) + 1e-9);
}

void ticks_choose(double low, double high, int wanted, bool whole, struct ticks *ret)
{
	double largest = fmax(fabs(low), fabs(high));
	int top, bottom;

	*ret = (struct ticks){
		.step = nice_step(high - low, wanted, whole), .unit = 1, .suffix = ""};
	/* A hair's breadth, since 0.3 is no multiple of 0.1 in binary. */
	ret->first = ceil(low / ret->step - 1e-9) * ret->step;
	ret->n = (int)floor((high - ret->first) / ret->step + 1e-9) + 1;
	if (whole)
		choose_unit(ret, largest);
	top = power_of(largest);
	bottom = power_of(ret->step / ret->unit);
	ret->decimals = bottom < 0 ? -bottom : 0;
	if (!whole && (top < PLAIN_MIN || top >= PLAIN_MAX))
		ret->decimals = -1;
}

/* 1.5e-07 as 1.5e-7, with as many digits as tell it from its neighbours. */
static void put_exponential(struct buf *b, double value, double step)
{
	int digits = power_of(fabs(value)) - power_of(step);
	char text[64], *e;

	snprintf(text, sizeof(text), "%.*e", digits > 0 ? digits : 0, value);
	e = strchr(text, 'e');
	*e = '\0';
	buf_printf(b, "%se%ld", text, strtol(e + 1, NULL, 10));
}

void ticks_label(struct buf *b, const struct ticks *t, int i)
{
	double value = ticks_at(t, i);

	/* What rounding has left of zero. */
	if (fabs(value) < t->step / 2)
		buf_putc(b, '0');
	else if (t->decimals < 0)
		put_exponential(b, value, t->step);
	else
		buf_printf(b, "%.*f%s", t->decimals, value / t->unit, t->suffix);
}

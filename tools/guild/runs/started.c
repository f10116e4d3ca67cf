/* SPDX-License-Identifier: MIT */
/*
 * Time ranges of --started (reference, 7.1), in local time:
 *
 *	last [N] minutes|hours|days        after|before RANGE     between RANGE and RANGE
 *	today  yesterday  this UNIT        N UNIT ago             [[YY]YY-]M-D  H:MM[:SS]
 *
 * A range is kept as two struct tm, which mktime(3) normalises: a month with day 0 is the last of
 * the one before, and a day may have 23 hours.
 */
#include "runs/select.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { USEC = 1000000 };

struct range {
	bool has_from, has_to;
	struct tm from, to;
};

struct scanner {
	const char *text, *at;
	struct tm now;
	struct err *err;
};

/* --- words ---------------------------------------------------------------- */

static size_t word_len(const struct scanner *s)
{
	return strcspn(s->at, " \t\n");
}

static void skip(struct scanner *s, size_t len)
{
	s->at += len;
	s->at += strspn(s->at, " \t\n");
}

static bool take_word(struct scanner *s, const char *word)
{
	size_t len = word_len(s);

	if (strlen(word) != len || strncasecmp(s->at, word, len) != 0)
		return false;
	skip(s, len);
	return true;
}

static int unexpected(const struct scanner *s)
{
	if (!*s->at)
		return err_set(s->err, -EINVAL, "'%s' stops too early", s->text);
	return err_set(s->err, -EINVAL, "unexpected '%.*s' at position %zu", (int)word_len(s),
		s->at, (size_t)(s->at - s->text));
}

/* A number that is a word. */
static bool take_number(struct scanner *s, int *ret)
{
	size_t len = word_len(s);

	if (!len || len > 6 || strspn(s->at, "0123456789") != len)
		return false;
	*ret = (int)strtol(s->at, NULL, 10);
	skip(s, len);
	return true;
}

enum unit { MINUTE, HOUR, DAY, WEEK, MONTH, YEAR, N_UNITS };

static bool take_unit(struct scanner *s, enum unit last, enum unit *ret)
{
	static const char *const names[N_UNITS][4] = {
		[MINUTE] = {"minute", "minutes", "min"},
		[HOUR] = {"hour", "hours", "hr"},
		[DAY] = {"day", "days"},
		[WEEK] = {"week", "weeks"},
		[MONTH] = {"month", "months"},
		[YEAR] = {"year", "years"},
	};

	for (size_t u = 0; u <= last; u++) {
		for (const char *const *name = names[u]; *name; name++) {
			if (take_word(s, *name)) {
				*ret = (enum unit)u;
				return true;
			}
		}
	}
	return false;
}

/* --- ranges --------------------------------------------------------------- */

static void normalise(struct tm *tm)
{
	tm->tm_isdst = -1;
	mktime(tm);
}

static void shift(struct tm *tm, enum unit unit, int n)
{
	int *const members[N_UNITS] = {
		&tm->tm_min, &tm->tm_hour, &tm->tm_mday, &tm->tm_mday, &tm->tm_mon, &tm->tm_year};

	*members[unit] += unit == WEEK ? 7 * n : n;
	normalise(tm);
}

/* The unit that begins `ago` before the one that `at` is in. */
static void unit_range(struct tm at, enum unit unit, int ago, struct range *ret)
{
	at.tm_sec = 0;
	if (unit >= HOUR)
		at.tm_min = 0;
	if (unit >= DAY)
		at.tm_hour = 0;
	if (unit == WEEK)
		at.tm_mday -= (at.tm_wday + 6) % 7;
	if (unit >= MONTH)
		at.tm_mday = 1;
	if (unit == YEAR)
		at.tm_mon = 0;
	*ret = (struct range){.has_from = true, .has_to = true, .from = at};
	shift(&ret->from, unit, -ago);
	ret->to = ret->from;
	shift(&ret->to, unit, 1);
	/* A month of Guild AI's ends when its last day begins. */
	if (unit == MONTH)
		shift(&ret->to, DAY, -1);
}

/* A date, a time of day, or both; how long it is as a range: a day, a minute, a second. */
struct point {
	struct tm tm;
	bool has_clock, has_seconds;
};

static bool scan_date(struct scanner *s, struct tm *ret)
{
	int year = s->now.tm_year + 1900, a, b, c, end = 0;
	size_t digits = strspn(s->at, "0123456789");

	if (sscanf(s->at, "%4d-%2d-%2d%n", &a, &b, &c, &end) == 3 && (digits == 2 || digits == 4))
		year = digits == 4 ? a : year / 100 * 100 + a;
	else if (end = 0, sscanf(s->at, "%2d-%2d%n", &b, &c, &end) != 2)
		return false;
	if ((size_t)end != word_len(s))
		return false;
	*ret = (struct tm){.tm_year = year - 1900, .tm_mon = b - 1, .tm_mday = c};
	return true;
}

static bool scan_clock(struct scanner *s, struct point *ret)
{
	int hour, minute, second = 0, end = 0;

	ret->has_seconds = sscanf(s->at, "%2d:%2d:%2d%n", &hour, &minute, &second, &end) == 3;
	if (!ret->has_seconds) {
		second = end = 0;
		if (sscanf(s->at, "%2d:%2d%n", &hour, &minute, &end) != 2)
			return false;
	}
	if ((size_t)end != word_len(s))
		return false;
	ret->tm.tm_hour = hour;
	ret->tm.tm_min = minute;
	ret->tm.tm_sec = second;
	return true;
}

static int check_point(const struct scanner *s, const struct tm *want)
{
	struct tm tm = *want;

	if (want->tm_hour > 23 || want->tm_min > 59 || want->tm_sec > 59)
		return err_set(s->err, -EINVAL, "there is no such time: '%s'", s->text);
	normalise(&tm);
	if (tm.tm_mon != want->tm_mon || tm.tm_mday != want->tm_mday)
		return err_set(s->err, -EINVAL, "there is no such date: '%s'", s->text);
	return 0;
}

/* 0: there is none here; 1; or an error. */
static int scan_point(struct scanner *s, struct point *ret)
{
	bool has_date;

	*ret = (struct point){.tm = s->now};
	ret->tm.tm_hour = ret->tm.tm_min = ret->tm.tm_sec = 0;
	has_date = scan_date(s, &ret->tm);
	if (has_date)
		skip(s, word_len(s));
	ret->has_clock = scan_clock(s, ret);
	if (ret->has_clock)
		skip(s, word_len(s));
	if (!has_date && !ret->has_clock)
		return 0;
	return check_point(s, &ret->tm) < 0 ? -EINVAL : 1;
}

/* today, yesterday, this UNIT, N UNIT ago. 0: it is none; 1; or an error. */
static int scan_unit_range(struct scanner *s, struct range *ret)
{
	enum unit unit = DAY;
	int ago = 0;

	if (take_word(s, "yesterday")) {
		ago = 1;
	} else if (take_word(s, "this")) {
		if (!take_unit(s, YEAR, &unit))
			return unexpected(s);
	} else if (take_number(s, &ago)) {
		if (!take_unit(s, YEAR, &unit) || !take_word(s, "ago"))
			return unexpected(s);
	} else if (!take_word(s, "today")) {
		return 0;
	}
	unit_range(s->now, unit, ago, ret);
	return 1;
}

/* A range, or a point in time, which is one without length. */
static int scan_bounds(struct scanner *s, struct range *ret)
{
	struct point point;
	int r = scan_point(s, &point);

	if (r > 0)
		*ret = (struct range){true, true, point.tm, point.tm};
	return r ? r : scan_unit_range(s, ret);
}

/* after and before. 0: it is none; 1; or an error. */
static int scan_side(struct scanner *s, struct range *ret)
{
	bool after = take_word(s, "after");
	struct range bounds;
	int r;

	if (!after && !take_word(s, "before"))
		return 0;
	r = scan_bounds(s, &bounds);
	if (r <= 0)
		return r < 0 ? r : unexpected(s);
	*ret = (struct range){
		.has_from = after, .has_to = !after, .from = bounds.to, .to = bounds.from};
	return 1;
}

static int scan_last(struct scanner *s, struct range *ret)
{
	enum unit unit;
	int n = 1;

	if (!take_word(s, "last"))
		return 0;
	take_number(s, &n);
	if (!take_unit(s, DAY, &unit))
		return unexpected(s);
	*ret = (struct range){.has_from = true, .from = s->now};
	shift(&ret->from, unit, -n);
	return 1;
}

static bool is_before(struct tm a, struct tm b)
{
	normalise(&a);
	normalise(&b);
	return mktime(&a) < mktime(&b);
}

static int scan_either(struct scanner *s, struct range *ret)
{
	int r = scan_side(s, ret);

	if (r == 0)
		r = scan_bounds(s, ret);
	return r ? r : unexpected(s);
}

/* From the earlier beginning to the later end, in whatever order they are given. */
static int scan_between(struct scanner *s, struct range *ret)
{
	struct range other;
	int r;

	if (!take_word(s, "between"))
		return 0;
	r = scan_either(s, ret);
	if (r > 0 && !take_word(s, "and"))
		return unexpected(s);
	if (r > 0)
		r = scan_either(s, &other);
	if (r < 0)
		return r;
	if (other.has_from && (!ret->has_from || is_before(other.from, ret->from)))
		ret->from = other.from;
	if (other.has_to && (!ret->has_to || is_before(ret->to, other.to)))
		ret->to = other.to;
	ret->has_from |= other.has_from;
	ret->has_to |= other.has_to;
	return 1;
}

static int scan_moment(struct scanner *s, struct range *ret)
{
	struct point point;
	int r = scan_point(s, &point);

	if (r <= 0)
		return r;
	unit_range(point.tm, point.has_clock ? MINUTE : DAY, 0, ret);
	if (point.has_seconds) {
		ret->from = ret->to = point.tm;
		ret->to.tm_sec++;
	}
	return 1;
}

static int64_t microseconds(struct tm tm)
{
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * USEC;
}

int select_started(
	const char *range, int64_t now, int64_t *ret_from, int64_t *ret_to, struct err *err)
{
	static int (*const forms[])(struct scanner *, struct range *) = {
		scan_between, scan_side, scan_last, scan_moment, scan_unit_range};
	struct scanner s = {.text = range, .at = range, .err = err};
	time_t seconds = (time_t)(now / USEC);
	struct range found = {0};
	int r = 0;

	localtime_r(&seconds, &s.now);
	skip(&s, 0);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(forms); i++)
		r = forms[i](&s, &found);
	if (r < 0)
		return r;
	if (r == 0 || *s.at)
		return unexpected(&s);
	*ret_from = found.has_from ? microseconds(found.from) : INT64_MIN;
	*ret_to = found.has_to ? microseconds(found.to) : INT64_MAX;
	return 0;
}

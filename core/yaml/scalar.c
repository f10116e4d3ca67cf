/* SPDX-License-Identifier: MIT */
/*
 * The implicit resolvers of YAML 1.1 as PyYAML has them, and Guild AI's additional float
 * (reference, section 0), as a table of patterns; and numbers as Python prints them.
 */
#include "yaml/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct value *(*scalar_make)(const char *text);

static struct value *make_null(const char *text);
static struct value *make_bool(const char *text);
static struct value *make_int(const char *text);
static struct value *make_float(const char *text);
static struct value *make_date(const char *text);

static struct resolver {
	const char *pattern;
	scalar_make make;
	regex_t compiled;
} resolvers[] = {
	{"^(~|null|Null|NULL)$", make_null, {0}},
	{"^(yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$",
		make_bool, {0}},
	{"^[-+]?(0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(:[0-5]?[0-9])+)$",
		make_int, {0}},
	{"^([-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+]?[0-9]+)?"
	 "|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
	 "|\\.[0-9_]+([eE][-+][0-9]+)?"
	 "|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*"
	 "|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN))$",
		make_float, {0}},
	{"^([0-9]{4}-[0-9]{2}-[0-9]{2}"
	 "|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\\.[0-9]*)?"
	 "([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?)$",
		make_date, {0}},
};

static pthread_once_t compiled = PTHREAD_ONCE_INIT;

static void compile_resolvers(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(resolvers); i++)
		regcomp(&resolvers[i].compiled, resolvers[i].pattern, REG_EXTENDED | REG_NOSUB);
}

/* First characters that any of the patterns can start with. */
#define RESOLVED_FIRST "~nNyYtTfFoO-+.0123456789"

/* NULL: a string, by its looks. */
static const struct resolver *find_resolver(const char *text, size_t len)
{
	if (!len || !strchr(RESOLVED_FIRST, text[0]) || strlen(text) != len)
		return NULL;
	pthread_once(&compiled, compile_resolvers);
	for (size_t i = 0; i < ARRAY_SIZE(resolvers); i++)
		if (regexec(&resolvers[i].compiled, text, 0, NULL, 0) == 0)
			return &resolvers[i];
	return NULL;
}

struct value *scalar_resolve(const char *text, size_t len)
{
	const struct resolver *resolver = find_resolver(text, len);

	if (!len)
		return value_null();
	return resolver ? resolver->make(text) : value_string_len(text, len);
}

bool scalar_is_string(const char *text)
{
	return *text && !find_resolver(text, strlen(text)) && strcmp(text, "=") != 0 &&
	       strcmp(text, "<<") != 0;
}

static struct value *make_null(const char *text)
{
	(void)text;
	return value_null();
}

static struct value *make_bool(const char *text)
{
	int second = tolower((unsigned char)text[1]);
	int first = tolower((unsigned char)text[0]);

	/* yes true on, against no false off */
	return value_bool(first == 'y' || first == 't' || (first == 'o' && second == 'n'));
}

static struct value *make_date(const char *text)
{
	struct value *v = value_string(text);

	if (!v)
		return NULL;
	v->type = VALUE_DATE;
	/* A tab could not be written again without quotes. */
	for (char *c = v->string; *c; c++)
		if (*c == '\t')
			*c = ' ';
	return v;
}

static char *without_underscores(const char *text)
{
	char *out = strdup(text), *to = out;

	for (const char *from = text; out && *from; from++)
		if (*from != '_')
			*to++ = *from;
	if (out)
		*to = '\0';
	return out;
}

/* The number of these decimal digits; beyond 64 bits they stay digits. */
static struct value *int_from_decimal(const char *digits, bool negative)
{
	_cleanup_free_ char *text = NULL;
	struct value *v;
	int64_t i;

	digits += strspn(digits, "0");
	if (asprintf(&text, "%s%s", negative && *digits ? "-" : "", *digits ? digits : "0") < 0)
		return NULL;
	errno = 0;
	i = strtoll(text, NULL, 10);
	if (errno != ERANGE)
		return value_int(i);
	v = value_string(text);
	if (v)
		v->type = VALUE_BIGINT;
	return v;
}

/* Appends one digit to a number whose decimal digits stand in `number`, the lowest first. */
static void push_digit(struct buf *number, int base, int digit)
{
	int carry = digit;

	for (size_t i = 0; i < number->len; i++) {
		carry += (number->data[i] - '0') * base;
		number->data[i] = (char)('0' + carry % 10);
		carry /= 10;
	}
	for (; carry; carry /= 10)
		buf_putc(number, (char)('0' + carry % 10));
}

static int digit_of(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Digits in any base, with parts in base 60 after colons: 1:30:00. */
static struct value *int_from_digits(const char *digits, int base, bool negative)
{
	_cleanup_buf_ struct buf number = BUF_INIT;

	while (*digits) {
		if (*digits == ':')
			push_digit(&number, 60, (int)strtol(digits + 1, (char **)&digits, 10));
		else
			push_digit(&number, base, digit_of(*digits++));
	}
	for (size_t i = 0, j = number.len; i + 1 < j; i++) {
		char low = number.data[i];

		number.data[i] = number.data[--j];
		number.data[j] = low;
	}
	return buf_error(&number) ? NULL : int_from_decimal(buf_str(&number), negative);
}

/* Conversion takes the square of the length; nobody writes numbers that long by hand. */
enum { CONVERTED_MAX = 1000 };

static struct value *make_int(const char *text)
{
	_cleanup_free_ char *clean = without_underscores(text);
	const char *digits = clean;
	bool negative;
	int base = 10;

	if (!clean)
		return NULL;
	negative = *digits == '-';
	digits += *digits == '-' || *digits == '+';
	if (digits[0] == '0' && digits[1]) {
		base = digits[1] == 'b' ? 2 : digits[1] == 'x' ? 16 : 8;
		digits += base == 8 ? 1 : 2;
	}
	if (base == 10 && !strchr(digits, ':'))
		return int_from_decimal(digits, negative);
	if (!*digits || strlen(digits) > CONVERTED_MAX)
		return value_string(text);
	return int_from_digits(digits, base, negative);
}

static double sexagesimal_float(const char *digits)
{
	double total = 0;

	for (;;) {
		char *end;

		total = total * 60 + strtod(digits, &end);
		if (*end != ':')
			return total;
		digits = end + 1;
	}
}

static struct value *make_float(const char *text)
{
	_cleanup_free_ char *clean = without_underscores(text);
	const char *digits = clean;
	double sign = 1;

	if (!clean)
		return NULL;
	if (*digits == '-')
		sign = -1;
	if (*digits == '-' || *digits == '+')
		digits++;
	if (strcmp(digits, ".") == 0) /* "._" */
		return value_string(text);
	if (*digits == '.' && isalpha((unsigned char)digits[1]))
		return value_float(
			tolower((unsigned char)digits[1]) == 'i' ? sign * HUGE_VAL : NAN);
	return value_float(
		sign * (strchr(digits, ':') ? sexagesimal_float(digits) : strtod(digits, NULL)));
}

/* --- the command line ----------------------------------------------------- */

#define WHITE " \t\n\r\f\v"

static const char *skip_sign(const char *s)
{
	return s + (*s == '-' || *s == '+');
}

/* Python's int(): decimal digits with a sign; leading zeros are fine. */
static struct value *python_int(const char *text)
{
	const char *digits = skip_sign(text);

	if (!*digits || strspn(digits, "0123456789") != strlen(digits))
		return NULL;
	return int_from_decimal(digits, *text == '-');
}

/* Python's float(): no hexadecimal, but inf, infinity and nan in any case. */
static struct value *python_float(const char *text)
{
	const char *digits = skip_sign(text);
	char *end;
	double d;

	if (!*digits || isspace((unsigned char)*digits) || strchr(digits, '(') ||
		strpbrk(digits, "xX"))
		return NULL;
	d = strtod(text, &end);
	return *end ? NULL : value_float(d);
}

static bool is_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_FLOAT || v->type == VALUE_BIGINT;
}

/* Without white space at either end, as Python's numbers and YAML's plain scalars are read. */
static char *trimmed(const char *text)
{
	size_t len;

	text += strspn(text, WHITE);
	len = strlen(text);
	while (len && strchr(WHITE, text[len - 1]))
		len--;
	return strndup(text, len);
}

struct value *scalar_decode(const char *text)
{
	_cleanup_free_ char *word = NULL;
	struct value *v;

	if (!*text)
		return value_string("");
	word = trimmed(text);
	if (!word)
		return NULL;
	v = python_int(word);
	if (!v)
		v = python_float(word);
	if (!v)
		v = scalar_resolve(word, strlen(word));
	/* 1_000 and 1:30 are far more often names or times than numbers. */
	if (v && is_number(v) && strpbrk(text, "_:")) {
		value_free(v);
		v = value_string(text);
	}
	return v;
}

/* --- numbers as text ------------------------------------------------------ */

enum { DIGITS_MAX = 17, FIXED_LOW = -4, FIXED_HIGH = 16 };

/* Any 15 digits are those of the double that they read as, but for the very smallest. */
enum { DIGITS_SURE = 15 };
#define SURE_LOW 1e-290

/* The next number with as many digits; false: it would need one more. */
static bool count_up(char *text)
{
	for (char *s = strchr(text, 'e') - 1; s >= text; s--) {
		if (*s == '.')
			continue;
		if (*s != '9') {
			++*s;
			return true;
		}
		*s = '0';
	}
	return false;
}

static bool reads_as(const char *text, double d)
{
	return strtod(text, NULL) == d;
}

/*
 * Shortest decimal digits that read back as d (positive, finite), and the exponent of the first.
 * Where DIGITS_SURE digits read back, the shortest are these without their zeros. Numbers above a
 * power of two are twice as far apart as those below: then the nearest digits may read as the one
 * below, and the next ones as d.
 */
static int shortest_digits(double d, char digits[DIGITS_MAX + 1], int *ret_exponent)
{
	bool is_power = frexp(d, &(int){0}) == 0.5;
	int precision = d < SURE_LOW ? 0 : DIGITS_SURE - 1;
	char text[64];
	int n = 0;

	for (; precision < DIGITS_MAX; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, d);
		if (reads_as(text, d) || (is_power && count_up(text) && reads_as(text, d)))
			break;
	}
	for (const char *s = text; *s && *s != 'e'; s++)
		if (isdigit((unsigned char)*s))
			digits[n++] = *s;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	*ret_exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	return n;
}

static void format_fixed(struct buf *b, const char *digits, int n, int exponent)
{
	if (exponent < 0) {
		buf_puts(b, "0.");
		for (int i = exponent + 1; i < 0; i++)
			buf_putc(b, '0');
		buf_puts(b, digits);
		return;
	}
	for (int i = 0; i <= exponent; i++)
		buf_putc(b, i < n ? digits[i] : '0');
	buf_putc(b, '.');
	buf_puts(b, n > exponent + 1 ? digits + exponent + 1 : "0");
}

static void format_float(struct buf *b, double d, bool yaml)
{
	char digits[DIGITS_MAX + 1];
	int n, exponent;

	if (isnan(d) || isinf(d)) {
		buf_printf(b, "%s%s%s", isinf(d) && d < 0 ? "-" : "", yaml ? "." : "",
			isnan(d) ? "nan" : "inf");
		return;
	}
	if (signbit(d))
		buf_putc(b, '-');
	d = fabs(d);
	if (d == 0) {
		buf_puts(b, "0.0");
		return;
	}
	n = shortest_digits(d, digits, &exponent);
	if (exponent >= FIXED_LOW && exponent < FIXED_HIGH) {
		format_fixed(b, digits, n, exponent);
		return;
	}
	buf_putc(b, digits[0]);
	if (n > 1)
		buf_printf(b, ".%s", digits + 1);
	else if (yaml)
		buf_puts(b, ".0"); /* without a point YAML 1.1 reads a string */
	buf_printf(b, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

void scalar_format_float(struct buf *b, double d)
{
	format_float(b, d, false);
}

void scalar_format_float_yaml(struct buf *b, double d)
{
	format_float(b, d, true);
}

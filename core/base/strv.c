/* SPDX-License-Identifier: MIT */
/* A vector of strings with a NULL behind the last one. */
#include "base/strv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void strv_release(struct strv *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = STRV_INIT;
}

/* Takes item over, also when it fails. Capacity is the next power of two above n. */
static int add_owned(struct strv *s, char *item)
{
	char **grown;

	if (!item)
		return -ENOMEM;
	if (s->n == 0 || ((s->n + 1) & s->n) == 0) {
		grown = reallocarray(s->v, (s->n + 1) * 2, sizeof(*grown));
		if (!grown) {
			free(item);
			return -ENOMEM;
		}
		s->v = grown;
	}
	s->v[s->n++] = item;
	s->v[s->n] = NULL;
	return 0;
}

int strv_add(struct strv *s, const char *item)
{
	return add_owned(s, strdup(item));
}

int strv_add_len(struct strv *s, const char *item, size_t len)
{
	return add_owned(s, strndup(item, len));
}

int strv_addf(struct strv *s, const char *format, ...)
{
	char *item = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&item, format, ap);
	va_end(ap);
	return n < 0 ? -ENOMEM : add_owned(s, item);
}

int strv_copy(struct strv *to, const struct strv *from)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n; i++)
		r = strv_add(to, from->v[i]);
	return r;
}

bool strv_has(const struct strv *s, const char *item)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i], item) == 0)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool strv_has_sorted(const struct strv *sorted, const char *item)
{
	return sorted->n && bsearch(&item, sorted->v, sorted->n, sizeof(*sorted->v), compare);
}

void strv_sort(struct strv *s)
{
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), compare);
}

void strv_unique(struct strv *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (kept && strcmp(s->v[kept - 1], s->v[i]) == 0)
			free(s->v[i]);
		else
			s->v[kept++] = s->v[i];
	}
	s->n = kept;
	if (s->v)
		s->v[kept] = NULL;
}

static size_t env_index(const struct strv *env, const char *name)
{
	size_t len = strlen(name), i = 0;

	while (i < env->n && (strncmp(env->v[i], name, len) != 0 || env->v[i][len] != '='))
		i++;
	return i;
}

int strv_env_set(struct strv *env, const char *name, const char *value)
{
	size_t i = env_index(env, name);
	char *item = NULL;

	if (asprintf(&item, "%s=%s", name, value) < 0)
		return -ENOMEM;
	if (i == env->n)
		return add_owned(env, item);
	free(env->v[i]);
	env->v[i] = item;
	return 0;
}

void strv_env_unset(struct strv *env, const char *name)
{
	size_t i = env_index(env, name);

	if (i == env->n)
		return;
	free(env->v[i]);
	memmove(&env->v[i], &env->v[i + 1], (env->n - i) * sizeof(*env->v));
	env->n--;
}

const char *strv_env_get(const struct strv *env, const char *name)
{
	size_t i = env_index(env, name);

	return i == env->n ? NULL : strchr(env->v[i], '=') + 1;
}

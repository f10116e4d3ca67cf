/* SPDX-License-Identifier: MIT */
/* Selecting by regular expressions. */
#include "run/deps_select.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/regex.h"
#include "run/attr.h"

static int list_below(int dirfd, const char *dir, bool all, struct strv *ret)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = file_names(dirfd, *dir ? dir : ".", &names);

	if (r < 0)
		return r == -ENOTDIR ? 0 : r;
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;
		struct stat st;

		if (!all && !*dir && strcmp(names.v[i], RUN_GUILD_DIR) == 0)
			continue;
		if (*dir)
			buf_printf(&path, "%s/", dir);
		buf_puts(&path, names.v[i]);
		r = strv_add(ret, buf_str(&path));
		if (r == 0 && fstatat(dirfd, buf_str(&path), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode))
			r = list_below(dirfd, buf_str(&path), all, ret);
	}
	return r;
}

int deps_list_tree(int dirfd, bool all, struct strv *ret)
{
	int r = list_below(dirfd, "", all, ret);

	strv_sort(ret);
	return r;
}

/* The number in group 1; false when there is none. */
static bool number_of(const struct regex_match *m, double *ret)
{
	char text[64], *end;

	if (m->n < 2 || !m->group[1].start || !m->group[1].len || m->group[1].len >= sizeof(text))
		return false;
	memcpy(text, m->group[1].start, m->group[1].len);
	text[m->group[1].len] = '\0';
	*ret = strtod(text, &end);
	return *end == '\0';
}

static int select_by(
	const struct select_spec *spec, const struct strv *all, struct strv *ret, struct err *err)
{
	_cleanup_buf_ struct buf pattern = BUF_INIT;
	_cleanup_regex_ struct regex *regex = NULL;
	const char *best = NULL;
	double best_number = 0;
	int r;

	buf_printf(&pattern, "\\A(?:%s)\\Z", spec->pattern);
	r = regex_compile(buf_str(&pattern), &regex, err);
	for (size_t i = 0; r == 0 && i < all->n; i++) {
		struct regex_match m;
		double number;

		if (!regex_search(regex, all->v[i], &m))
			continue;
		if (spec->reduce == SELECT_EVERY) {
			r = strv_add(ret, all->v[i]);
		} else if (number_of(&m, &number) &&
			   (!best || (spec->reduce == SELECT_MIN ? number < best_number
								 : number > best_number))) {
			best = all->v[i];
			best_number = number;
		}
	}
	return r == 0 && best ? strv_add(ret, best) : r;
}

int deps_select(
	const struct source *source, const struct strv *all, struct strv *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < source->n_selects; i++)
		r = select_by(&source->selects[i], all, ret, err);
	strv_sort(ret);
	strv_unique(ret);
	return r;
}

int deps_top_level(const struct strv *paths, struct strv *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->n; i++)
		if (strncmp(paths->v[i], ".guild", 6) != 0)
			r = strv_add_len(ret, paths->v[i], strcspn(paths->v[i], "/"));
	strv_sort(ret);
	strv_unique(ret);
	return r;
}

/* SPDX-License-Identifier: MIT */
/*
 * libarchive converts names to the locale of the thread; ours are UTF-8 whatever that is. For the
 * length of a scope:
 *
 *	UTF8_LOCALE_SCOPE;
 */
#ifndef FETCH_UTF8_LOCALE_H
#define FETCH_UTF8_LOCALE_H

#include <locale.h>

#include "base/cleanup.h"

struct utf8_locale {
	locale_t own, before;
};

static inline struct utf8_locale utf8_locale_enter(void)
{
	struct utf8_locale l = {.own = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0)};

	l.before = l.own ? uselocale(l.own) : (locale_t)0;
	return l;
}

static inline void utf8_locale_leave(struct utf8_locale *l)
{
	if (!l->own)
		return;
	uselocale(l->before);
	freelocale(l->own);
}

#define UTF8_LOCALE_SCOPE                                                                          \
	_cleanup_(utf8_locale_leave) __attribute__((unused)) struct utf8_locale utf8_locale_ =     \
		utf8_locale_enter()

#endif

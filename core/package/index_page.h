/* SPDX-License-Identifier: MIT */
/*
 * Pages of simple package indexes (PEP 503, 691): the list of projects, or the files of one, as
 * HTML or JSON.
 *
 * The caller releases *ret, also after an error. Errors: -EINVAL with a sentence for what is no
 * such page; -ENOMEM, -ELIBACC.
 */
#ifndef PACKAGE_INDEX_PAGE_H
#define PACKAGE_INDEX_PAGE_H

#include <stdbool.h>

#include "base/err.h"
#include "fetch/page.h"

struct index_link {
	char *name;         /* of the project or file */
	char *url;          /* absolute, without fragment */
	char *sha256;       /* of the file; "" not said */
	bool yanked;        /* its author does not want it used any more */
	bool has_metadata;  /* URL.metadata is what it says of itself (PEP 658) */
	char *metadata_sha; /* of that; "" not said */
};

struct index_page {
	struct index_link *v;
	size_t n, cap;
};

int index_page_parse(const struct page *page, struct index_page *ret, struct err *err);
void index_page_release(struct index_page *page);

#endif

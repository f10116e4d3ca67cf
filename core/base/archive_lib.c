/* SPDX-License-Identifier: MIT */
/* The names in libarchive.so. */
#define ARCHIVE_LIB_PRIVATE
#include "base/archive_lib.h"

#include "base/cleanup.h"
#include "base/lazy_lib.h"

struct archive_functions archive_functions;

#define NAME(name) #name,
static const char *const names[] = {ARCHIVE_FUNCTIONS(NAME)};

static struct lazy_lib library = {
	.file = "libarchive.so.13",
	.names = names,
	.n = ARRAY_SIZE(names),
	.functions = &archive_functions,
};

int archive_lib_load(struct err *err)
{
	return lazy_lib_load(&library, err);
}

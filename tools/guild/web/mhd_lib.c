/* SPDX-License-Identifier: MIT */
/* The names in libmicrohttpd.so. */
#include "web/mhd_lib.h"

#include "base/cleanup.h"
#include "base/lazy_lib.h"

struct mhd_functions mhd;

#define NAME(name) #name,
static const char *const names[] = {MHD_FUNCTIONS(NAME)};

static struct lazy_lib library = {
	.file = "libmicrohttpd.so.12",
	.names = names,
	.n = ARRAY_SIZE(names),
	.functions = &mhd,
};

int mhd_lib_load(struct err *err)
{
	return lazy_lib_load(&library, err);
}

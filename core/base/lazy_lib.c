/* SPDX-License-Identifier: MIT */
/* Functions, looked up by name. */
#include "base/lazy_lib.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int lazy_lib_load(struct lazy_lib *lib, struct err *err)
{
	LOCK_SCOPE(&lock);
	void *library;

	if (lib->loaded)
		return 0;
	library = dlopen(lib->file, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return err_set(err, -ELIBACC,
			"the library %s cannot be loaded: is its package installed?", lib->file);
	for (size_t i = 0; i < lib->n; i++) {
		void *function = dlsym(library, lib->names[i]);

		if (!function)
			return err_set(err, -ELIBACC, "the library %s is too old: it has no %s",
				lib->file, lib->names[i]);
		/* A pointer to a function is as long as one to data; C has no cast for it. */
		memcpy((char *)lib->functions + i * sizeof(function), &function, sizeof(function));
	}
	lib->loaded = true;
	return 0;
}

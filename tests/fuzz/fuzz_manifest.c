/* SPDX-License-Identifier: MIT */
/* Manifests: reading any, and taking the lines of one type out leaves the others as they were. */
#include <errno.h>
#include <string.h>

#include "fuzz_dir.h"
#include "run/manifest.h"

/* A run directory of our own, in memory where that is possible. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_dir();
	MUST(mkdirat(dir_fd, ".guild", 0700) == 0);
	return 0;
}

static void write_manifest(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd =
		openat(dir_fd, ".guild/manifest", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0 && file_write_all(fd, data, size) == 0);
}

static bool equal(const struct strv *a, const struct strv *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return a->n == b->n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_strv_ struct strv code = STRV_INIT, deps = STRV_INIT;
	_cleanup_strv_ struct strv paths = STRV_INIT, sources = STRV_INIT;
	_cleanup_strv_ struct strv left = STRV_INIT, none = STRV_INIT;

	write_manifest(data, size);
	MUST(manifest_paths(dir_fd, 's', &code) == 0);
	MUST(manifest_paths(dir_fd, 'd', &deps) == 0);
	MUST(manifest_sources(dir_fd, &paths, &sources) == 0);
	MUST(equal(&code, &paths) && paths.n == sources.n);
	MUST(manifest_remove(dir_fd, 'd') == 0);
	MUST(manifest_paths(dir_fd, 'd', &none) == 0 && !none.n);
	MUST(manifest_paths(dir_fd, 's', &left) == 0 && equal(&left, &code));
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Feeds files to a fuzz target, without libFuzzer: to look at what it found with any compiler.
 *
 *	make build/replay/fuzz_yaml && build/replay/fuzz_yaml tests/fuzz/corpus/fuzz_yaml/...
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "fuzz.h"

enum { INPUT_MAX = 64 * 1024 * 1024 };

/* For targets that have nothing to prepare. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;
		_cleanup_free_ uint8_t *exact = NULL;
		int r = file_read(AT_FDCWD, argv[i], INPUT_MAX, &text);

		if (r < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
			return 2;
		}
		/* Of its exact size, so that a sanitizer sees what reads beyond. */
		exact = malloc(text.len ? text.len : 1);
		if (!exact)
			return 2;
		memcpy(exact, buf_str(&text), text.len);
		fprintf(stderr, "%s\n", argv[i]);
		LLVMFuzzerTestOneInput(exact, text.len);
	}
	return 0;
}

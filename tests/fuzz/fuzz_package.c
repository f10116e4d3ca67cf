/* SPDX-License-Identifier: MIT */
/*
 * What packages say of themselves: METADATA and RECORD, which are the two halves of the input, and
 * what an index says of them. Any can be read, and the paths of a record are the same when they are
 * written again.
 */
#include <string.h>

#include "base/version.h"
#include "fuzz_dir.h"
#include "package/index_page.h"
#include "package/installed.h"
#include "package/record.h"

/* A directory of installed packages, in memory where that is possible. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_dir();
	MUST(mkdirat(dir_fd, "p-1.dist-info", 0700) == 0);
	return 0;
}

static void write_text(const char *path, const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd =
		openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0 && file_write_all(fd, data, size) == 0);
}

static int add_path(void *arg, const char *path, const char *digest)
{
	MUST(*path && digest);
	return strv_add(arg, path);
}

static void write_record(struct buf *b, const struct strv *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		buf_putc(b, '"');
		for (const char *c = paths->v[i]; *c; c++) {
			buf_putc(b, *c);
			if (*c == '"')
				buf_putc(b, *c);
		}
		buf_puts(b, "\",sha256=x,1\r\n");
	}
}

static void read_headers(const struct dist *dist)
{
	_cleanup_value_ struct value *headers = NULL;

	MUST(dist_headers(dist, &headers) == 0 && headers->type == VALUE_MAP);
	for (size_t i = 0; i < headers->map.n; i++)
		MUST(metadata_header(headers, headers->map.pairs[i].key));
	metadata_is_guild(headers);
}

static int see_operation(void *arg, const char *operation, const char *description)
{
	(void)arg;
	MUST(operation && description);
	return 0;
}

/* Version and operations, and the same text as a page of an index. */
static void read_for_search(const uint8_t *data, size_t size)
{
	_cleanup_page_ struct page page = {0};
	_cleanup_value_ struct value *headers = NULL;
	struct index_page links;
	const char *description;

	buf_add(&page.text, data, size);
	buf_puts(&page.url, "http://h/");
	MUST(metadata_read(buf_str(&page.text), &headers, &description) == 0);
	MUST(metadata_operations(description, see_operation, NULL) == 0);
	MUST(version_compare(metadata_header(headers, "version"), description) ==
		-version_compare(description, metadata_header(headers, "version")));
	MUST(index_page_parse(&page, &links, NULL) == 0);
	index_page_release(&links);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct dist dist = {.name = (char[]){"p"},
		.version = (char[]){"1"},
		.site = dir,
		.info = (char[]){"p-1.dist-info"}};
	_cleanup_strv_ struct strv paths = STRV_INIT, again = STRV_INIT;
	_cleanup_buf_ struct buf record = BUF_INIT;

	write_text("p-1.dist-info/METADATA", data, size / 2);
	write_text("p-1.dist-info/RECORD", data + size / 2, size - size / 2);
	read_headers(&dist);
	read_for_search(data, size / 2);
	MUST(dist_files(&dist, &paths) == 0);
	write_record(&record, &paths);
	MUST(record_each(buf_str(&record), add_path, &again) == 0 && again.n == paths.n);
	for (size_t i = 0; i < paths.n; i++)
		MUST(strcmp(paths.v[i], again.v[i]) == 0);
	return 0;
}

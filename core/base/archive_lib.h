/* SPDX-License-Identifier: MIT */
/*
 * libarchive, loaded when it is first needed (base/lazy_lib.h): with it come more than ten other
 * libraries, an XML parser with all of Unicode among them. Included instead of <archive.h>; its
 * functions are called by their names as ever, after archive_lib_load() has said 0. A new one needs
 * a line in both lists.
 *
 * Thread safe.
 */
#ifndef BASE_ARCHIVE_LIB_H
#define BASE_ARCHIVE_LIB_H

#include <archive.h>
#include <archive_entry.h>

#include "base/err.h"

/* clang-format off */
#define ARCHIVE_FUNCTIONS(X)                                                                       \
	X(archive_entry_filetype) \
	X(archive_entry_free) \
	X(archive_entry_hardlink) \
	X(archive_entry_is_encrypted) \
	X(archive_entry_mtime) \
	X(archive_entry_mtime_is_set) \
	X(archive_entry_mtime_nsec) \
	X(archive_entry_new) \
	X(archive_entry_pathname) \
	X(archive_entry_pathname_utf8) \
	X(archive_entry_perm) \
	X(archive_entry_set_filetype) \
	X(archive_entry_set_mtime) \
	X(archive_entry_set_pathname) \
	X(archive_entry_set_perm) \
	X(archive_entry_set_size) \
	X(archive_entry_size) \
	X(archive_entry_size_is_set) \
	X(archive_entry_symlink) \
	X(archive_errno) \
	X(archive_error_string) \
	X(archive_filter_bytes) \
	X(archive_filter_code) \
	X(archive_format) \
	X(archive_read_data) \
	X(archive_read_data_block) \
	X(archive_read_data_skip) \
	X(archive_read_free) \
	X(archive_read_new) \
	X(archive_read_next_header) \
	X(archive_read_open_fd) \
	X(archive_read_support_filter_bzip2) \
	X(archive_read_support_filter_compress) \
	X(archive_read_support_filter_gzip) \
	X(archive_read_support_filter_lzma) \
	X(archive_read_support_filter_xz) \
	X(archive_read_support_filter_zstd) \
	X(archive_read_support_format_empty) \
	X(archive_read_support_format_raw) \
	X(archive_read_support_format_tar) \
	X(archive_read_support_format_zip_seekable) \
	X(archive_version_details) \
	X(archive_write_close) \
	X(archive_write_data) \
	X(archive_write_free) \
	X(archive_write_header) \
	X(archive_write_new) \
	X(archive_write_open_fd) \
	X(archive_write_set_format_zip) \
	X(archive_write_set_options)
/* clang-format on */

#define ARCHIVE_POINTER(name) __typeof__(name) *name;
struct archive_functions {
	ARCHIVE_FUNCTIONS(ARCHIVE_POINTER)
};
extern struct archive_functions archive_functions;

/* 0, or -ELIBACC with a sentence: the library is not there. */
int archive_lib_load(struct err *err);

#ifndef ARCHIVE_LIB_PRIVATE
#define archive_entry_filetype               archive_functions.archive_entry_filetype
#define archive_entry_free                   archive_functions.archive_entry_free
#define archive_entry_hardlink               archive_functions.archive_entry_hardlink
#define archive_entry_is_encrypted           archive_functions.archive_entry_is_encrypted
#define archive_entry_mtime                  archive_functions.archive_entry_mtime
#define archive_entry_mtime_is_set           archive_functions.archive_entry_mtime_is_set
#define archive_entry_mtime_nsec             archive_functions.archive_entry_mtime_nsec
#define archive_entry_new                    archive_functions.archive_entry_new
#define archive_entry_pathname               archive_functions.archive_entry_pathname
#define archive_entry_pathname_utf8          archive_functions.archive_entry_pathname_utf8
#define archive_entry_perm                   archive_functions.archive_entry_perm
#define archive_entry_set_filetype           archive_functions.archive_entry_set_filetype
#define archive_entry_set_mtime              archive_functions.archive_entry_set_mtime
#define archive_entry_set_pathname           archive_functions.archive_entry_set_pathname
#define archive_entry_set_perm               archive_functions.archive_entry_set_perm
#define archive_entry_set_size               archive_functions.archive_entry_set_size
#define archive_entry_size                   archive_functions.archive_entry_size
#define archive_entry_size_is_set            archive_functions.archive_entry_size_is_set
#define archive_entry_symlink                archive_functions.archive_entry_symlink
#define archive_errno                        archive_functions.archive_errno
#define archive_error_string                 archive_functions.archive_error_string
#define archive_filter_bytes                 archive_functions.archive_filter_bytes
#define archive_filter_code                  archive_functions.archive_filter_code
#define archive_format                       archive_functions.archive_format
#define archive_read_data                    archive_functions.archive_read_data
#define archive_read_data_block              archive_functions.archive_read_data_block
#define archive_read_data_skip               archive_functions.archive_read_data_skip
#define archive_read_free                    archive_functions.archive_read_free
#define archive_read_new                     archive_functions.archive_read_new
#define archive_read_next_header             archive_functions.archive_read_next_header
#define archive_read_open_fd                 archive_functions.archive_read_open_fd
#define archive_read_support_filter_bzip2    archive_functions.archive_read_support_filter_bzip2
#define archive_read_support_filter_compress archive_functions.archive_read_support_filter_compress
#define archive_read_support_filter_gzip     archive_functions.archive_read_support_filter_gzip
#define archive_read_support_filter_lzma     archive_functions.archive_read_support_filter_lzma
#define archive_read_support_filter_xz       archive_functions.archive_read_support_filter_xz
#define archive_read_support_filter_zstd     archive_functions.archive_read_support_filter_zstd
#define archive_read_support_format_empty    archive_functions.archive_read_support_format_empty
#define archive_read_support_format_raw      archive_functions.archive_read_support_format_raw
#define archive_read_support_format_tar      archive_functions.archive_read_support_format_tar
#define archive_read_support_format_zip_seekable                                                   \
	archive_functions.archive_read_support_format_zip_seekable
#define archive_version_details      archive_functions.archive_version_details
#define archive_write_close          archive_functions.archive_write_close
#define archive_write_data           archive_functions.archive_write_data
#define archive_write_free           archive_functions.archive_write_free
#define archive_write_header         archive_functions.archive_write_header
#define archive_write_new            archive_functions.archive_write_new
#define archive_write_open_fd        archive_functions.archive_write_open_fd
#define archive_write_set_format_zip archive_functions.archive_write_set_format_zip
#define archive_write_set_options    archive_functions.archive_write_set_options
#endif

#endif

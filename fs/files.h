/* SPDX-License-Identifier: MIT */
/*
 * The kinds of files: what opening, writing, flushing and closing means for each kind of row.
 *
 *	texts		printed once at open; the handle reads that
 *	store files	a descriptor of the file behind; passthrough where the kernel allows it
 *	documents	collected, stored as a whole at flush (or at each line, ROW_EAGER)
 *	verbs		executed line by line inside write
 *	flags files	fs/flags_file.h
 *	scratch files	fs/scratch.h; under a flags name also a flags file
 *	wheels		fs/wheel_file.h
 *	wait, events	read by the adapter, which can hold a request
 */
#ifndef FS_FILES_H
#define FS_FILES_H

#include "handle.h"

/* For an open with these flags; NULL with *ret_error (negative) when it may not be opened so. */
const struct file_kind *file_kind_of(const struct place *p, int flags, int *ret_error);

extern const struct file_kind file_document, file_verbs, file_flags, file_scratch, file_dropped;

/* Longest text that a document takes. */
#define DOCUMENT_MAX ((size_t)1 << 20)
/* Longest line of verbs. */
#define VERBS_MAX 4096

#endif

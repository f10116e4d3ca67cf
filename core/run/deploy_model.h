/* SPDX-License-Identifier: MIT */
/*
 * The model that a run has saved, among its files: a SavedModel (a directory), Keras's .keras and
 * .h5, ONNX, PyTorch's .pt. No link is followed: what it leads to is another run's.
 *
 * Errors, with a sentence: -ENOENT (there is none), -E2BIG (several that are as good), -EINVAL (it
 * is not what its name says), and those of reading.
 */
#ifndef RUN_DEPLOY_MODEL_H
#define RUN_DEPLOY_MODEL_H

#include "base/buf.h"
#include "base/err.h"

enum model_format {
	MODEL_SAVED,
	MODEL_KERAS,
	MODEL_ONNX,
	MODEL_H5,
	MODEL_TORCH,
	MODEL_FORMATS,
	MODEL_OTHER = MODEL_FORMATS, /* found by a pattern */
};

/* For people. */
const char *model_format_name(enum model_format format);
enum model_format model_format_of(int dirfd, const char *path);

/*
 * Appends the path from the run directory. `pattern` (NULL: any model) is one of shells, against
 * the path of a file or directory. `formats` are bits, 1 << format, of what is of use; of several
 * found the first format in the order above is taken. `run` names it in sentences.
 */
int model_find(int run_fd, const char *run, const char *pattern, unsigned formats,
	struct buf *ret_path, struct err *err);
/* That a file or directory has the content that its name promises; others are taken as they are. */
int model_check(int dirfd, const char *path, struct err *err);

#endif

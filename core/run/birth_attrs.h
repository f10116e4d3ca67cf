/* SPDX-License-Identifier: MIT */
/*
 * What a new run's directory says of itself: every file that is written before its first process
 * (reference, 3.5). Part of core/run/birth.h; nobody else knows these directories yet, so that
 * files are written in place.
 */
#ifndef RUN_BIRTH_ATTRS_H
#define RUN_BIRTH_ATTRS_H

#include "run/birth.h"

int birth_write_attrs(const struct birth_spec *spec, const char *id, int dir_fd, struct err *err);
/* What a restart changes, over what is there. */
int birth_rewrite_attrs(const struct birth_spec *spec, int run_fd, struct err *err);
/* From the template in the `op` attribute; without text there is none. */
int birth_write_label(const struct value *op, const struct value *flags, int dir_fd);
/* "" when there is no source code. */
int birth_write_digest(int dir_fd, const char *digest);
/* ENV, which Guild AI starts staged runs with: export lines, mode 0600. */
int birth_write_env(const struct birth_spec *spec, int dir_fd);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Whether a wheel is what it says, before anything of it is installed: it is unpacked aside, under
 * the limits of fetch/archive.h, and each file is held against the digest in its RECORD, which
 * installers do not do.
 *
 * -EINVAL with a sentence that names the wheel and the member: paths that lead out, links, damage,
 * absurd sizes, a wrong or missing digest, a file that is recorded and not there. Other errors are
 * those of reading and writing, with a sentence, too.
 */
#ifndef PACKAGE_WHEEL_CHECK_H
#define PACKAGE_WHEEL_CHECK_H

#include "base/err.h"

/* `aside`: a directory in which a temporary one can be made. */
int wheel_check(const char *path, const char *aside, struct err *err);

#endif

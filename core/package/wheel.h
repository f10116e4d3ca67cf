/* SPDX-License-Identifier: MIT */
/*
 * Building a wheel (PEP 427) as Guild AI does, so that pip installs it and Guild AI finds its
 * models: entry points, the file PACKAGE, a namespace for the parts of the name before the last
 * dot.
 *
 * The same files give the same bytes: members are sorted and all have one time, $SOURCE_DATE_EPOCH
 * or the first that a zip file can have. These are local times there: callers set TZ=UTC0.
 *
 * Errors: -EINVAL with a sentence; those of reading and writing, with one too. What was there
 * before is replaced when the new wheel is complete, and stays when there is none.
 */
#ifndef PACKAGE_WHEEL_H
#define PACKAGE_WHEEL_H

#include "base/buf.h"
#include "package/definition.h"

/* Appends NAME-VERSION-TAGS.whl. */
void wheel_name(struct buf *b, const struct package *package);
/* Writes it into dist_dir, which is made when it is not there. */
int wheel_build(const struct package *package, const char *dist_dir, struct err *err);

#endif

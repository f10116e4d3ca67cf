/* SPDX-License-Identifier: MIT */
/* The long description of a package, which indexes show: its models and operations, as RST. */
#ifndef PACKAGE_DESCRIPTION_H
#define PACKAGE_DESCRIPTION_H

#include "package/definition.h"

/* Imports flags of operations (project/flag_import.h). */
void package_describe(struct buf *b, const struct package *package);

#endif

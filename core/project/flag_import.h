/* SPDX-License-Identifier: MIT */
/*
 * Flags that an operation does not define but has: what its Python program takes as arguments or
 * has as globals, and what its configuration file holds (reference, 1.8). Python says it, once for
 * each version of the program; the answers are kept in cache/import-flags of the home, in Guild
 * AI's format.
 *
 * This is the one thing that changes a loaded Guild file: an operation gets its flags on first use.
 * Who reads an operation's flags or flags_dest calls operation_import_flags() before. It may take
 * as long as the program's own imports. Thread safe.
 */
#ifndef PROJECT_FLAG_IMPORT_H
#define PROJECT_FLAG_IMPORT_H

#include "project/guildfile.h"

/* Where answers are kept: an absolute directory that need not be there. Once, before threads. */
void flag_import_set_cache(const char *dir);

/*
 * What goes wrong is a warning of the Guild file (file->warnings): the operation is as it was
 * written.
 */
void operation_import_flags(const struct operation *op);

/*
 * False when what flags were imported from has changed since: the Guild file is to be loaded again.
 * While flags are being imported what they come from is taken for current.
 */
bool guildfile_imports_current(struct guildfile *file);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The opref file: which operation a run is of. One line, PKGTYPE:PKGNAME VERSION MODEL OP, each
 * field quoted as Python's shlex.quote does it (reference, 3.3).
 */
#ifndef RUN_OPREF_H
#define RUN_OPREF_H

#include "base/buf.h"
#include "base/err.h"
#include "project/guildfile.h"

struct opref {
	char *pkg_type; /* guildfile, package, script, builtin, ... */
	char *pkg_name; /* guildfile: absolute path of guild.yml */
	char *pkg_version;
	char *model;
	char *op;
};

void opref_release(struct opref *ref);
int opref_copy(struct opref *to, const struct opref *from);
/* -EINVAL for what is not an opref. */
int opref_parse(const char *text, struct opref *ret, struct err *err);
int opref_read(int run_fd, struct opref *ret, struct err *err);
void opref_format(struct buf *b, const struct opref *ref);
int opref_for_operation(const struct operation *op, struct opref *ret);

/* As lists show it: [MODEL:]OP, PKG/[MODEL:]OP for packages. */
void opref_display(struct buf *b, const struct opref *ref);
/* The directory of the project it came from, "" when there is none. */
void opref_project_dir(struct buf *b, const struct opref *ref);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Packages that are installed for a Python: distributions on its path, as directories
 * NAME-VERSION.dist-info say (PyPA's "Recording installed projects"; of .egg-info only name and
 * metadata are known). Nothing of Python runs, but to ask for the path once.
 *
 * The caller releases what it gets. -ENOENT without a Python; damage of one distribution is not an
 * error of the list.
 */
#ifndef PACKAGE_INSTALLED_H
#define PACKAGE_INSTALLED_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"
#include "package/metadata.h"
#include "project/guildfile.h"
#include "yaml/value.h"

struct dist {
	char *name; /* as Guild AI has it in oprefs: of the directory, with - for what is no letter,
		       digit or dot */
	char *version;
	char *site; /* the directory on the path */
	char *info; /* name of the .dist-info below it */
};

struct dists {
	struct dist *v; /* by name; of several with one name the first on the path */
	size_t n;
};

void dists_release(struct dists *dists);
#define _cleanup_dists_ _cleanup_(dists_release)

/* `python` is an absolute path. */
int dists_read(const char *python, struct dists *ret);
/* A name as indexes have it (PEP 503): in lower case, with one - for each row of - _ and dots. */
void dist_normal_name(struct buf *b, const char *name);
/* Upper and lower case are the same in a name, and so are - _ and dots. NULL: none. */
const struct dist *dists_find(const struct dists *dists, const char *name);

/* What metadata_read() gives. */
int dist_headers(const struct dist *dist, struct value **ret);
/* It says that there are models in it. */
bool dist_has_models(const struct dist *dist);

/* Paths from `site` of what was installed, as recorded. They may lead anywhere. */
int dist_files(const struct dist *dist, struct strv *ret);

/* Guild files of distributions, each knowing the one it belongs to. */
struct installed {
	struct guildfile **v;
	size_t n;
	struct strv warnings; /* about those that cannot be read */
};

void installed_release(struct installed *installed);
#define _cleanup_installed_ _cleanup_(installed_release)

int installed_read(const char *python, struct installed *ret);
/* Those of one distribution are added. */
int installed_add(const struct dist *dist, struct installed *ret);

/*
 * The operation that an opspec names (reference, 4): OP of an anonymous model, MODEL:OP where MODEL
 * is part of a model's name, PACKAGE/OP, PACKAGE/MODEL:OP where the first is part of that. What is
 * exactly named wins. -ENOENT, with a sentence when a model matches.
 */
int installed_find_operation(const struct installed *installed, const char *opspec,
	const struct operation **ret, struct err *err);

#endif

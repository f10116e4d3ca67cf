/* SPDX-License-Identifier: MIT */
/*
 * A Guild file (guild.yml), loaded: models, their operations, flags and dependencies.
 *
 * The three accepted forms are a list of typed items, a mapping of operations (one anonymous
 * model, named ""), and the mapping of 2018 that has `model: NAME` at the top. A loaded file never
 * changes: readers hold a reference and may be in any thread; a changed file is loaded anew.
 * Everything below a guildfile is owned by it.
 *
 * Errors: -ENOENT without a file; -EINVAL with a sentence that names file, line and column.
 */
#ifndef PROJECT_GUILDFILE_H
#define PROJECT_GUILDFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/strv.h"
#include "yaml/value.h"

#define GUILDFILE_NAME "guild.yml"

enum flag_type {
	FLAG_AUTO,
	FLAG_STRING,
	FLAG_INT,
	FLAG_FLOAT,
	FLAG_NUMBER,
	FLAG_BOOLEAN,
	FLAG_PATH,
	FLAG_EXISTING_PATH,
};

/* As the Guild file spells it. */
const char *flag_type_name(enum flag_type type);

struct flag_choice {
	struct value *value;
	char *description; /* NULL: none */
};

struct flag {
	char *name;
	char *description; /* "" when there is none */
	char *alias;       /* NULL: none */
	enum flag_type type;
	struct value *default_value; /* null when there is none */
	bool required;
	struct flag_choice *choices;
	size_t n_choices;
	bool allow_other; /* choices are only a suggestion */
	char *arg_name;   /* NULL: the flag's own name */
	bool arg_skip;
	struct value *arg_switch; /* NULL: not a switch */
	char *env_name;           /* NULL: FLAG_<NAME> */
	char *null_label;         /* NULL: "default" */
	int line;
};

enum dep_type { DEP_FILE, DEP_OPERATION, DEP_OTHER };

/* One source of one `requires` item. */
struct dep {
	enum dep_type type;
	char *type_name;   /* the key it was written with: file, operation, url, ... */
	char *spec;        /* path, or operation spec ("train", "m:train", a comma list) */
	char *name;        /* resolving name: name, else flag-name, else URI */
	char *flag_name;   /* flag that overrides it; NULL: none */
	char *select;      /* NULL: everything that was generated */
	char *rename;      /* NULL: none; "PATTERN REPL" or a whole name */
	char *target_path; /* NULL: the run directory itself */
	bool link;         /* else copy */
	bool optional;
	struct value *raw; /* the item as written, for attrs/op */
	int line;
};

struct model;

struct operation {
	const struct model *model;
	char *name;
	char *description; /* "" when there is none */
	bool is_default;
	/* Exactly one of these says what runs. */
	char *main;           /* Python module and arguments; `cmd` of 2018 is the same */
	char *exec;           /* command line, split as a shell splits words, never run by one */
	char *flags_dest;     /* NULL: args */
	char *label_template; /* NULL: the default label */
	struct strv tags;
	struct value *env;  /* NULL or a mapping */
	struct flag *flags; /* sorted by name; operation sources have theirs here too */
	size_t n_flags;
	struct dep *deps;
	size_t n_deps;
	struct value *sourcecode; /* as written; NULL: the default rules */
	int line;
};

struct guildfile;

struct model {
	const struct guildfile *file;
	char *name; /* "" for the anonymous model */
	char *description;
	struct strv references;
	bool is_default;
	struct operation *operations; /* sorted by name */
	size_t n_operations;
	int line;
};

struct guildfile {
	int refs;   /* atomic */
	char *path; /* absolute */
	char *dir;  /* absolute: the project directory */
	char md5[DIGEST_MD5_LEN + 1];
	struct model *models; /* in the order written */
	size_t n_models;
};

/* Reads DIR/guild.yml. The caller owns one reference to *ret. */
int guildfile_load(const char *dir, struct guildfile **ret, struct err *err);
/* The same for text that is in memory; for tests and fuzzing. */
int guildfile_parse(
	const char *path, const char *text, size_t len, struct guildfile **ret, struct err *err);
struct guildfile *guildfile_ref(struct guildfile *file);
void guildfile_unref(struct guildfile *file);

static inline void guildfile_unrefp(struct guildfile **file)
{
	if (*file)
		guildfile_unref(*file);
}
#define _cleanup_guildfile_ _cleanup_(guildfile_unrefp)

/* NULL when there is none of that name. */
const struct model *guildfile_model(const struct guildfile *file, const char *name);
const struct operation *model_operation(const struct model *model, const char *name);
const struct flag *operation_flag(const struct operation *op, const char *name_or_alias);
/* "MODEL:OP", or "OP" for the anonymous model. */
void operation_spec(struct buf *b, const struct operation *op);

/*
 * The operation that an opspec names: "", OP, MODEL:OP, :OP. Models match by substring as Guild
 * AI's do, an exact name wins; an absent operation is the model's default one. -ENOENT with a
 * sentence that says what there is.
 */
int guildfile_find_operation(const struct guildfile *file, const char *opspec,
	const struct operation **ret, struct err *err);

/* Internal to core/project: what parsing a flag and a dependency needs. */
int flag_parse(const char *name, const struct value *v, struct flag *ret, struct err *err);
void flag_release(struct flag *flag);
int deps_parse(const struct value *requires, struct operation *op, struct err *err);
void dep_release(struct dep *dep);

#endif

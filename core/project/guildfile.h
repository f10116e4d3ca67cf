/* SPDX-License-Identifier: MIT */
/*
 * A Guild file (guild.yml), loaded: models, their operations, flags and dependencies.
 *
 * The three accepted forms are a list of typed items, a mapping of operations (one anonymous
 * model, named ""), and the mapping of 2018 that has `model: NAME` at the top; project/raw.h reads
 * them. A loaded file never changes, but for flags that are imported from programs on first use
 * (project/flag_import.h): readers hold a reference and may be in any thread; a changed file is
 * loaded anew. Everything below a guildfile is owned by it.
 *
 * Errors: -ENOENT without a file; -EINVAL with a sentence that names file, line and column.
 */
#ifndef PROJECT_GUILDFILE_H
#define PROJECT_GUILDFILE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/err.h"
#include "base/file_stamps.h"
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
	char *alias;       /* NULL: none; another word for the value */
	struct value
		*flags; /* NULL or a mapping: flags that this choice sets, unless the user does */
	struct value *args; /* NULL or a mapping (2018): arguments in place of the flag's own */
};

struct flag {
	char *name;
	char *description; /* "" when there is none */
	char *alias;       /* NULL: none */
	enum flag_type type;
	bool type_given;             /* by the Guild file: `type: auto` is not the same as none */
	struct value *default_value; /* null when there is none */
	bool required;
	struct flag_choice *choices;
	size_t n_choices;
	bool allow_other; /* choices are only a suggestion */
	char *arg_name;   /* NULL: the flag's own name */
	/* As written; NULL: not there. */
	struct value *arg_skip, *arg_switch, *arg_split, *arg_encoding, *env_encoding, *min, *max;
	char *distribution;  /* NULL: uniform */
	char *env_name;      /* NULL: FLAG_<NAME> */
	char *null_label;    /* NULL: "default" */
	struct value *extra; /* attributes that are nobody's here, for attrs/op; NULL: none */
	size_t of_source;    /* the nth one that a dependency brought; 0: the operation's own */
	int line;
};

enum source_type {
	SOURCE_FILE,
	SOURCE_URL,
	SOURCE_OPERATION,
	SOURCE_CONFIG,
	SOURCE_MODULE,
	SOURCE_DVCFILE,
	SOURCE_DVCSTAGE,
};

/* An unknown one is a warning when the file is loaded, and an error when it is asked for. */
enum target_type { TARGET_DEFAULT, TARGET_LINK, TARGET_COPY, TARGET_UNKNOWN };

struct select_spec {
	char *pattern;
	enum { SELECT_EVERY, SELECT_MIN, SELECT_MAX } reduce; /* of the number in group 1 */
};

struct rename_spec {
	char *pattern, *repl;
};

/* One source of a resource (reference, 5). */
struct source {
	enum source_type type;
	char *spec; /* path, URL, module, or operation spec ("train", "m:train", a comma list) */
	char *uri;  /* TYPE:SPEC, or the URL */
	char *name; /* as written; NULL: none */
	char *flag_name;            /* as written; NULL: none */
	bool no_flag;               /* flag-name: no */
	const char *resolving_name; /* name, else flag-name, else URI: borrowed from them */
	char *sha256, *help, *post_process, *target_path, *archive_type; /* NULL: none */
	struct select_spec *selects;
	size_t n_selects;
	struct rename_spec *renames;
	size_t n_renames;
	enum target_type target_type;
	bool unpack, optional, warn_if_empty, fail_if_empty, preserve_path;
	/* Unset is not the same as no: a config source that flags go to replaces and repeats. */
	enum { UNSET, NO, YES } replace_existing, always_resolve;
	struct value *params; /* NULL: none */
	int line;
};

/* Sources that are required together; inline ones belong to one operation. */
struct resource {
	char *name;           /* NULL: an inline one without a name */
	char *resolving_name; /* the name, else the sources' */
	char *description;    /* "" when there is none */
	char *dir;            /* of the Guild file: what paths count from */
	char *target_path;    /* NULL: the run directory itself */
	enum target_type target_type;
	bool default_unpack, preserve_path;
	struct source *sources;
	size_t n_sources;
	struct value *data; /* as written, for attrs/op */
	int line;
};

/* One item of `requires`: an inline resource, or the name of one, which may contain ${flag}. */
struct requirement {
	char *spec;                /* NULL: inline */
	struct resource *resource; /* owned; NULL: named by spec */
	int line;
};

enum flags_import { IMPORT_DEFINED, IMPORT_ALL, IMPORT_NONE, IMPORT_LISTED };

struct model;

enum { JOBS_MAX = 256 }; /* a run that is followed takes two descriptors */

struct operation {
	const struct model *model;
	char *name;
	char *description; /* "" when there is none */
	bool is_default;
	/* One of these says what runs: exec, else steps, else main. */
	char *main;          /* Python module and arguments; `cmd` of 2018 is the same */
	char *exec;          /* command line, split as a shell splits words, never run by one */
	struct value *steps; /* NULL or a list */
	char *flags_dest;    /* NULL: not known (yet) */
	bool imported;       /* operation_import_flags() has been here */
	enum flags_import flags_import;
	struct strv import_names, import_skip;
	char *label_template; /* NULL: the default label */
	struct strv tags;
	int jobs;              /* trials of a batch that run at a time; 0: not said */
	struct value *env;     /* NULL or a mapping */
	struct value *plugins; /* NULL or a list: see project/plugins.h */
	struct flag
		*flags; /* sorted by name; sources that can be overridden have theirs here too */
	size_t n_flags;
	struct requirement *requires;
	size_t n_requires;
	struct value *sourcecode; /* NULL: the default rules; the model's rules come first */
	struct value *data;       /* the whole mapping, for attributes that are only passed on */
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
	struct resource *resources; /* sorted by name */
	size_t n_resources;
	struct value *sourcecode; /* NULL: the default rules */
	struct value *plugins;    /* for operations that say nothing; NULL: nor does it */
	struct strv parents; /* directories of packages that it extends: more places for files */
	int line;
};

struct guildfile {
	int refs;       /* atomic */
	char *path;     /* absolute */
	char *dir;      /* absolute: the project directory */
	bool is_script; /* made for a script that is run directly; path is the script's */
	bool is_builtin;            /* of no project: see project/builtin.h */
	char md5[DIGEST_MD5_LEN + 1];
	struct strv warnings;        /* sentences about what is odd but no error */
	/* Of what project/flag_import.h changes: operations, and where it has looked for that. */
	pthread_mutex_t import_lock;
	struct file_stamps imported;
	struct model *models;        /* in the order written */
	size_t n_models;
	struct value
		*package; /* the package object, as written: package/definition.h; NULL: none */
	/* Of the installed package that the file belongs to; NULL: a project's. */
	char *dist_name, *dist_version;
};

/* Reads DIR/guild.yml. The caller owns one reference to *ret. */
int guildfile_load(const char *dir, struct guildfile **ret, struct err *err);
/* The same, adding all that was read and looked for to `seen`, also when it fails. */
int guildfile_load_seen(
	const char *dir, struct file_stamps *seen, struct guildfile **ret, struct err *err);
/* One of any name. */
int guildfile_load_file(const char *path, struct guildfile **ret, struct err *err);
/* The same for text that is in memory. */
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
/* "MODEL:OP", or "OP" for the anonymous model; behind "PACKAGE/" where it is installed. */
void operation_spec(struct buf *b, const struct operation *op);

/*
 * The operation that an opspec names: "", OP, MODEL:OP, :OP. Models match by substring as Guild
 * AI's do, an exact name wins; an absent operation is the model's default one. -ENOENT with a
 * sentence that says what there is.
 */
int guildfile_find_operation(const struct guildfile *file, const char *opspec,
	const struct operation **ret, struct err *err);

/* Of one model; "" is its default one. The same errors. */
int model_find_operation(
	const struct model *model, const char *name, const struct operation **ret, struct err *err);

/* NULL when there is none of that name. */
const struct resource *model_resource(const struct model *model, const char *name);

/* What a requirement of an operation means; see operation_resources(). */
int requirement_resource(const struct operation *op, const struct requirement *req,
	const struct value *flags, const struct resource **ret, struct err *err);

/*
 * The resources that an operation requires when its flags have these values (NULL: none known), in
 * the order written. *ret is the caller's to free; what it points to belongs to the file. -ENOENT
 * with a sentence when a name leads nowhere.
 */
int operation_resources(const struct operation *op, const struct value *flags,
	const struct resource ***ret, size_t *ret_n, struct err *err);

/* One whose spec is the path of a file below the directory of the Guild file. */
static inline bool source_is_project_file(const struct source *s)
{
	return s->type == SOURCE_FILE || s->type == SOURCE_CONFIG || s->type == SOURCE_DVCFILE;
}

/* Makes a resource of data (a mapping or a list); the caller releases it. */
int resource_parse(const char *name, const char *model, const struct value *data,
	struct resource *ret, struct strv *warnings, struct err *err);
void resource_release(struct resource *resource);

/* Internal to core/project. */
int flag_parse(const char *name, const struct value *v, struct flag *ret, struct err *err);
void flag_release(struct flag *flag);

#endif

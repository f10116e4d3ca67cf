/* SPDX-License-Identifier: MIT */
/* Asking Python, or a configuration file, for flags, and merging them with those of the Guild file.
 */
#include "project/flag_import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/libexec.h"
#include "base/output_of.h"
#include "base/shell.h"
#include "project/command.h"
#include "project/config_file.h"
#include "project/main_module.h"
#include "project/opdef.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

enum { ANSWER_MAX = 16 * 1024 * 1024 };

#define TIME_LIMIT "30"

extern char **environ;

static char *cache_dir;

void flag_import_set_cache(const char *dir)
{
	free(cache_dir);
	cache_dir = strdup(dir);
}

static void warn(const struct operation *op, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void warn(const struct operation *op, const char *format, ...)
{
	struct guildfile *file = (struct guildfile *)op->model->file;
	const char *quiet = getenv("NO_WARN_FLAGS_IMPORT");
	_cleanup_buf_ struct buf b = BUF_INIT;
	va_list ap;

	if (quiet && strcmp(quiet, "1") == 0)
		return;
	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	strv_add(&file->warnings, buf_str(&b));
}

/* --- the program ------------------------------------------------------------ */

/* Is there anything to ask for? */
static bool needs_program(const struct operation *op, const struct strv *words)
{
	if (!words->n)
		return false;
	if (op->flags_import == IMPORT_DEFINED && !op->n_flags && op->flags_dest)
		return false;
	return true;
}

/* --- cache ------------------------------------------------------------------- */

static bool cache_is_off(void)
{
	const char *off = getenv("NO_IMPORT_FLAGS_CACHE");

	return !cache_dir || (off && strcmp(off, "1") == 0);
}

/* Guild AI's name for it: the path and the arguments. */
static void cache_path(const struct main_module *p, struct buf *b)
{
	char md5[DIGEST_MD5_LEN + 1];
	struct digest *digest;
	int r = digest_new(DIGEST_MD5, &digest);

	if (r < 0) {
		buf_fail(b, r);
		return;
	}
	digest_add(digest, p->path, strlen(p->path));
	for (size_t i = 1; i < p->words.n; i++) {
		digest_add(digest, "/", 1);
		digest_add(digest, p->words.v[i], strlen(p->words.v[i]));
	}
	digest_finish(digest, md5);
	buf_printf(b, "%s/%s", cache_dir, md5);
}

/* {NAME: definition, "$dest": DEST}, while it is not older than the program. */
static bool read_cache(const struct main_module *p, struct value **ret)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	struct stat program, cached;

	if (cache_is_off() || !p->path)
		return false;
	cache_path(p, &path);
	if (buf_error(&path) || stat(p->path, &program) < 0 || stat(buf_str(&path), &cached) < 0)
		return false;
	if (program.st_mtim.tv_sec > cached.st_mtim.tv_sec ||
		(program.st_mtim.tv_sec == cached.st_mtim.tv_sec &&
			program.st_mtim.tv_nsec > cached.st_mtim.tv_nsec))
		return false;
	if (file_read(AT_FDCWD, buf_str(&path), ANSWER_MAX, &text) < 0 ||
		yaml_parse(buf_str(&text), text.len, ret, NULL) < 0)
		return false;
	if ((*ret)->type == VALUE_MAP)
		return true;
	value_free(*ret);
	*ret = NULL;
	return false;
}

/* What cannot be kept is asked for again. */
static void write_cache(const struct main_module *p, const struct value *answer)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;

	if (cache_is_off() || !p->path || file_mkdirs(AT_FDCWD, cache_dir, 0777) < 0)
		return;
	cache_path(p, &path);
	json_emit(&text, answer);
	if (!buf_error(&path) && !buf_error(&text))
		file_write(AT_FDCWD, buf_str(&path), text.data, text.len, 0666, FILE_NOSYNC);
}

/* --- asking ------------------------------------------------------------------ */

static int make_env(const struct main_module *p, struct strv *env)
{
	const char *inherited = getenv("PYTHONPATH");
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = libexec_dir(&path);

	for (char **e = environ; r == 0 && *e; e++)
		r = strv_add(env, *e);
	buf_puts(&path, "/python");
	for (size_t i = 0; i < p->dirs.n; i++)
		buf_printf(&path, ":%s", p->dirs.v[i]);
	if (inherited)
		buf_printf(&path, ":%s", inherited);
	if (r == 0)
		r = strv_env_set(env, "PYTHONPATH", buf_str(&path));
	return r < 0 ? r : strv_env_set(env, "PYTHONDONTWRITEBYTECODE", "1");
}

/*
 * A program is run as far as its arguments are known. Root does not run other people's programs:
 * whoever the Guild file belongs to does.
 */
static int add_prefix(const struct operation *op, struct strv *argv)
{
	struct stat st;
	int r = strv_add(argv, "timeout");

	if (r == 0)
		r = strv_add(argv, TIME_LIMIT);
	if (r < 0 || geteuid() != 0 || stat(op->model->file->path, &st) < 0 || st.st_uid == 0)
		return r;
	r = strv_add(argv, "setpriv");
	if (r == 0)
		r = strv_addf(argv, "--reuid=%u", (unsigned)st.st_uid);
	if (r == 0)
		r = strv_addf(argv, "--regid=%u", (unsigned)st.st_gid);
	return r < 0 ? r : strv_add(argv, "--clear-groups");
}

static int make_argv(const struct operation *op, const struct main_module *p,
	const struct strv *env, struct strv *argv)
{
	_cleanup_buf_ struct buf python = BUF_INIT;
	int r = python_find(op->model->file->dir, env, &python);

	if (r == 0)
		r = add_prefix(op, argv);
	if (r == 0)
		r = strv_add(argv, buf_str(&python));
	if (r == 0)
		r = strv_add(argv, "-um");
	if (r == 0)
		r = strv_add(argv, "guild.import_flags");
	if (r == 0)
		r = strv_add(argv, p->words.v[0]);
	if (r == 0)
		r = strv_add(argv, op->flags_dest ? op->flags_dest : "");
	for (size_t i = 1; r == 0 && i < p->words.n; i++)
		r = strv_add(argv, p->words.v[i]);
	return r;
}

/* From {"dest": D, "flags": {...}} to what is kept: {..., "$dest": D}. */
static struct value *as_kept(struct value *answer)
{
	const struct value *flags = value_get(answer, "flags"), *dest = value_get(answer, "dest");
	struct value *kept = flags && flags->type == VALUE_MAP ? value_copy(flags) : value_map();

	if (kept && dest && value_map_set(kept, "$dest", value_copy(dest)) < 0) {
		value_free(kept);
		return NULL;
	}
	return kept;
}

static void warn_of(const struct operation *op, const struct value *warnings)
{
	for (size_t i = 0; warnings && warnings->type == VALUE_LIST && i < warnings->list.n; i++)
		if (value_str(warnings->list.items[i]))
			warn(op, "%s", warnings->list.items[i]->string);
}

static struct value *ask_python(const struct operation *op, const struct main_module *p)
{
	_cleanup_strv_ struct strv env = STRV_INIT, argv = STRV_INIT;
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_value_ struct value *answer = NULL;
	const char *error;
	int r = make_env(p, &env);

	if (r == 0)
		r = make_argv(op, p, &env, &argv);
	if (r == 0)
		r = output_of_env((const char *const *)argv.v, op->model->file->dir, env.v,
			STDERR_DROPPED, &out);
	if (r < 0 || yaml_parse(buf_str(&out), out.len, &answer, NULL) < 0 ||
		answer->type != VALUE_MAP) {
		warn(op, "cannot import flags from %s: %s", p->words.v[0],
			r == 124 ? "it took more than " TIME_LIMIT " s"
			: r < 0  ? "there is no Python to ask"
				 : "the program ended before its arguments were known");
		return NULL;
	}
	error = value_str(value_get(answer, "error"));
	if (error) {
		warn(op, "cannot import flags from %s: %s", p->words.v[0], error);
		return NULL;
	}
	warn_of(op, value_get(answer, "warnings"));
	return as_kept(answer);
}

/* Modules of ours, such as guild.pass, have no flags; where theirs would go is known. */
static struct value *own_module(void)
{
	struct value *answer = value_map();

	if (answer && value_map_set(answer, "$dest", value_string("globals")) < 0) {
		value_free(answer);
		return NULL;
	}
	return answer;
}

static int see(const struct operation *op, const struct strv *paths)
{
	struct guildfile *file = (struct guildfile *)op->model->file;
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->n; i++)
		r = file_stamps_add(&file->imported, paths->v[i]);
	return r;
}

static struct value *ask_program(const struct operation *op)
{
	_cleanup_main_module_ struct main_module p = {0};
	struct value *answer = NULL;

	if (main_module_find(op, &p) < 0 || !needs_program(op, &p.words))
		return NULL;
	if (strncmp(p.words.v[0], "guild.", 6) == 0)
		return own_module();
	if (see(op, &p.tried) < 0)
		return NULL;
	if (read_cache(&p, &answer))
		return answer;
	answer = ask_python(op, &p);
	if (answer)
		write_cache(&p, answer);
	return answer;
}

static struct value *ask_config(const struct operation *op, const char *name)
{
	_cleanup_strv_ struct strv path = STRV_INIT;
	_cleanup_value_ struct value *config = NULL;
	struct err err = ERR_INIT;
	int r = strv_addf(&path, "%s/%s", op->model->file->dir, name);

	if (r == 0)
		r = see(op, &path);
	if (r < 0)
		return NULL;
	r = config_file_read(path.v[0], &config, &err);
	/* That it is of no type we know was said when the Guild file was loaded. */
	if (r < 0 && r != -ENOTSUP)
		warn(op, "%s", err_text(&err));
	return r < 0 ? NULL : config_file_flags(config);
}

/* --- merging ----------------------------------------------------------------- */

/* Moves what `from` has and `to` lacks. */
#define TAKE(to, from)                                                                             \
	do {                                                                                       \
		if (!(to))                                                                         \
			(to) = STEAL(from);                                                        \
	} while (0)

static void merge_flag(struct flag *to, struct flag *from)
{
	if (value_is_null(to->default_value)) {
		value_free(to->default_value);
		to->default_value = STEAL(from->default_value);
	}
	if (!to->description || !*to->description) {
		free(to->description);
		to->description = STEAL(from->description);
	}
	if (!to->type_given)
		to->type = from->type;
	if (!to->n_choices) {
		free(to->choices);
		to->choices = STEAL(from->choices);
		to->n_choices = from->n_choices;
		from->n_choices = 0;
	}
	to->required |= from->required;
	to->allow_other |= from->allow_other;
	TAKE(to->alias, from->alias);
	TAKE(to->arg_name, from->arg_name);
	TAKE(to->arg_skip, from->arg_skip);
	TAKE(to->arg_switch, from->arg_switch);
	TAKE(to->arg_split, from->arg_split);
	TAKE(to->arg_encoding, from->arg_encoding);
	TAKE(to->env_encoding, from->env_encoding);
	TAKE(to->env_name, from->env_name);
	TAKE(to->null_label, from->null_label);
	TAKE(to->min, from->min);
	TAKE(to->max, from->max);
	TAKE(to->distribution, from->distribution);
}

/* By name, else by the name of the argument. */
static struct flag *own_flag(struct operation *op, const char *name)
{
	for (size_t i = 0; i < op->n_flags; i++)
		if (strcmp(op->flags[i].name, name) == 0)
			return &op->flags[i];
	for (size_t i = 0; i < op->n_flags; i++)
		if (op->flags[i].arg_name && strcmp(op->flags[i].arg_name, name) == 0)
			return &op->flags[i];
	return NULL;
}

static bool is_wanted(const struct operation *op, const char *name, const struct strv *defined)
{
	if (name[0] == '$' || strv_has(&op->import_skip, name))
		return false;
	switch (op->flags_import) {
	case IMPORT_ALL:
		return true;
	case IMPORT_LISTED:
		return strv_has(&op->import_names, name);
	case IMPORT_DEFINED:
		return strv_has(defined, name);
	default:
		return false;
	}
}

static void make_absolute(const struct operation *op, struct flag *flag)
{
	const char *text = value_str(flag->default_value);
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (!text || !strchr(text, '/') || *text == '/')
		return;
	buf_printf(&path, "%s/%s", op->model->file->dir, text);
	if (!file_exists(AT_FDCWD, buf_str(&path)))
		return;
	value_free(flag->default_value);
	flag->default_value = value_string(buf_str(&path));
}

static int merge_one(struct operation *op, const struct value_pair *pair, bool is_program)
{
	struct flag imported = {0}, *own = own_flag(op, pair->key), *grown;
	struct err err = ERR_INIT;
	int r = flag_parse(pair->key, pair->value, &imported, &err);

	if (r < 0) {
		warn(op, "cannot import flag %s: %s", pair->key, err_text(&err));
		flag_release(&imported);
		return r == -ENOMEM ? r : 0;
	}
	if (is_program)
		make_absolute(op, &imported);
	if (own) {
		merge_flag(own, &imported);
		flag_release(&imported);
		return own->default_value && own->description ? 0 : -ENOMEM;
	}
	grown = reallocarray(op->flags, op->n_flags + 1, sizeof(*grown));
	if (!grown) {
		flag_release(&imported);
		return -ENOMEM;
	}
	op->flags = grown;
	op->flags[op->n_flags++] = imported;
	return 0;
}

static int merge(struct operation *op, const struct value *answer, bool is_program)
{
	_cleanup_strv_ struct strv defined = STRV_INIT;
	const char *dest = value_str(value_get(answer, "$dest"));
	int r = 0;

	for (size_t i = 0; r == 0 && i < op->n_flags; i++)
		r = strv_add(&defined, op->flags[i].name);
	for (size_t i = 0; r == 0 && i < answer->map.n; i++)
		if (is_wanted(op, answer->map.pairs[i].key, &defined))
			r = merge_one(op, &answer->map.pairs[i], is_program);
	if (dest && !op->flags_dest)
		op->flags_dest = strdup(dest);
	opdef_sort_flags(op);
	return r;
}

static void import(struct operation *op)
{
	bool is_config = op->flags_dest && strncmp(op->flags_dest, "config:", 7) == 0;
	_cleanup_value_ struct value *answer = NULL;

	if (op->flags_import == IMPORT_NONE)
		return;
	answer = is_config ? ask_config(op, op->flags_dest + 7) : ask_program(op);
	if (answer && merge(op, answer, !is_config) < 0)
		warn(op, "cannot import flags of %s: out of memory", op->name);
}

bool guildfile_imports_current(struct guildfile *file)
{
	bool current;

	if (pthread_mutex_trylock(&file->import_lock) != 0)
		return true;
	current = file_stamps_current(&file->imported);
	pthread_mutex_unlock(&file->import_lock);
	return current;
}

void operation_import_flags(const struct operation *op)
{
	struct guildfile *file = (struct guildfile *)op->model->file;
	struct operation *own = (struct operation *)op;
	LOCK_SCOPE(&file->import_lock);

	if (op->imported)
		return;
	import(own);
	own->imported = true;
}

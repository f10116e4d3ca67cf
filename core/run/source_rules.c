/* SPDX-License-Identifier: MIT */
/* Rules for source code: making them, and what they say of a path. */
#include "run/source_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/shell.h"
#include "project/fields.h"
#include "project/raw.h"
#include "run/source_git.h"

enum { MAX_FILES = 100, MAX_SIZE = 1024 * 1024, TEXT_SAMPLE = 1024 };

/* --- making ---------------------------------------------------------------- */

static struct source_rule *add_rule(struct source_rules *rules, bool include, int about)
{
	struct source_rule *grown =
		reallocarray(rules->v, rules->n + 1, sizeof(struct source_rule));

	if (!grown)
		return NULL;
	rules->v = grown;
	grown[rules->n] = (struct source_rule){.include = include};
	grown[rules->n].about = about;
	return &grown[rules->n++];
}

static int exclude_dir(struct source_rules *rules, const char *pattern, const char *sentinel)
{
	struct source_rule *rule = add_rule(rules, false, RULE_DIR);

	if (!rule)
		return -ENOMEM;
	rule->sentinel = sentinel;
	return strv_add(&rule->patterns, pattern);
}

static int add_default_rules(struct source_rules *rules, bool python)
{
	static const struct {
		const char *pattern, *sentinel;
	} dirs[] = {{"__pycache__", NULL}, {"*", "bin/activate"}, {"*", "Scripts/activate"},
		{"build", NULL}, {"dist", NULL}, {"*.egg-info", NULL}};
	struct source_rule *text;
	int r = exclude_dir(rules, ".*", NULL);

	if (r == 0)
		r = exclude_dir(rules, "*", ".guild-nocopy");
	text = r == 0 ? add_rule(rules, true, RULE_TEXT) : NULL;
	if (!text)
		return -ENOMEM;
	text->max_size = MAX_SIZE;
	text->max_matches = MAX_FILES;
	r = strv_add(&text->patterns, "*");
	for (size_t i = 0; python && r == 0 && i < ARRAY_SIZE(dirs); i++)
		r = exclude_dir(rules, dirs[i].pattern, dirs[i].sentinel);
	return r;
}

/* Everything that git does not ignore, but for what is about git itself. */
static int add_git_rules(struct source_rules *rules)
{
	struct source_rule *rule;
	int r = exclude_dir(rules, ".guild", NULL);

	if (r == 0)
		r = exclude_dir(rules, "*", ".guild-nocopy");
	if (r == 0)
		r = exclude_dir(rules, ".git", NULL);
	if (r < 0 || !add_rule(rules, true, RULE_NOT_IGNORED))
		return -ENOMEM;
	rule = add_rule(rules, false, RULE_FILE);
	if (!rule)
		return -ENOMEM;
	r = strv_add(&rule->patterns, ".git*");
	return r < 0 ? r : strv_add(&rule->patterns, ".guildignore");
}

/* The name of a directory stands for what is in it. */
static int add_pattern(
	const struct source_rules *rules, struct source_rule *rule, const char *pattern)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct stat st;

	buf_printf(&path, "%s/%s", rules->root, pattern);
	if (rule->about == RULE_FILE && stat(buf_str(&path), &st) == 0 && S_ISDIR(st.st_mode))
		return strv_addf(&rule->patterns, "%s/*", pattern);
	return strv_add(&rule->patterns, pattern);
}

/* P, [P...], or {dir|text|binary: P}. */
static int add_patterns(
	struct source_rules *rules, bool include, const struct value *v, struct err *err)
{
	static const char *const kinds[] = {"dir", "text", "binary"};
	_cleanup_strv_ struct strv patterns = STRV_INIT;
	struct source_rule *rule;
	int about = RULE_FILE, r;

	for (size_t i = 0; v->type == VALUE_MAP && i < ARRAY_SIZE(kinds); i++) {
		if (!value_get(v, kinds[i]))
			continue;
		about = RULE_DIR + (int)i;
		v = value_get(v, kinds[i]);
		break;
	}
	if (v->type == VALUE_MAP)
		return fail(err, v, "a sourcecode rule is about none of dir, text, binary");
	r = raw_strings(v, include ? "include" : "exclude", &patterns, err);
	if (r < 0)
		return r;
	rule = add_rule(rules, include, about);
	for (size_t i = 0; rule && r == 0 && i < patterns.n; i++)
		r = add_pattern(rules, rule, patterns.v[i]);
	return rule ? r : -ENOMEM;
}

static int exclude_all(struct source_rules *rules)
{
	struct source_rule *rule = add_rule(rules, false, RULE_FILE);

	return rule ? strv_add(&rule->patterns, "*") : -ENOMEM;
}

static int add_spec(struct source_rules *rules, const struct value *item, struct err *err)
{
	const struct value *include = value_get(item, "include");
	const struct value *exclude = value_get(item, "exclude");
	_cleanup_buf_ struct buf shown = BUF_INIT;

	if (item->type != VALUE_MAP)
		return add_patterns(rules, true, item, err);
	value_repr(&shown, item);
	if (include && exclude)
		return fail(err, item,
			"invalid file select spec %s: cannot include both include and exclude - "
			"use multiple select specs in the order you want to apply the filters",
			buf_str(&shown));
	if (!include && !exclude)
		return fail(err, item, "unsupported file select spec: %s", buf_str(&shown));
	return add_patterns(rules, include != NULL, include ? include : exclude, err);
}

/* Patterns alone replace the default rules; include and exclude change them. */
static int add_select(struct source_rules *rules, const struct value *v, struct err *err)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	bool all_strings = true;
	int r = 0;

	if (value_is_null(v))
		return 0;
	if (v->type == VALUE_STRING) {
		r = exclude_all(rules);
		return r < 0 ? r : add_patterns(rules, true, v, err);
	}
	if (v->type != VALUE_LIST) {
		value_repr(&shown, v);
		return fail(err, v,
			"invalid select files spec %s: expected a string, list, or mapping",
			buf_str(&shown));
	}
	for (size_t i = 0; i < v->list.n; i++)
		all_strings &= v->list.items[i]->type == VALUE_STRING;
	if (all_strings && v->list.n)
		r = exclude_all(rules);
	for (size_t i = 0; r == 0 && i < v->list.n; i++)
		r = add_spec(rules, v->list.items[i], err);
	return r;
}

/* What `sourcecode` or its `select` holds. */
static const struct value *select_of(const struct value *v)
{
	return v && v->type == VALUE_MAP ? value_get(v, "select") : v;
}

static bool is_off(const struct value *v)
{
	const struct value *select = select_of(v);

	if (!select)
		return false;
	return (select->type == VALUE_BOOL && !select->boolean) ||
	       (select->type == VALUE_LIST && !select->list.n);
}

static const char *setting(const struct operation *op, const char *key)
{
	const struct value *v = value_get(op->sourcecode, key);

	if (!value_truthy(v))
		v = value_get(op->model->sourcecode, key);
	return value_truthy(v) && v->source ? v->source : NULL;
}

static int set_places(const struct operation *op, struct source_rules *rules)
{
	const char *root = setting(op, "root"), *dest = setting(op, "dest");
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s%s%s", op->model->file->dir, root ? "/" : "", root ? root : "");
	rules->root = realpath(buf_str(&path), NULL);
	if (!rules->root)
		rules->root = buf_steal(&path, NULL);
	rules->dest = strdup(dest ? dest : ".");
	return rules->root && rules->dest ? 0 : -ENOMEM;
}

static bool is_python(const struct operation *op)
{
	return op->main || (op->exec && (strncmp(op->exec, "${python_exe}", 13) == 0 ||
						strncmp(op->exec, "${guild_python_exe}", 19) == 0));
}

int source_rules_make(const struct operation *op, struct source_rules *ret, struct err *err)
{
	bool own_rules = op->sourcecode && !is_off(op->sourcecode) &&
			 !value_is_null(select_of(op->sourcecode));
	int r;

	*ret = (struct source_rules){0};
	r = set_places(op, ret);
	if (r < 0)
		return r;
	if (op->steps && !op->exec && !op->main)
		return exclude_all(ret);
	if (is_off(op->sourcecode) || (is_off(op->model->sourcecode) && !own_rules))
		return exclude_all(ret);
	ret->git = source_git_ignored(ret->root, &ret->ignored) == 0;
	strv_sort(&ret->ignored);
	r = ret->git ? add_git_rules(ret) : add_default_rules(ret, is_python(op));
	if (r == 0 && !is_off(op->model->sourcecode))
		r = add_select(ret, select_of(op->model->sourcecode), err);
	return r < 0 ? r : add_select(ret, select_of(op->sourcecode), err);
}

void source_rules_release(struct source_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		strv_release(&rules->v[i].patterns);
	free(rules->v);
	strv_release(&rules->ignored);
	free(rules->root);
	free(rules->dest);
}

/* --- matching -------------------------------------------------------------- */

static const char *name_of(const char *path)
{
	return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

static bool matches(const struct source_rule *rule, const char *path)
{
	for (size_t i = 0; i < rule->patterns.n; i++) {
		const char *pattern = rule->patterns.v[i];
		const char *subject = strchr(pattern, '/') ? path : name_of(path);

		while (*pattern == '/')
			pattern++;
		if (fnmatch(pattern, subject, FNM_NOESCAPE) == 0)
			return true;
	}
	return false;
}

static bool is_ignored(const struct source_rules *rules, const char *path)
{
	return strv_has_sorted(&rules->ignored, path);
}

/* What editors write: by the name where that says it, else few control characters, no NUL. */
static bool is_text(int root_fd, const char *path)
{
	static const char *const text[] = {".csv", ".md", ".py", ".sh", ".txt", ".json", ".yml",
		".yaml", ".html", ".js", ".css", ".r", ".toml", ".cfg", ".ini", ".ipynb"};
	static const char *const binary[] = {".gif", ".jpeg", ".jpg", ".png", ".pyc", ".zip", ".gz",
		".h5", ".npy", ".npz", ".pdf", ".bin", ".so", ".ico", ".whl"};
	_cleanup_close_ int fd = -1;
	unsigned char sample[TEXT_SAMPLE];
	const char *dot = strrchr(name_of(path), '.');
	size_t control = 0;
	ssize_t n;

	for (size_t i = 0; dot && i < ARRAY_SIZE(text); i++)
		if (strcasecmp(dot, text[i]) == 0)
			return true;
	for (size_t i = 0; dot && i < ARRAY_SIZE(binary); i++)
		if (strcasecmp(dot, binary[i]) == 0)
			return false;
	fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, sample, sizeof(sample));
	for (ssize_t i = 0; i < n; i++) {
		if (!sample[i])
			return false;
		control += sample[i] < 0x20 && !strchr("\t\n\r\f\b\033", sample[i]);
	}
	return n >= 0 && control * 10 <= (size_t)n * 3;
}

static bool has_sentinel(int root_fd, const char *dir, const char *sentinel)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", dir, sentinel);
	return faccessat(root_fd, buf_str(&path), F_OK, AT_EACCESS) == 0;
}

bool source_rules_disabled(const struct source_rules *rules)
{
	bool disabled = false;

	for (size_t i = 0; i < rules->n; i++) {
		const struct source_rule *rule = &rules->v[i];

		if (rule->include)
			disabled = false;
		else if (rule->about == RULE_FILE && strv_has(&rule->patterns, "*"))
			disabled = true;
	}
	return disabled;
}

bool source_rules_prune(struct source_rules *rules, int root_fd, const char *path)
{
	bool pruned = rules->git && is_ignored(rules, path);

	for (size_t i = 0; i < rules->n; i++) {
		const struct source_rule *rule = &rules->v[i];

		if (rule->about != RULE_DIR || !matches(rule, path))
			continue;
		if (!rule->sentinel || has_sentinel(root_fd, path, rule->sentinel))
			pruned = !rule->include;
	}
	return pruned;
}

static bool rule_is_about(const struct source_rules *rules, struct source_rule *rule, int root_fd,
	const char *path, enum source_limit *ret_limit)
{
	struct stat st;

	if (rule->about == RULE_NOT_IGNORED)
		return !is_ignored(rules, path);
	if (rule->about == RULE_DIR || !matches(rule, path))
		return false;
	if (rule->max_matches && rule->matches >= rule->max_matches) {
		*ret_limit = LIMIT_COUNT;
		return false;
	}
	if (rule->about == RULE_TEXT && !is_text(root_fd, path))
		return false;
	if (rule->about == RULE_BINARY && is_text(root_fd, path))
		return false;
	if (rule->max_size && fstatat(root_fd, path, &st, 0) == 0 && st.st_size > rule->max_size) {
		*ret_limit = LIMIT_SIZE;
		return false;
	}
	return true;
}

bool source_rules_choose(
	struct source_rules *rules, int root_fd, const char *path, enum source_limit *ret_limit)
{
	bool chosen = false;

	*ret_limit = LIMIT_NONE;
	for (size_t i = 0; i < rules->n; i++) {
		struct source_rule *rule = &rules->v[i];

		if (!rule_is_about(rules, rule, root_fd, path, ret_limit))
			continue;
		rule->matches++;
		chosen = rule->include;
	}
	if (chosen)
		*ret_limit = LIMIT_NONE;
	return chosen;
}

/* --- for people ------------------------------------------------------------ */

void source_rule_print(struct buf *b, const struct source_rule *rule)
{
	static const char *const abouts[] = {"", "dir ", "text ", "binary "};

	if (rule->about == RULE_NOT_IGNORED) {
		buf_puts(b, "gitignore + guildignore patterns");
		return;
	}
	buf_printf(b, "%s %s", rule->include ? "include" : "exclude", abouts[rule->about]);
	for (size_t i = 0; i < rule->patterns.n; i++) {
		buf_puts(b, i ? ", " : "");
		if (strchr(rule->patterns.v[i], ' '))
			shell_quote(b, rule->patterns.v[i]);
		else
			buf_puts(b, rule->patterns.v[i]);
	}
	if (rule->sentinel)
		buf_printf(b, " containing %s", rule->sentinel);
	if (rule->max_size)
		buf_printf(b, " size < %ld", rule->max_size + 1);
	if (rule->max_matches)
		buf_printf(b, ", max match %zu", rule->max_matches);
}

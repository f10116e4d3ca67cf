/* SPDX-License-Identifier: MIT */
/* Choosing and copying source code (reference, 1.11). */
#include "run/source.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "run/manifest.h"
#include "run/source_git.h"

enum { MAX_FILES = 100, MAX_SIZE = 1024 * 1024, TEXT_SAMPLE = 1024, MAX_DEPTH = 100 };

/* One include or exclude of the Guild file; the last that matches decides. */
struct rule {
	bool include;
	const char *pattern; /* borrowed */
};

struct rules {
	bool none;        /* `sourcecode: no` */
	bool only_listed; /* the default rules are off */
	const char *root; /* below the project; "" */
	struct rule *v;
	size_t n;
};

struct chooser {
	const struct operation *op;
	const struct rules *rules;
	int dirfd; /* the source root */
	struct strv *paths;
	size_t n_default; /* chosen by default rules, which stop at MAX_FILES */
	int depth;
};

/* --- rules ---------------------------------------------------------------- */

static int add_rule(struct rules *rules, bool include, const struct value *v, struct err *err)
{
	struct rule *grown;

	if (v->type == VALUE_LIST) {
		int r = 0;

		for (size_t i = 0; r == 0 && i < v->list.n; i++)
			r = add_rule(rules, include, v->list.items[i], err);
		return r;
	}
	if (!v->source)
		return err_set_at(err, -EINVAL, v->line, v->column,
			"a sourcecode rule is %s; a pattern is needed (dir, text and binary are "
			"not "
			"supported yet)",
			value_type_name(v));
	grown = reallocarray(rules->v, rules->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	rules->v = grown;
	rules->v[rules->n++] = (struct rule){.include = include, .pattern = v->source};
	return 0;
}

static int add_select(struct rules *rules, const struct value *v, struct err *err)
{
	int r = 0;

	if (v->source && v->type == VALUE_STRING) {
		rules->only_listed = true;
		return add_rule(rules, true, v, err);
	}
	if (v->type != VALUE_LIST)
		return err_set_at(err, -EINVAL, v->line, v->column,
			"sourcecode is %s; no, a pattern, or a list of patterns or include/exclude "
			"rules is needed",
			value_type_name(v));
	rules->none = v->list.n == 0;
	rules->only_listed = true;
	for (size_t i = 0; r == 0 && i < v->list.n; i++) {
		const struct value *item = v->list.items[i];
		const struct value *include = value_get(item, "include");
		const struct value *exclude = value_get(item, "exclude");

		/* include and exclude change the default rules; bare patterns replace them. */
		if (item->type == VALUE_MAP)
			rules->only_listed = false;
		if (item->type == VALUE_MAP && !include && !exclude)
			return err_set_at(err, -EINVAL, item->line, item->column,
				"a sourcecode rule has neither include nor exclude");
		r = add_rule(rules, !exclude, include ? include : exclude ? exclude : item, err);
	}
	return r;
}

static int parse_rules(const struct value *v, struct rules *rules, struct err *err)
{
	const struct value *select, *dest, *root;

	rules->root = "";
	if (value_is_null(v))
		return 0;
	if (v->type == VALUE_BOOL) {
		rules->none = !v->boolean;
		return 0;
	}
	if (v->type != VALUE_MAP)
		return add_select(rules, v, err);
	select = value_get(v, "select");
	dest = value_get(v, "dest");
	root = value_get(v, "root");
	if (dest && (!value_str(dest) || strcmp(dest->string, ".") != 0))
		return err_set_at(err, -EINVAL, dest->line, dest->column,
			"sourcecode dest is not supported yet; the run directory itself (.) is");
	if (root && value_str(root))
		rules->root = root->string;
	return value_is_null(select) ? 0 : add_select(rules, select, err);
}

/* Without a slash a pattern is about the name alone. */
static bool rule_matches(const struct rule *rule, const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t len = strlen(rule->pattern);

	if (fnmatch(rule->pattern, strchr(rule->pattern, '/') ? path : name, 0) == 0)
		return true;
	/* The name of a directory stands for what is in it. */
	return strncmp(path, rule->pattern, len) == 0 && path[len] == '/';
}

static bool is_dependency(const struct operation *op, const char *path)
{
	for (size_t i = 0; i < op->n_deps; i++) {
		size_t len = strlen(op->deps[i].spec);

		if (op->deps[i].type == DEP_FILE && strncmp(path, op->deps[i].spec, len) == 0 &&
			(path[len] == '\0' || path[len] == '/'))
			return true;
	}
	return false;
}

/* --- what a project without git has --------------------------------------- */

/* No NUL byte, few control characters: what editors write. */
static bool is_text(int dirfd, const char *path)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned char sample[TEXT_SAMPLE];
	ssize_t n = fd < 0 ? -1 : read(fd, sample, sizeof(sample));
	size_t control = 0;

	for (ssize_t i = 0; i < n; i++) {
		if (!sample[i])
			return false;
		control += sample[i] < 0x20 && !strchr("\t\n\r\f\b\033", sample[i]);
	}
	return n >= 0 && control * 10 <= (size_t)n * 3;
}

static bool is_default_source(const struct chooser *c, const char *path)
{
	struct stat st;

	return c->n_default < MAX_FILES && fstatat(c->dirfd, path, &st, 0) == 0 &&
	       S_ISREG(st.st_mode) && st.st_size <= MAX_SIZE && is_text(c->dirfd, path);
}

static bool has_entry(int dirfd, const char *dir, const char *entry)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s", dir, entry);
	return file_exists(dirfd, buf_str(&path));
}

static bool is_pruned(const struct chooser *c, const char *path)
{
	static const char *const names[] = {"__pycache__", "build", "dist", "*.egg-info", ".*"};
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (fnmatch(names[i], name, 0) == 0)
			return true;
	return has_entry(c->dirfd, path, ".guild-nocopy") ||
	       has_entry(c->dirfd, path, "bin/activate") ||
	       has_entry(c->dirfd, path, "Scripts/activate");
}

/* The rules have the last word over what the default said. */
static bool is_chosen(const struct rules *rules, const char *path, bool by_default)
{
	bool chosen = by_default && !rules->only_listed;

	for (size_t i = 0; i < rules->n; i++)
		if (rule_matches(&rules->v[i], path))
			chosen = rules->v[i].include;
	return chosen;
}

static int choose_dir(struct chooser *c, const char *dir);

static int choose_path(struct chooser *c, const char *path)
{
	struct stat st;
	bool by_default;
	int r;

	if (fstatat(c->dirfd, path, &st, 0) < 0)
		return 0;
	if (S_ISDIR(st.st_mode)) {
		if (is_pruned(c, path) || ++c->depth > MAX_DEPTH)
			return 0;
		r = choose_dir(c, path);
		c->depth--;
		return r;
	}
	by_default = is_default_source(c, path);
	if (!S_ISREG(st.st_mode) || is_dependency(c->op, path) ||
		!is_chosen(c->rules, path, by_default))
		return 0;
	c->n_default += by_default;
	return strv_add(c->paths, path);
}

static int collect_name(void *arg, const char *name, int d_type)
{
	(void)d_type;
	return strv_add(arg, name);
}

static int choose_dir(struct chooser *c, const char *dir)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = file_each(c->dirfd, *dir ? dir : ".", collect_name, &names);

	/* A directory that cannot be read, or a link to one, has nothing to copy. */
	if (r < 0 && r != -ENOMEM)
		return 0;
	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		if (*dir)
			buf_printf(&path, "%s/", dir);
		buf_puts(&path, names.v[i]);
		r = choose_path(c, buf_str(&path));
	}
	return r;
}

/* Under git: whatever it does not ignore. */
static int choose_from_git(struct chooser *c, const struct strv *listed)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < listed->n; i++) {
		const char *path = listed->v[i];
		struct stat st;

		if (fstatat(c->dirfd, path, &st, 0) < 0 || !S_ISREG(st.st_mode) ||
			is_dependency(c->op, path) || !is_chosen(c->rules, path, true))
			continue;
		r = strv_add(c->paths, path);
	}
	return r;
}

/* --- copying -------------------------------------------------------------- */

static int copy_file(
	int root_fd, const char *path, int run_fd, struct buf *manifest, struct digest *digest)
{
	char sha1[DIGEST_SHA1_LEN + 1];
	_cleanup_close_ int fd = -1;
	const char *slash = strrchr(path, '/');
	int r = 0;

	if (slash) {
		_cleanup_free_ char *dir = strndup(path, (size_t)(slash - path));

		r = dir ? file_mkdirs(run_fd, dir, 0777) : -ENOMEM;
	}
	if (r == 0)
		r = file_copy(root_fd, path, run_fd, path);
	if (r == 0)
		r = digest_file_sha1(run_fd, path, sha1);
	if (r < 0)
		return r;
	manifest_add(manifest, 's', path, sha1, path, NULL);
	/* Path and content, each with a NUL behind it, in the order of the paths. */
	digest_add(digest, path, strlen(path) + 1);
	fd = openat(run_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		char block[16384];
		ssize_t n;

		while ((n = read(fd, block, sizeof(block))) > 0)
			digest_add(digest, block, (size_t)n);
	}
	digest_add(digest, "", 1);
	return 0;
}

static int copy_paths(int root_fd, struct strv *paths, int run_fd, struct buf *manifest,
	char ret_digest[DIGEST_MD5_LEN + 1], struct err *err)
{
	struct digest *digest = digest_new_md5();
	int r = digest ? 0 : -ENOMEM;

	strv_sort(paths);
	for (size_t i = 0; r == 0 && i < paths->n; i++) {
		r = copy_file(root_fd, paths->v[i], run_fd, manifest, digest);
		/* Gone since it was listed. */
		if (r == -ENOENT)
			r = 0;
		if (r < 0)
			err_set(err, r, "cannot copy the source file %s: %s", paths->v[i],
				strerror(-r));
	}
	if (r == 0)
		digest_finish(digest, ret_digest);
	else
		digest_free(digest);
	return r;
}

int source_snapshot(const struct operation *op, int run_fd, struct buf *manifest,
	char ret_digest[DIGEST_MD5_LEN + 1], struct err *err)
{
	struct rules rules = {0};
	_cleanup_strv_ struct strv paths = STRV_INIT, listed = STRV_INIT;
	_cleanup_buf_ struct buf root = BUF_INIT;
	_cleanup_close_ int root_fd = -1;
	struct chooser c = {.op = op, .rules = &rules, .paths = &paths};
	int r = parse_rules(op->sourcecode, &rules, err);

	ret_digest[0] = '\0';
	if (r < 0 || rules.none)
		goto out;
	buf_printf(&root, "%s/%s", op->model->file->dir, rules.root);
	c.dirfd = root_fd = open(buf_str(&root), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0) {
		r = err_set(err, -errno, "cannot read the source code in %s: %s", buf_str(&root),
			strerror(errno));
		goto out;
	}
	if (source_git_list(buf_str(&root), &listed) == 0)
		r = choose_from_git(&c, &listed);
	else
		r = choose_dir(&c, "");
	if (r == 0 && paths.n)
		r = copy_paths(root_fd, &paths, run_fd, manifest, ret_digest, err);
out:
	free(rules.v);
	return r;
}

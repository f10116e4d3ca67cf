/* SPDX-License-Identifier: MIT */
/* Choosing and copying source code (reference, 1.11). */
#include "run/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/name.h"
#include "run/manifest.h"

enum { MAX_DEPTH = 100 };

#define HELP                                                                                       \
	" To control which files are copied, define 'sourcecode' for the operation in a Guild "    \
	"file."

/* --- choosing -------------------------------------------------------------- */

struct chooser {
	const struct operation *op;
	struct source_choice *choice;
	int root_fd;
	struct strv deps; /* paths below the root that are dependencies */
	bool said_count;
	int depth;
};

/* Files of the project that the operation requires are no source code. */
static int collect_deps(struct chooser *c)
{
	_cleanup_free_ const struct resource **resources = NULL;
	size_t n = 0;
	int r = operation_resources(c->op, NULL, &resources, &n, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		for (size_t j = 0; r == 0 && j < resources[i]->n_sources; j++) {
			const struct source *s = &resources[i]->sources[j];
			_cleanup_buf_ struct buf path = BUF_INIT, way = BUF_INIT;

			if (!source_is_project_file(s))
				continue;
			if (*s->spec != '/')
				buf_printf(&path, "%s/", resources[i]->dir);
			buf_puts(&path, s->spec);
			name_relative_path(&way, c->choice->rules.root, buf_str(&path));
			r = strv_add(&c->deps, buf_str(&way));
		}
	}
	return r;
}

static bool is_dependency(const struct chooser *c, const char *path)
{
	for (size_t i = 0; i < c->deps.n; i++) {
		size_t len = strlen(c->deps.v[i]);

		if (strncmp(path, c->deps.v[i], len) == 0 && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

static int warn_of_limit(struct chooser *c, const char *path, enum source_limit limit)
{
	if (limit == LIMIT_SIZE)
		return strv_addf(&c->choice->warnings,
			"Skipping source code file %s because it's too big." HELP, path);
	if (limit != LIMIT_COUNT || c->said_count)
		return 0;
	c->said_count = true;
	return strv_add(&c->choice->warnings,
		"Found more than 100 source code files but will only copy 100 as a safety "
		"measure." HELP);
}

static int choose_file(struct chooser *c, const char *path)
{
	enum source_limit limit = LIMIT_NONE;
	int r;

	if (!is_dependency(c, path) &&
		source_rules_choose(&c->choice->rules, c->root_fd, path, &limit))
		return strv_add(&c->choice->chosen, path);
	r = warn_of_limit(c, path, limit);
	return r < 0 ? r : strv_add(&c->choice->skipped, path);
}

static int split_names(struct chooser *c, const char *dir, struct strv *dirs, struct strv *files)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = file_names(c->root_fd, *dir ? dir : ".", &names);

	/* A directory that cannot be read, or a link to one, has nothing to copy. */
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;
		struct stat st;

		buf_printf(&path, "%s%s%s", dir, *dir ? "/" : "", names.v[i]);
		if (fstatat(c->root_fd, buf_str(&path), &st, 0) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			r = strv_add(dirs, buf_str(&path));
		else if (S_ISREG(st.st_mode))
			r = strv_add(files, buf_str(&path));
	}
	return r;
}

/* The files of a directory come before what is below it. */
static int choose_dir(struct chooser *c, const char *dir)
{
	_cleanup_strv_ struct strv dirs = STRV_INIT, files = STRV_INIT, below = STRV_INIT;
	int r = split_names(c, dir, &dirs, &files);

	for (size_t i = 0; r == 0 && i < dirs.n; i++)
		r = source_rules_prune(&c->choice->rules, c->root_fd, dirs.v[i])
			    ? strv_add(&c->choice->skipped, dirs.v[i])
			    : strv_add(&below, dirs.v[i]);
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = choose_file(c, files.v[i]);
	if (c->depth >= MAX_DEPTH)
		return r;
	c->depth++;
	for (size_t i = 0; r == 0 && i < below.n; i++)
		r = choose_dir(c, below.v[i]);
	c->depth--;
	return r;
}

int source_choose(const struct operation *op, struct source_choice *ret, struct err *err)
{
	struct chooser c = {.op = op, .choice = ret};
	_cleanup_close_ int root_fd = -1;
	int r;

	*ret = (struct source_choice){0};
	r = source_rules_make(op, &ret->rules, err);
	if (r < 0 || source_rules_disabled(&ret->rules))
		return r;
	c.root_fd = root_fd = open(ret->rules.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_set(err, -errno, "cannot read the source code in %s: %s",
			ret->rules.root, strerror(errno));
	r = collect_deps(&c);
	if (r == 0)
		r = choose_dir(&c, "");
	strv_release(&c.deps);
	return r;
}

void source_choice_release(struct source_choice *choice)
{
	source_rules_release(&choice->rules);
	strv_release(&choice->chosen);
	strv_release(&choice->skipped);
	strv_release(&choice->warnings);
}

/* --- copying --------------------------------------------------------------- */

struct copier {
	int from_fd, run_fd;
	struct buf *manifest;
	struct digest *digest;
};

/* Path and content, each with a NUL behind it. */
static void add_to_digest(struct copier *c, const char *path)
{
	_cleanup_close_ int fd = openat(c->run_fd, path, O_RDONLY | O_CLOEXEC);
	char block[16384];
	ssize_t n;

	digest_add(c->digest, path, strlen(path) + 1);
	while (fd >= 0 && (n = read(fd, block, sizeof(block))) > 0)
		digest_add(c->digest, block, (size_t)n);
	digest_add(c->digest, "", 1);
}

/* `path` is where it was in the project, `from` where it is now, `to` its place in the run. */
static int copy_file(struct copier *c, const char *from, const char *to, const char *path)
{
	char sha1[DIGEST_SHA1_LEN + 1];
	int r = file_mkdirs_above(c->run_fd, to, 0777);

	if (r == 0)
		r = file_copy(c->from_fd, from, c->run_fd, to);
	if (r == 0)
		r = digest_file(DIGEST_SHA1, c->run_fd, to, NULL, sha1);
	if (r < 0)
		return r;
	manifest_add(c->manifest, 's', to, sha1, path, NULL);
	add_to_digest(c, to);
	return buf_error(c->manifest);
}

static void finish(struct copier *c, int r, char ret_digest[DIGEST_MD5_LEN + 1])
{
	if (r == 0)
		digest_finish(c->digest, ret_digest);
	else
		digest_free(c->digest);
}

static int copy_chosen(struct source_choice *choice, int run_fd, struct buf *manifest,
	char ret_digest[DIGEST_MD5_LEN + 1], struct err *err)
{
	_cleanup_close_ int root_fd = open(choice->rules.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct copier c = {.from_fd = root_fd, .run_fd = run_fd, .manifest = manifest};
	const char *dest = choice->rules.dest;
	int r = root_fd < 0 ? -errno : digest_new(DIGEST_MD5, &c.digest);

	if (r < 0)
		return r;
	strv_sort(&choice->chosen);
	for (size_t i = 0; r == 0 && i < choice->chosen.n; i++) {
		const char *path = choice->chosen.v[i];
		_cleanup_buf_ struct buf to = BUF_INIT;

		if (strcmp(dest, ".") != 0)
			buf_printf(&to, "%s/", dest);
		buf_puts(&to, path);
		r = copy_file(&c, path, buf_str(&to), path);
		/* Gone since it was listed. */
		if (r == -ENOENT)
			r = 0;
		if (r < 0)
			err_set(err, r, "cannot copy the source file %s: %s", path, strerror(-r));
	}
	finish(&c, r, ret_digest);
	return r;
}

int source_snapshot(const struct operation *op, int run_fd, struct buf *manifest,
	char ret_digest[DIGEST_MD5_LEN + 1], struct strv *warnings, struct err *err)
{
	_cleanup_(source_choice_release) struct source_choice choice;
	int r = source_choose(op, &choice, err);

	ret_digest[0] = '\0';
	if (r == 0 && strcmp(choice.rules.dest, ".") != 0 && !name_is_safe_path(choice.rules.dest))
		return err_set(err, -EINVAL,
			"sourcecode dest '%s' is not a path below the run directory",
			choice.rules.dest);
	if (r == 0 && choice.chosen.n)
		r = copy_chosen(&choice, run_fd, manifest, ret_digest, err);
	return r == 0 && warnings ? strv_copy(warnings, &choice.warnings) : r;
}

int source_copy_run(int from_run_fd, int run_fd, struct buf *manifest,
	char ret_digest[DIGEST_MD5_LEN + 1], struct err *err)
{
	struct copier c = {.from_fd = from_run_fd, .run_fd = run_fd, .manifest = manifest};
	_cleanup_strv_ struct strv paths = STRV_INIT, sources = STRV_INIT;
	int r = manifest_sources(from_run_fd, &paths, &sources);

	ret_digest[0] = '\0';
	if (r < 0 || !paths.n)
		return r;
	r = digest_new(DIGEST_MD5, &c.digest);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < paths.n; i++) {
		r = copy_file(&c, paths.v[i], paths.v[i], sources.v[i]);
		if (r == -ENOENT)
			r = 0;
		if (r < 0)
			err_set(err, r, "cannot copy the source file %s: %s", paths.v[i],
				strerror(-r));
	}
	finish(&c, r, ret_digest);
	return r;
}

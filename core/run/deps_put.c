/* SPDX-License-Identifier: MIT */
/* Links and copies of dependencies. */
#include "run/deps_put.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/name.h"
#include "base/shell.h"
#include "run/manifest.h"

static int collect_name(void *arg, const char *name, int d_type)
{
	(void)d_type;
	return strv_add(arg, name);
}

int deps_list_dir(int dirfd, const char *path, struct strv *names)
{
	return file_each(dirfd, path, collect_name, names);
}

/* --- names ---------------------------------------------------------------- */

/* Python's re.sub with count 1: \1 and \g<1> stand for groups. */
static void substitute(
	struct buf *b, const char *text, const regmatch_t *groups, size_t n, const char *repl)
{
	buf_add(b, text, (size_t)groups[0].rm_so);
	for (; *repl; repl++) {
		size_t group = n;

		if (repl[0] == '\\' && repl[1] >= '0' && repl[1] <= '9') {
			group = (size_t)(*++repl - '0');
		} else if (strncmp(repl, "\\g<", 3) == 0 && repl[3] >= '0' && repl[3] <= '9' &&
			   repl[4] == '>') {
			group = (size_t)(repl[3] - '0');
			repl += 4;
		} else {
			buf_putc(b, *repl);
			continue;
		}
		if (group < n && groups[group].rm_so >= 0)
			buf_add(b, text + groups[group].rm_so,
				(size_t)(groups[group].rm_eo - groups[group].rm_so));
	}
	buf_puts(b, text + groups[0].rm_eo);
}

static int rename_to(struct buf *b, const char *name, const char *rename, struct err *err)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	regmatch_t groups[10];
	regex_t regex;
	int r = shell_split(rename, &words, err);

	if (r < 0)
		return r;
	if (words.n == 1) {
		buf_puts(b, words.v[0]);
		return 0;
	}
	if (words.n != 2 || regcomp(&regex, words.v[0], REG_EXTENDED) != 0)
		return err_set(
			err, -EINVAL, "rename '%s' is not a name, nor PATTERN REPLACEMENT", rename);
	if (regexec(&regex, name, ARRAY_SIZE(groups), groups, 0) == 0)
		substitute(b, name, groups, ARRAY_SIZE(groups), words.v[1]);
	else
		buf_puts(b, name);
	regfree(&regex);
	return 0;
}

/* Where it goes, below the run directory. */
static int target_path(const struct deps_item *item, struct buf *b, struct err *err)
{
	const char *name = strrchr(item->path, '/') ? strrchr(item->path, '/') + 1 : item->path;
	int r = 0;

	if (item->dep->target_path)
		buf_printf(b, "%s/", item->dep->target_path);
	if (item->dep->rename)
		r = rename_to(b, name, item->dep->rename, err);
	else
		buf_puts(b, name);
	if (r == 0 && (!name_is_safe_path(buf_str(b)) || strncmp(buf_str(b), ".guild", 6) == 0))
		r = err_set(err, -EINVAL, "'%s' is not a path below the run directory", buf_str(b));
	return r;
}

/* From the run directory (home/runs/ID) to an absolute path; `depth` more directories down. */
static void relative_path(const struct deps_item *item, int depth, struct buf *b)
{
	_cleanup_buf_ struct buf runs = BUF_INIT;
	const char *home = item->home->path;
	const char *dir = item->dir;
	size_t common = 0;

	while (depth--)
		buf_puts(b, "../");
	buf_printf(&runs, "%s/runs/", home);
	if (strncmp(dir, buf_str(&runs), runs.len) == 0) {
		buf_printf(b, "../%s/%s", dir + runs.len, item->path);
		return;
	}
	/* Up from runs/ID to the last directory that both paths share, and down again. */
	for (size_t i = 0; home[i] && home[i] == dir[i]; i++)
		if (home[i] == '/')
			common = i;
	if (strncmp(home, dir, strlen(home)) == 0 && dir[strlen(home)] == '/')
		common = strlen(home);
	for (const char *c = home + common; *c; c++)
		if (*c == '/')
			buf_puts(b, "../");
	buf_printf(b, "../../%s/%s", dir + common + 1, item->path);
}

static int depth_of(const char *path)
{
	int depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* --- putting -------------------------------------------------------------- */

static int make_parents(int run_fd, const char *target)
{
	const char *slash = strrchr(target, '/');
	_cleanup_free_ char *dir = slash ? strndup(target, (size_t)(slash - target)) : NULL;

	if (!slash)
		return 0;
	return dir ? file_mkdirs(run_fd, dir, 0777) : -ENOMEM;
}

static int copy_in(const struct deps_item *item, const char *target)
{
	_cleanup_buf_ struct buf from = BUF_INIT;
	_cleanup_free_ char *real = NULL;

	buf_printf(&from, "%s/%s", item->dir, item->path);
	/* A link in the project stands for what it leads to. */
	real = realpath(buf_str(&from), NULL);
	return real ? file_copy_tree(AT_FDCWD, real, item->run_fd, target) : -errno;
}

static int add_manifest_line(const struct deps_item *item, const char *target, struct buf *manifest)
{
	char sha1[DIGEST_SHA1_LEN + 1];
	_cleanup_buf_ struct buf uri = BUF_INIT;
	bool is_file = digest_file_sha1(item->run_fd, target, sha1) == 0;
	size_t project = strlen(item->location);

	if (item->dep->type == DEP_FILE && strncmp(item->dir, item->location, project) == 0 &&
		(item->dir[project] == '/' || !item->dir[project])) {
		const char *below = item->dir + project + (item->dir[project] == '/');

		buf_printf(&uri, "file:%s%s%s", below, *below ? "/" : "", item->path);
		manifest_add(manifest, 'd', target, is_file ? sha1 : NULL, buf_str(&uri), NULL);
		return buf_error(manifest);
	}
	buf_printf(&uri, "%s:%s", item->dep->type_name, item->dep->spec);
	manifest_add(manifest, 'd', target, is_file ? sha1 : NULL, buf_str(&uri), item->path);
	return buf_error(manifest);
}

int deps_put(
	const struct deps_item *item, struct buf *manifest, struct value *resolved, struct err *err)
{
	_cleanup_buf_ struct buf target = BUF_INIT, link = BUF_INIT, source = BUF_INIT;
	int r = target_path(item, &target, err);

	if (r < 0)
		return r;
	relative_path(item, 0, &source);
	relative_path(item, depth_of(buf_str(&target)), &link);
	r = make_parents(item->run_fd, buf_str(&target));
	if (r < 0)
		return err_set(err, r, "cannot make a directory for %s: %s", buf_str(&target),
			strerror(-r));
	if (file_exists(item->run_fd, buf_str(&target)))
		return value_list_add(resolved, value_string(buf_str(&source)));
	if (item->dep->link)
		r = symlinkat(buf_str(&link), item->run_fd, buf_str(&target)) < 0 ? -errno : 0;
	else
		r = copy_in(item, buf_str(&target));
	if (r < 0)
		return err_set(err, r, "cannot %s %s/%s: %s", item->dep->link ? "link" : "copy",
			item->dir, item->path, strerror(-r));
	r = add_manifest_line(item, buf_str(&target), manifest);
	return r < 0 ? r : value_list_add(resolved, value_string(buf_str(&source)));
}

/* SPDX-License-Identifier: MIT */
/* Asking git. */
#include "run/source_git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/output_of.h"

enum { GUILDIGNORE_MAX = 1024 * 1024 };

/* A work tree here or above, seen without starting a process: most projects on a shared machine
 * have none. */
static bool has_git(const char *dir)
{
	_cleanup_free_ char *path = strdup(dir);

	while (path) {
		_cleanup_buf_ struct buf git = BUF_INIT;
		char *slash;

		buf_printf(&git, "%s/.git", path);
		if (file_exists(AT_FDCWD, buf_str(&git)))
			return true;
		slash = strrchr(path, '/');
		if (!slash || !*path)
			return false;
		*slash = '\0';
	}
	return false;
}

/* Patterns of .guildignore, each as an option; the strings belong to `text`. */
static int add_guildignore(const char *dir, struct strv *argv)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	int r = 0;

	buf_printf(&path, "%s/.guildignore", dir);
	if (file_read(AT_FDCWD, buf_str(&path), GUILDIGNORE_MAX, &text) < 0)
		return 0;
	for (const char *line = buf_str(&text); r == 0 && *line;) {
		size_t len = strcspn(line, "\r\n");

		if (len && *line != '#') {
			r = strv_add(argv, "-x");
			if (r == 0)
				r = strv_add_len(argv, line, len);
		}
		line += len + strspn(line + len, "\r\n");
	}
	return r;
}

/* What a command prints, names that end in NUL; directories without their slash. */
static int list_paths(const char *const *argv, const char *dir, struct strv *ret_paths)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r = output_of(argv, dir, &out);

	for (const char *p = buf_str(&out); r == 0 && p < out.data + out.len; p += strlen(p) + 1) {
		size_t len = strlen(p);

		r = strv_add_len(ret_paths, p, len && p[len - 1] == '/' ? len - 1 : len);
	}
	return r;
}

int source_git_ignored(const char *dir, struct strv *ret_paths)
{
	static const char *const command[] = {"git", "ls-files", "-z", "--ignored", "--others",
		"--cached", "--exclude-standard", "--directory"};
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int r = has_git(dir) ? 0 : -ENOENT;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(command); i++)
		r = strv_add(&argv, command[i]);
	if (r == 0)
		r = add_guildignore(dir, &argv);
	return r == 0 ? list_paths((const char *const *)argv.v, dir, ret_paths) : r;
}

int source_git_files(const char *dir, struct strv *ret_paths)
{
	static const char *const argv[] = {
		"git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", NULL};

	return has_git(dir) ? list_paths(argv, dir, ret_paths) : -ENOENT;
}

int source_git_unstaged(const char *dir, struct strv *ret_paths)
{
	static const char *const argv[] = {
		"git", "ls-files", "-z", "--modified", "--others", "--exclude-standard", NULL};

	return has_git(dir) ? list_paths(argv, dir, ret_paths) : -ENOENT;
}

int source_git_commit(const char *dir, struct buf *b)
{
	static const char *const head[] = {"git", "log", "-1", "--format=%H", ".", NULL};
	static const char *const status[] = {"git", "status", "--short", NULL};
	_cleanup_buf_ struct buf commit = BUF_INIT, changes = BUF_INIT;
	int r = has_git(dir) ? output_of(head, dir, &commit) : -ENOENT;

	if (r == 0)
		r = output_of(status, dir, &changes);
	if (r < 0 || commit.len < 40)
		return -ENOENT;
	buf_printf(b, "git:%.40s%s", buf_str(&commit), changes.len ? "*" : "");
	return buf_error(b);
}

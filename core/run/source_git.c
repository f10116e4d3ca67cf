/* SPDX-License-Identifier: MIT */
/* Asking git. */
#include "run/source_git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/file.h"
#include "base/output_of.h"

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

/* Files that say what git or Guild ignores are about the project, not of it. */
static bool is_about_git(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	return strncmp(name, ".git", 4) == 0 || strcmp(name, ".guildignore") == 0 ||
	       strncmp(path, ".guild/", 7) == 0;
}

static bool below_nocopy(const char *path, const struct strv *nocopy)
{
	for (size_t i = 0; i < nocopy->n; i++)
		if (strncmp(path, nocopy->v[i], strlen(nocopy->v[i])) == 0)
			return true;
	return false;
}

int source_git_list(const char *dir, struct strv *ret_paths)
{
	static const char *const argv[] = {"git", "ls-files", "-z", "--cached", "--others",
		"--exclude-standard", "--exclude-per-directory=.guildignore", NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	_cleanup_strv_ struct strv nocopy = STRV_INIT;
	int r = has_git(dir) ? output_of(argv, dir, &out) : -ENOENT;

	if (r < 0)
		return r;
	/* Directories that ask not to be copied, with their slash: "" is the project itself. */
	for (const char *p = buf_str(&out); p < out.data + out.len; p += strlen(p) + 1) {
		const char *marker = strstr(p, ".guild-nocopy");

		if (marker && marker[strlen(".guild-nocopy")] == '\0')
			r = strv_add_len(&nocopy, p, (size_t)(marker - p));
	}
	for (const char *p = buf_str(&out); r == 0 && p < out.data + out.len; p += strlen(p) + 1)
		if (!is_about_git(p) && !below_nocopy(p, &nocopy))
			r = strv_add(ret_paths, p);
	return r;
}

int source_git_commit(const char *dir, struct buf *b)
{
	static const char *const head[] = {"git", "log", "-1", "--format=%H", NULL};
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

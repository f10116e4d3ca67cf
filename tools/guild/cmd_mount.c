/* SPDX-License-Identifier: MIT */
/* guild mount, guild unmount. */
#include "guild.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "term/child.h"
#include "base/mounts.h"
#include "base/proc.h"

enum { BUSY_TRIES = 20, BUSY_NS = 50 * 1000 * 1000 };

struct mount_options {
	struct strv projects, options;
	bool foreground;
};

#define OPTION(member, n, s, v, h, k)                                                              \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct mount_options, member)                                   \
	}

static const struct option_def mount_options[] = {
	OPTION(projects, "--project", "-C", "DIR", "show this project; may be repeated",
		OPTION_LIST),
	OPTION(options, "--options", "-o", "OPTION", "mount option, such as allow_other",
		OPTION_LIST),
	OPTION(foreground, "--foreground", "-f", NULL, "stay in the foreground", OPTION_FLAG),
	{0},
};

static void release(void *options)
{
	struct mount_options *o = options;

	strv_release(&o->projects);
	strv_release(&o->options);
}

/* --- what is mounted where ------------------------------------------------ */

/* Absolute, without looking at the mount itself: a dead one cannot be looked at. */
static void absolute(const struct guild *g, const char *path, struct buf *b)
{
	_cleanup_free_ char *copy = strdup(path);
	char *slash, *name;
	char real[PATH_MAX];

	while (copy && strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
		copy[strlen(copy) - 1] = '\0';
	slash = copy ? strrchr(copy, '/') : NULL;
	name = slash ? slash + 1 : copy;
	if (slash)
		*slash = '\0';
	if (!copy || !realpath(slash ? (*copy ? copy : "/") : g->cwd, real))
		buf_puts(b, path);
	else
		buf_printf(b, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name);
}

/* True when one of ours is mounted exactly there. */
static bool is_mounted(const char *path)
{
	unsigned number;

	return mounts_find(path, "fuse.guildfs", &number) == 0;
}

/* A mount whose daemon has died answers nothing but this. (stat may be answered from a cache.) */
static bool is_dead(const char *path)
{
	struct statfs st;

	return statfs(path, &st) < 0 && errno == ENOTCONN;
}

/* Root unmounts by itself; others ask fusermount3, which may for their own mounts. */
static int unmount_path(const char *path, bool lazy)
{
	const char *const argv[] = {"fusermount3", lazy ? "-uz" : "-u", path, NULL};
	int r;

	if (geteuid() == 0)
		return umount2(path, lazy ? MNT_DETACH : 0) < 0 ? -errno : 0;
	r = run_child(argv, NULL);
	if (r < 0)
		complain("cannot run %s: %s", argv[0], strerror(-r));
	return r == 0 ? 0 : -EBUSY;
}

/* --- mount ---------------------------------------------------------------- */

static int make_arguments(
	const struct guild *g, const struct mount_options *o, const char *at, struct strv *argv)
{
	_cleanup_buf_ struct buf program = BUF_INIT;
	char *slash;
	int r = proc_self_exe(&program);

	if (r < 0)
		return r;
	slash = strrchr(program.data, '/');
	buf_resize(&program, (size_t)(slash - program.data) + 1);
	buf_puts(&program, "guildfs");
	r = strv_add(argv, buf_str(&program));
	if (r == 0 && o->foreground)
		r = strv_add(argv, "-f");
	if (r == 0 && g->home_option) {
		r = strv_add(argv, "-H");
		if (r == 0)
			r = strv_add(argv, g->home_option);
	}
	for (size_t i = 0; r == 0 && i < o->projects.n; i++) {
		r = strv_add(argv, "-C");
		if (r == 0)
			r = strv_add(argv, o->projects.v[i]);
	}
	for (size_t i = 0; r == 0 && i < o->options.n; i++) {
		r = strv_add(argv, "-o");
		if (r == 0)
			r = strv_add(argv, o->options.v[i]);
	}
	return r < 0 ? r : strv_add(argv, at);
}

static int mount_guild(struct guild *g, void *options, const struct strv *args)
{
	const struct mount_options *o = options;
	_cleanup_buf_ struct buf at = BUF_INIT;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	struct stat st;
	int r;

	if (args->n != 1) {
		complain("a mount point is needed: an empty directory, such as /guild\n"
			 "Try 'guild mount --help' for more information.");
		return EXIT_USAGE;
	}
	absolute(g, args->v[0], &at);
	if (is_mounted(buf_str(&at))) {
		if (!is_dead(buf_str(&at)))
			return complain("%s is mounted already", buf_str(&at));
		r = unmount_path(buf_str(&at), true);
		if (r < 0)
			return complain(
				"the daemon of %s has died, and the mount cannot be taken away: %s",
				buf_str(&at), strerror(-r));
	}
	if (stat(buf_str(&at), &st) < 0)
		return complain("%s: %s", args->v[0], strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return complain("%s: not a directory", args->v[0]);
	if (chdir(g->cwd) < 0)
		return complain("%s: %s", g->cwd, strerror(errno));
	r = make_arguments(g, o, buf_str(&at), &argv);
	if (r < 0)
		return complain("cannot run guildfs: %s", strerror(-r));
	if (o->foreground) {
		execve(argv.v[0], argv.v, g->env.v);
		r = -errno;
	} else {
		r = run_child((const char *const *)argv.v, NULL);
	}
	return r < 0 ? complain("cannot run %s: %s", argv.v[0], strerror(-r)) : r;
}

const struct command cmd_mount = {
	.name = "mount",
	.usage = "mount [OPTION]... MOUNTPOINT",
	.summary = "Mount the project and all runs; returns when the mount answers",
	.options = mount_options,
	.options_size = sizeof(struct mount_options),
	.run = mount_guild,
	.release = release,
};

/* --- unmount -------------------------------------------------------------- */

static const struct option_def unmount_options[] = {{0}};

static int unmount(struct guild *g, void *options, const struct strv *args)
{
	const struct timespec pause = {.tv_nsec = BUSY_NS};
	_cleanup_buf_ struct buf at = BUF_INIT;
	int r = -EBUSY;

	(void)options;
	if (args->n != 1) {
		complain("a mount point is needed\nTry 'guild unmount --help' for more "
			 "information.");
		return EXIT_USAGE;
	}
	absolute(g, args->v[0], &at);
	if (!is_mounted(buf_str(&at)))
		return complain("%s is not a guildfs mount", buf_str(&at));
	/* The kernel may still be closing what the last command had open. */
	for (int i = 0; r == -EBUSY && i < BUSY_TRIES; i++) {
		r = unmount_path(buf_str(&at), false);
		if (r == -EBUSY)
			nanosleep(&pause, NULL);
	}
	if (r == -EBUSY)
		return complain("%s is in use: leave it (cd), close its files, and try again",
			buf_str(&at));
	return r < 0 ? complain("%s: %s", buf_str(&at), strerror(-r)) : EXIT_OK;
}

const struct command cmd_unmount = {
	.name = "unmount",
	.usage = "unmount MOUNTPOINT",
	.summary = "Take the mount away; runs go on",
	.options = unmount_options,
	.options_size = 1,
	.run = unmount,
};

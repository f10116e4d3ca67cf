/* SPDX-License-Identifier: MIT */
/*
 * guildfs: mounts a Guild home and the projects it is told of.
 *
 *	guildfs [-f] [-d] [-C DIR]... [-H HOME] [-o OPTION[,...]] MOUNTPOINT
 *
 * Returns when the mount answers; the daemon goes on in the background, or here with -f. A
 * SIGTERM unmounts. Exit status 0 or 1; messages are on stderr until the mount answers.
 */
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "backing.h"
#include "errors.h"
#include "guildfs.h"
#include "notify.h"
#include "opdir.h"
#include "ops.h"
#include "passthrough.h"
#include "run_scalars.h"
#include "sweep.h"
#include "things.h"
#include "tree.h"
#include "waiters.h"
#include "watch.h"
#include "project/flag_import.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "project/project.h"
#include "run/home.h"

extern char **environ;

struct options {
	struct strv projects;
	struct strv mount; /* for libfuse */
	const char *home;
	const char *mountpoint;
	bool foreground, debug;
};

static int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int complain(const char *format, ...)
{
	va_list ap;

	fputs("guildfs: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

static void print_usage(FILE *to)
{
	fputs("Usage: guildfs [-f] [-d] [-C DIR]... [-H HOME] [-o OPTION[,...]] MOUNTPOINT\n"
	      "\n"
	      "  -C DIR     show the project in DIR (repeatable; default: the current directory)\n"
	      "  -H HOME    Guild home (default: as `guild` finds it)\n"
	      "  -o OPTION  mount option, such as allow_other\n"
	      "  -f         stay in the foreground\n"
	      "  -d         foreground, and print every request\n"
	      "  --help     this text\n"
	      "  --version  print the version\n",
		to);
}

static int print_tree(void)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	tree_init();
	tree_print(&b);
	fputs(buf_str(&b), stdout);
	return fflush(stdout) ? 1 : 0;
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	enum { OPT_TREE = 256, OPT_HELP, OPT_VERSION };
	static const struct option longs[] = {
		{"print-tree", no_argument, NULL, OPT_TREE}, /* for the golden test */
		{"help", no_argument, NULL, OPT_HELP},
		{"version", no_argument, NULL, OPT_VERSION},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "fdC:H:o:", longs, NULL)) != -1) {
		if (c == OPT_TREE)
			return print_tree();
		if (c == OPT_HELP)
			return print_usage(stdout), 0;
		if (c == OPT_VERSION)
			return printf("guildfs %s\n", GUILDFS_VERSION) < 0;
		if (c == '?')
			return print_usage(stderr), 1;
		if ((c == 'C' && strv_add(&o->projects, optarg) < 0) ||
			(c == 'o' && strv_add(&o->mount, optarg) < 0))
			return complain("out of memory");
		if (c == 'H')
			o->home = optarg;
		o->debug |= c == 'd';
		o->foreground |= c == 'f' || c == 'd';
	}
	if (optind + 1 != argc)
		return print_usage(stderr), 1;
	o->mountpoint = argv[optind];
	return -1;
}

/* --- what the mount shows ------------------------------------------------- */

static int open_home(struct guildfs *fs, const struct options *o)
{
	_cleanup_buf_ struct buf path = BUF_INIT, cache = BUF_INIT;
	struct err err = ERR_INIT;

	if (home_find(o->home, fs->cwd, &path, &err) < 0 ||
		home_open(buf_str(&path), &fs->home, &err) < 0 ||
		catalog_new(fs->home, &fs->catalog, &err) < 0)
		return complain("%s", err_text(&err));
	buf_printf(&cache, "%s/cache/import-flags", fs->home->path);
	flag_import_set_cache(buf_str(&cache));
	return 0;
}

static int open_project(struct guildfs *fs, const char *dir)
{
	struct project **grown = reallocarray(fs->projects, fs->n_projects + 1, sizeof(*grown));
	_cleanup_buf_ struct buf problem = BUF_INIT;
	struct err err = ERR_INIT;

	if (!grown)
		return complain("out of memory");
	fs->projects = grown;
	if (project_new(dir, &grown[fs->n_projects], &err) < 0)
		return complain("%s", err_text(&err));
	/* A Guild file with an error does not keep the runs from being shown. */
	project_error(grown[fs->n_projects++], &problem);
	if (problem.len)
		complain("%s", buf_str(&problem));
	return 0;
}

static int open_projects(struct guildfs *fs, const struct options *o)
{
	for (size_t i = 0; i < o->projects.n; i++)
		if (open_project(fs, o->projects.v[i]))
			return 1;
	return o->projects.n ? 0 : open_project(fs, fs->cwd);
}

static int open_parts(struct guildfs *fs)
{
	fs->things = things_new();
	fs->opdirs = opdirs_new();
	fs->backings = backings_new();
	fs->passthrough = passthrough_new();
	fs->errors = errors_new();
	fs->notifier = notifier_new();
	fs->scalars = run_scalars_new();
	fs->waiters = waiters_new();
	if (!fs->things || !fs->opdirs || !fs->backings || !fs->passthrough || !fs->errors ||
		!fs->notifier || !fs->scalars || !fs->waiters)
		return complain("out of memory");
	return 0;
}

static int copy_env(struct guildfs *fs)
{
	for (char **e = environ; *e; e++)
		if (strv_add(&fs->env, *e) < 0)
			return complain("out of memory");
	return 0;
}

static int guildfs_open(struct guildfs *fs, const struct options *o)
{
	fs->uid = getuid();
	fs->gid = getgid();
	fs->mounted = clock_now();
	fs->cwd = getcwd(NULL, 0);
	fs->mountpoint = realpath(o->mountpoint, NULL);
	for (size_t i = 0; i < o->mount.n; i++)
		fs->shared |= strstr(o->mount.v[i], "allow_other") != NULL;
	if (!fs->cwd)
		return complain("cannot tell the current directory: %s", strerror(errno));
	if (!fs->mountpoint)
		return complain("%s: %s", o->mountpoint, strerror(errno));
	if (copy_env(fs) || open_home(fs, o) || open_parts(fs))
		return 1;
	return open_projects(fs, o);
}

static void guildfs_close(struct guildfs *fs)
{
	waiters_free(fs->waiters);
	run_scalars_free(fs->scalars);
	notifier_free(fs->notifier);
	errors_free(fs->errors);
	passthrough_free(fs->passthrough);
	backings_free(fs->backings);
	opdirs_free(fs->opdirs);
	things_free(fs->things);
	for (size_t i = 0; i < fs->n_projects; i++)
		project_free(fs->projects[i]);
	free(fs->projects);
	if (fs->catalog)
		catalog_free(fs->catalog);
	if (fs->home)
		home_close(fs->home);
	strv_release(&fs->env);
	free(fs->mountpoint);
	free(fs->cwd);
}

/* --- the session ---------------------------------------------------------- */

/* Other users come to runs by way of the home; without that they would see EACCES everywhere. */
static void warn_shared(const struct guildfs *fs)
{
	_cleanup_free_ char *path = strdup(fs->home->path);
	struct stat st;

	if (fs->uid != 0)
		complain("allow_other without root: others can look, but only user %u can start "
			 "runs",
			(unsigned)fs->uid);
	for (char *end = path ? path + strlen(path) : NULL; end && end > path;
		end = strrchr(path, '/')) {
		*end = '\0';
		if (*path && stat(path, &st) == 0 && !(st.st_mode & 0001))
			complain("other users cannot reach the Guild home: %s is closed to them",
				path);
	}
}

static int add_mount_options(struct fuse_args *args, const struct options *o)
{
	if (fuse_opt_add_arg(args, "guildfs") < 0 ||
		fuse_opt_add_arg(args, "-ofsname=guildfs,subtype=guildfs,default_permissions") < 0)
		return complain("out of memory");
	for (size_t i = 0; i < o->mount.n; i++)
		if (fuse_opt_add_arg(args, "-o") < 0 || fuse_opt_add_arg(args, o->mount.v[i]) < 0)
			return complain("out of memory");
	if (o->debug && fuse_opt_add_arg(args, "-d") < 0)
		return complain("out of memory");
	return 0;
}

/* Each reader of the store holds a descriptor while it reads. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* In the background when asked to be; the threads must be made after the fork. */
static int serve(struct guildfs *fs, struct fuse_session *session, bool foreground)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int r;

	if (!config || fuse_daemonize(foreground) != 0)
		return complain("cannot go to the background");
	fs->mounted = clock_now();
	r = notifier_start(fs->notifier, session);
	if (r == 0)
		r = watcher_start(fs, &fs->watcher);
	if (r == 0)
		r = sweeper_start(fs, &fs->sweeper);
	if (r < 0) {
		watcher_stop(fs->watcher);
		notifier_stop(fs->notifier);
		fuse_loop_cfg_destroy(config);
		return complain("cannot watch %s: %s", fs->home->path, strerror(-r));
	}
	r = fuse_session_loop_mt(session, config);
	sweeper_stop(fs->sweeper);
	watcher_stop(fs->watcher);
	notifier_stop(fs->notifier);
	fuse_loop_cfg_destroy(config);
	return r == 0 || r == SIGTERM || r == SIGINT || r == SIGHUP ? 0 : 1;
}

static int mount_and_serve(struct guildfs *fs, const struct options *o)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session;
	int status = 1;

	if (add_mount_options(&args, o))
		return 1;
	session = fuse_session_new(&args, &ops, sizeof(ops), fs);
	fuse_opt_free_args(&args);
	if (!session)
		return complain("a mount option was refused");
	if (fuse_set_signal_handlers(session) == 0) {
		if (fuse_session_mount(session, fs->mountpoint) == 0) {
			passthrough_attach(fs->passthrough, session);
			status = serve(fs, session, o->foreground);
			fuse_session_unmount(session);
		}
		fuse_remove_signal_handlers(session);
	}
	/* Readers that still wait are answered while there is a session to answer through. */
	waiters_free(fs->waiters);
	fs->waiters = NULL;
	fuse_session_destroy(session);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct guildfs fs = {0};
	int status = parse_options(argc, argv, &o);

	if (status < 0) {
		/* What the starter had open is no business of a daemon's, or of its runs. */
		close_range(STDERR_FILENO + 1, ~0U, 0);
		tree_init();
		status = guildfs_open(&fs, &o);
		if (status == 0) {
			if (fs.shared)
				warn_shared(&fs);
			raise_file_limit();
			status = mount_and_serve(&fs, &o);
		}
		guildfs_close(&fs);
	}
	strv_release(&o.projects);
	strv_release(&o.mount);
	return status;
}

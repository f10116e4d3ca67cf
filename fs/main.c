/* SPDX-License-Identifier: MIT */
/*
 * guildfs: mounts a Guild home and the projects it is told of.
 *
 * Returns when the mount answers; the daemon goes on in the background, or here with -f. A
 * SIGTERM unmounts. Exit status 0 or 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "backing.h"
#include "errors.h"
#include "event_stream.h"
#include "guard.h"
#include "guildfs.h"
#include "jobs.h"
#include "listed.h"
#include "log.h"
#include "notify.h"
#include "opdir.h"
#include "ops.h"
#include "options.h"
#include "packages.h"
#include "passthrough.h"
#include "run_scalars.h"
#include "run_tables.h"
#include "runs_of.h"
#include "scope.h"
#include "service.h"
#include "sweep.h"
#include "things.h"
#include "tree.h"
#include "waiters.h"
#include "watch.h"
#include "where.h"
#include "project/flag_import.h"
#include "base/clock.h"
#include "base/user.h"
#include "catalog/catalog.h"
#include "catalog/facets.h"
#include "project/project.h"
#include "run/executor.h"
#include "run/home.h"
#include "run/share.h"

extern char **environ;

/* A hung store holds a thread for each request that waits for it; what else is asked for is
 * answered by others. Those that idle end. */
enum { THREADS_MAX = 1000, THREADS_IDLE = 10 };

/* --- what the mount shows ------------------------------------------------- */

/* A name that nobody knows would be said of each flags file. */
static int check_executor(struct guildfs *fs)
{
	const struct executor_choice choice = {.asked = fs->executor};
	_cleanup_value_ struct value *settings = NULL;
	struct err err = ERR_INIT;

	if (!fs->executor || executor_choose(fs->home, fs->cwd, &choice, &settings, &err) == 0)
		return 0;
	return complain("%s", err.code ? err_text(&err) : "out of memory");
}

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
	return check_executor(fs);
}

static int open_project(struct guildfs *fs, const char *dir)
{
	struct project **grown = reallocarray(fs->projects, fs->n_projects + 1, sizeof(*grown));
	struct err err = ERR_INIT;

	if (!grown)
		return complain("out of memory");
	fs->projects = grown;
	if (project_new(dir, &grown[fs->n_projects], &err) < 0)
		return complain("%s", err_text(&err));
	/* A Guild file with an error does not keep the runs from being shown. */
	scope_report(fs, (unsigned)fs->n_projects++);
	if (project_is_empty(fs->projects[fs->n_projects - 1]))
		log_rare(LOG_NOTICE,
			"there is no guild.yml in %s: runs and packages are shown, and "
			"the models once it is there; -C DIR is for another project",
			dir);
	return 0;
}

static int open_projects(struct guildfs *fs, const struct options *o)
{
	for (size_t i = 0; i < o->projects.n; i++)
		if (open_project(fs, o->projects.v[i]))
			return 1;
	/* Where mount(8) was called says nothing. */
	return o->projects.n || o->source ? 0 : open_project(fs, fs->cwd);
}

static int open_parts(struct guildfs *fs)
{
	fs->trash = trash_new();
	fs->facets = facets_new(fs->catalog);
	fs->wheres = wheres_new();
	fs->things = things_new();
	fs->opdirs = opdirs_new();
	fs->packages = packages_new();
	fs->backings = backings_new();
	fs->passthrough = passthrough_new();
	fs->errors = errors_new();
	fs->events = event_stream_new();
	fs->notifier = notifier_new();
	fs->scalars = run_scalars_new();
	fs->run_tables = run_tables_new();
	fs->listed = listed_new();
	fs->waiters = waiters_new();
	if (!fs->trash || !fs->facets || !fs->wheres || !fs->things || !fs->opdirs ||
		!fs->packages || !fs->backings || !fs->passthrough || !fs->errors || !fs->events ||
		!fs->notifier || !fs->scalars || !fs->run_tables || !fs->listed || !fs->waiters)
		return complain("out of memory");
	return 0;
}

/* mount(8) and the system's start give little; what a login has is there for runs, too. */
static int complete_env(void)
{
	_cleanup_strv_ struct strv login = STRV_INIT;
	int r = user_login_env(getuid(), &login);

	for (size_t i = 0; r == 0 && i < login.n; i++) {
		char *value = strchr(login.v[i], '=');

		*value++ = '\0';
		r = setenv(login.v[i], value, false) < 0 ? -errno : 0;
	}
	return r < 0 ? complain("out of memory") : 0;
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
	fs->shared = o->shared;
	fs->executor = o->executor;
	if (!fs->cwd)
		return complain("cannot tell the current directory: %s", strerror(errno));
	if (!fs->mountpoint)
		return complain("%s: %s", o->mountpoint, strerror(errno));
	if (complete_env() || copy_env(fs) || open_home(fs, o) || open_parts(fs))
		return 1;
	return open_projects(fs, o);
}

static void guildfs_close(struct guildfs *fs)
{
	waiters_free(fs->waiters);
	event_stream_free(fs->events);
	run_scalars_free(fs->scalars);
	run_tables_free(fs->run_tables);
	listed_free(fs->listed);
	notifier_free(fs->notifier);
	errors_free(fs->errors);
	trash_free(fs->trash);
	facets_free(fs->facets);
	wheres_free(fs->wheres);
	passthrough_free(fs->passthrough);
	backings_free(fs->backings);
	opdirs_free(fs->opdirs);
	packages_free(fs->packages);
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
static void warn_unreachable(const struct guildfs *fs)
{
	_cleanup_free_ char *path = strdup(fs->home->path);
	struct stat st;

	for (char *end = path ? path + strlen(path) : NULL; end && end > path;
		end = strrchr(path, '/')) {
		*end = '\0';
		if (*path && stat(path, &st) == 0 && !(st.st_mode & 0001))
			complain("other users cannot reach the Guild home: %s is closed to them",
				path);
	}
}

/* Batches and pipelines of other users make runs by processes of these users. */
static void share_home(const struct guildfs *fs)
{
	_cleanup_strv_ struct strv changed = STRV_INIT;
	_cleanup_buf_ struct buf names = BUF_INIT;
	struct err err = ERR_INIT;

	if (home_share(fs->home, &changed, &err) < 0)
		complain("batches and pipelines of other users cannot make runs: %s",
			err_text(&err));
	for (size_t i = 0; i < changed.n; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", changed.v[i]);
	if (changed.n)
		log_rare(LOG_NOTICE, "all users may make runs in %s: it has opened to them %s",
			fs->home->path, buf_str(&names));
}

static void prepare_shared(const struct guildfs *fs)
{
	if (fs->uid == 0)
		share_home(fs);
	else
		complain("allow_other without root: others can look, but only user %u can start "
			 "runs",
			(unsigned)fs->uid);
	warn_unreachable(fs);
}

static int add_option(struct fuse_args *args, const char *option)
{
	_cleanup_free_ char *escaped = NULL;

	if (fuse_opt_add_opt_escaped(&escaped, option) < 0)
		return -ENOMEM;
	return fuse_opt_add_arg(args, "-o") < 0 || fuse_opt_add_arg(args, escaped) < 0 ? -ENOMEM
										       : 0;
}

/* mount -a compares what is mounted with what it was given. */
static int add_mount_options(
	struct fuse_args *args, const struct guildfs *fs, const struct options *o)
{
	_cleanup_buf_ struct buf name = BUF_INIT;
	int r = fuse_opt_add_arg(args, "guildfs");

	buf_printf(&name, "fsname=%s", !o->source || o->home ? fs->home->path : o->source);
	if (r == 0)
		r = fuse_opt_add_arg(args, "-osubtype=guildfs,default_permissions");
	if (r == 0)
		r = buf_error(&name) ? buf_error(&name) : add_option(args, buf_str(&name));
	for (size_t i = 0; r == 0 && i < o->mount.n; i++)
		r = add_option(args, o->mount.v[i]);
	if (r == 0 && o->debug)
		r = fuse_opt_add_arg(args, "-d");
	return r < 0 ? complain("out of memory") : 0;
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

/* While it is still mounted, somebody may wait for an answer who holds what the notifier waits for.
 * Readers that wait are answered while there is a session to answer through; what is open is closed
 * before what tells others of its changes goes. */
static void stop_threads(struct guildfs *fs, struct guard *guard, bool mounted)
{
	sweeper_stop(fs->sweeper);
	watcher_stop(fs->watcher);
	ops_close_all();
	jobs_stop(fs->jobs);
	waiters_free(STEAL(fs->waiters));
	event_stream_free(STEAL(fs->events));
	if (mounted)
		guard_abort(guard);
	notifier_stop(fs->notifier);
	guard_end(guard);
}

/* In the background when asked to be; the threads must be made after the fork. */
static int serve(struct guildfs *fs, struct fuse_session *session, bool foreground)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	struct guard guard;
	int r;

	if (!config || fuse_daemonize(foreground) != 0)
		return complain("cannot go to the background");
	if (!foreground)
		log_to_syslog();
	fuse_loop_cfg_set_max_threads(config, THREADS_MAX);
	fuse_loop_cfg_set_idle_threads(config, THREADS_IDLE);
	fs->mounted = clock_now();
	r = notifier_start(fs->notifier, session);
	if (r == 0)
		r = jobs_start(fs, &fs->jobs);
	if (r == 0)
		r = watcher_start(fs, &fs->watcher);
	if (r == 0)
		r = sweeper_start(fs, &fs->sweeper);
	if (r < 0) {
		watcher_stop(fs->watcher);
		jobs_stop(fs->jobs);
		notifier_stop(fs->notifier);
		fuse_loop_cfg_destroy(config);
		return complain("cannot watch %s: %s", fs->home->path, strerror(-r));
	}
	log_rare(LOG_INFO, "%s is mounted at %s", fs->home->path, fs->mountpoint);
	service_say("READY=1");
	guard_start(&guard, fs->mountpoint);
	r = fuse_session_loop_mt(session, config);
	service_say("STOPPING=1");
	log_rare(LOG_INFO, "%s is unmounted", fs->mountpoint);
	stop_threads(fs, &guard, r != 0);
	fuse_loop_cfg_destroy(config);
	return r == 0 || r == SIGTERM || r == SIGINT || r == SIGHUP ? 0 : 1;
}

static int mount_and_serve(struct guildfs *fs, const struct options *o)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session;
	int status = 1;

	if (add_mount_options(&args, fs, o))
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
	fuse_session_destroy(session);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	struct guildfs fs = {0};
	int status;

	if (argc > 1 && strcmp(argv[1], GUARD_OPTION) == 0)
		return guard_main(argc, argv);
	status = options_parse(&o, argc, argv);
	if (status < 0) {
		/* What the starter had open is no business of a daemon's, or of its runs. */
		close_range(STDERR_FILENO + 1, ~0U, 0);
		service_take();
		tree_init();
		status = guildfs_open(&fs, &o);
		if (status == 0) {
			if (fs.shared)
				prepare_shared(&fs);
			raise_file_limit();
			status = mount_and_serve(&fs, &o);
		}
		guildfs_close(&fs);
	}
	options_release(&o);
	log_close();
	return status;
}

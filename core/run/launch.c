/* SPDX-License-Identifier: MIT */
/* Which executor starts a run; claims, stops, and tidying up after the dead. */
#include "run/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/shortage.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/executor.h"
#include "run/status.h"
#include "run/waiting.h"
#include "run/supervise_fd.h"

enum { LINE_MAX_LEN = 256 };

/* --- starting ------------------------------------------------------------- */

int launch_run(
	const struct home *home, const char *id, const struct launch_spec *spec, struct err *err)
{
	return launch_many(home, &(struct launch_list){.ids = &id, .n = 1}, spec, err);
}

size_t launch_most(const struct home *home, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_value_ struct value *settings = NULL;
	const struct executor_type *type = run_fd < 0 ? NULL : executor_of_run(run_fd, &settings);

	return type && type->most ? type->most() : 1;
}

bool launch_is_elsewhere(const struct home *home, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_value_ struct value *settings = NULL;

	return run_fd >= 0 && executor_of_run(run_fd, &settings) != &executor_local;
}

int launch_many(const struct home *home, const struct launch_list *list,
	const struct launch_spec *spec, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, list->ids[0]);
	_cleanup_value_ struct value *settings = NULL;
	const struct executor_type *type;
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", list->ids[0]);
	type = executor_of_run(run_fd, &settings);
	r = type->start(
		&(struct executor_start){
			.home = home, .settings = settings, .launch = spec, .list = list},
		err);
	/* Here the supervisor says in the run why it does not start; elsewhere there is none yet.
	 */
	if (r < 0 && r != -EALREADY && r != -EAGAIN && type->most)
		for (size_t i = 0; i < list->n; i++)
			launch_fail(home, list->ids[i], 1, err_text(err));
	return r;
}

/* --- claims --------------------------------------------------------------- */

static int touch(int run_fd, const char *name)
{
	return beneath_write(run_fd, name, "", 0, 0644, FILE_NOSYNC);
}

/* PENDING with a ticket, in this order: a ticket alone means nothing. `whose`: what is in it. */
static int make_pending(int run_fd, const struct buf *whose)
{
	int r = beneath_mkdirs(run_fd, RUN_OWN_DIR, 0777);

	/* A job of an earlier start says nothing of this one. */
	run_job_forget(run_fd);
	if (r == 0)
		r = beneath_write(
			run_fd, RUN_TICKET_FILE, buf_str(whose), whose->len, 0644, FILE_NOSYNC);
	return r < 0 ? r : touch(run_fd, RUN_GUILD_DIR "/PENDING");
}

/* The name on a ticket that anybody may use. */
static const struct buf nobody = BUF_INIT;

static int take_staged(int run_fd, const struct buf *whose)
{
	int r = make_pending(run_fd, whose);

	if (r == 0)
		r = beneath_unlink(run_fd, RUN_GUILD_DIR "/STAGED");
	return r == -ENOENT ? 0 : r;
}

int launch_claim_staged(const struct home *home, const char *id, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	lock = home_lock_run_status(home);
	if (lock < 0)
		return err_set(err, lock, "cannot lock the home's run status: %s", strerror(-lock));
	if (!beneath_exists(run_fd, RUN_GUILD_DIR "/STAGED"))
		return err_set(err, -EBUSY, "the run is %s, not staged",
			run_status_name(run_status_get(run_fd)));
	r = take_staged(run_fd, &nobody);
	return r < 0 ? err_set(err, r, "cannot start the run: %s", strerror(-r)) : 0;
}

void launch_unstage(const struct home *home, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = run_fd < 0 ? -1 : home_lock_run_status(home);

	if (lock < 0 || beneath_unlink(run_fd, RUN_GUILD_DIR "/STAGED") < 0)
		return;
	attr_remove(run_fd, "started");
	home_poke(home, id);
}

bool launch_has_ticket(int run_fd)
{
	return beneath_exists(run_fd, RUN_TICKET_FILE);
}

bool launch_is_orphan(int run_fd)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct proc_ref queue;

	return beneath_exists(run_fd, RUN_GUILD_DIR "/PENDING") &&
	       beneath_read(run_fd, RUN_TICKET_FILE, LINE_MAX_LEN, &line) == 0 &&
	       proc_ref_parse(buf_str(&line), &queue) == 0 && !proc_ref_alive(&queue) &&
	       !beneath_exists(run_fd, RUN_JOB_FILE) && !run_is_supervised(run_fd);
}

int launch_claim_queued(int run_fd, const struct proc_ref *queue)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	if (run_status_get(run_fd) != RUN_STAGED && !launch_is_orphan(run_fd))
		return -EBUSY;
	proc_ref_format(&line, queue);
	return buf_error(&line) ? buf_error(&line) : take_staged(run_fd, &line);
}

#define OWN_DIR_ASIDE RUN_OWN_DIR ".new"

/*
 * The directory comes with the ticket in it: without one, it says that nobody will ever start the
 * run. -EEXIST, -ENOTEMPTY: it is there already.
 */
static int make_own_dir_with_ticket(int run_fd)
{
	const char *aside, *name;
	_cleanup_close_ int guild_fd = beneath_open_parent(run_fd, RUN_OWN_DIR, &name);
	int r = guild_fd < 0 ? guild_fd : beneath_mkdirs(run_fd, OWN_DIR_ASIDE, 0777);

	if (r == 0)
		r = touch(run_fd, OWN_DIR_ASIDE "/launch");
	if (guild_fd < 0)
		return r;
	aside = strrchr(OWN_DIR_ASIDE, '/') + 1;
	if (r == 0 && renameat(guild_fd, aside, guild_fd, name) < 0)
		r = -errno;
	if (r < 0)
		file_remove_tree(guild_fd, aside);
	return r;
}

int launch_claim_pending(const struct home *home, const char *id, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int status_lock = -1, lock = -1;
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	status_lock = home_lock_run_status(home);
	if (status_lock < 0)
		return err_set(err, status_lock, "cannot lock the home's run status: %s",
			strerror(-status_lock));
	if (run_status_get(run_fd) != RUN_PENDING && !run_never_began(run_fd))
		return err_set(err, -EBUSY, "the run is %s, not pending",
			run_status_name(run_status_get(run_fd)));
	r = make_own_dir_with_ticket(run_fd);
	if (r == -EEXIST || r == -ENOTEMPTY) {
		r = run_lock_take(run_fd, &lock);
		if (r == 0 && beneath_exists(run_fd, RUN_TICKET_FILE))
			r = -EAGAIN;
		if (r == 0)
			r = make_pending(run_fd, &nobody);
	}
	if (r == -EAGAIN)
		return err_set(err, -EBUSY, "the run is being started");
	return r < 0 ? err_set(err, r, "cannot start the run: %s", strerror(-r)) : 0;
}

static void truncate_output(int run_fd)
{
	int fd = beneath_open(run_fd, RUN_GUILD_DIR "/output", O_WRONLY | O_TRUNC | O_NONBLOCK, 0);

	if (fd >= 0)
		close(fd);
}

int launch_forget_end(int run_fd)
{
	int r;

	beneath_unlink(run_fd, RUN_GUILD_DIR "/LOCK"); /* of a process that is no more */
	beneath_unlink(run_fd, RUN_LOG_FILE);
	truncate_output(run_fd);
	r = attr_remove(run_fd, "exit_status");
	return r < 0 ? r : attr_remove(run_fd, "stopped");
}

int launch_claim_restart(const struct home *home, const char *id, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;
	enum run_status status;
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	status = run_status_get(run_fd);
	/* A PENDING that nobody here answers for is started over, as Guild AI does. */
	if (run_status_live(status) &&
		(status != RUN_PENDING || beneath_exists(run_fd, RUN_TICKET_FILE)))
		return err_set(err, -EBUSY, "the run is %s; it can be restarted when it is over",
			run_status_name(status));
	r = beneath_mkdirs(run_fd, RUN_OWN_DIR, 0777);
	if (r == 0)
		r = run_lock_take(run_fd, &lock);
	/* Somebody else was quicker. */
	if (r == -EAGAIN || (r == 0 && beneath_exists(run_fd, RUN_TICKET_FILE) &&
				    beneath_exists(run_fd, RUN_GUILD_DIR "/PENDING")))
		return err_set(err, -EBUSY, "the run is being started");
	if (r < 0)
		return err_set(err, r, "cannot restart the run: %s", strerror(-r));
	/* First of all, so that wherever we die it is not what it was without being whole. */
	r = make_pending(run_fd, &nobody);
	/* Who follows the run from now on must not be shown how it went before. */
	if (r == 0)
		r = launch_forget_end(run_fd);
	return r < 0 ? err_set(err, r, "cannot restart the run: %s", strerror(-r)) : 0;
}

/* --- ends ----------------------------------------------------------------- */

/*
 * Whoever owns a run writes what he likes into the files that name its processes: root, who stops
 * it for him, ends only processes that are his. -ESRCH for others, and for what is gone.
 */
static int end_process(int run_fd, const struct proc_ref *ref, int signal, bool group)
{
	char path[sizeof("/proc/") + 3 * sizeof(ref->pid)];
	struct stat run, process;

	snprintf(path, sizeof(path), "/proc/%d", (int)ref->pid);
	if (fstat(run_fd, &run) < 0 || stat(path, &process) < 0)
		return -ESRCH;
	if (geteuid() == 0 && run.st_uid != 0 && process.st_uid != run.st_uid)
		return -ESRCH;
	return proc_ref_kill(ref, signal, group);
}

static int read_supervisor(int run_fd, struct proc_ref *ret)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r = beneath_read(run_fd, RUN_SUPERVISOR, LINE_MAX_LEN, &line);

	return r < 0 ? r : proc_ref_parse(buf_str(&line), ret);
}

static int kill_supervisor(int run_fd, bool kill)
{
	struct proc_ref ref;

	/* Without the lock its file is about the past. */
	if (!run_is_supervised(run_fd) || read_supervisor(run_fd, &ref) < 0)
		return -ESRCH;
	return end_process(run_fd, &ref, kill ? SIGUSR1 : SIGTERM, false);
}

/* Of a dead supervisor, or of Guild AI: its group, when it leads one. */
static int kill_process(int run_fd, bool kill)
{
	struct proc_ref ref;
	int r = run_process(run_fd, &ref);

	if (r < 0)
		return r;
	return end_process(run_fd, &ref, kill ? SIGKILL : SIGTERM, getpgid(ref.pid) == ref.pid);
}

/* Where this process cannot reach, but perhaps who has started it there. */
static int stop_elsewhere(int run_fd, bool kill, struct err *err)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	struct proc_ref supervisor;
	int r = run_job_stop(run_fd, kill, err);

	if (r != -ESRCH)
		return r;
	if (read_supervisor(run_fd, &supervisor) == 0 && proc_ref_is_here(&supervisor))
		return err_set(err, -EREMOTE,
			"the run is in another container of this machine: stop it there");
	attr_read_text(run_fd, "host", &host);
	return err_set(err, -EREMOTE, "the run is on another machine, %s: stop it there",
		host.len ? buf_str(&host) : "which it does not name");
}

/* True when one of them was told. */
static bool stop_trials(const struct home *home, int run_fd, bool kill)
{
	_cleanup_strv_ struct strv ids = STRV_INIT;
	bool any = false;

	if (batch_links(run_fd, &ids) < 0)
		return false;
	for (size_t i = 0; i < ids.n; i++)
		any |= launch_stop(home, ids.v[i], kill, NULL) == 0;
	return any;
}

int launch_stop(const struct home *home, const char *id, bool kill, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	r = kill_supervisor(run_fd, kill);
	if (r == -ESRCH)
		r = kill_process(run_fd, kill);
	if (r == -ESRCH && run_status_get(run_fd) == RUN_RUNNING)
		r = stop_elsewhere(run_fd, kill, err);
	/* A batch that is told to stop tells its trials; one that is killed, or gone, cannot. */
	if (((r == 0 && kill) || r == -ESRCH) && batch_is(run_fd) &&
		stop_trials(home, run_fd, kill))
		r = 0;
	if (r == -ESRCH)
		return err_set(err, r, "the run is %s, not running",
			run_status_name(run_status_get(run_fd)));
	return r < 0 && !(err && err->code)
		       ? err_set(err, r, "cannot stop the run: %s", strerror(-r))
		       : r;
}

/* --- runs that wait --------------------------------------------------------- */

static void give_job_up(int run_fd)
{
	struct job_list list = {0};

	job_list_take(&list, run_fd);
	job_list_cancel(&list);
}

int launch_withdraw(const struct home *home, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;
	int r;

	if (run_fd < 0)
		return run_fd;
	if (!beneath_exists(run_fd, RUN_OWN_DIR))
		return 0;
	r = run_lock_take(run_fd, &lock);
	if (r == 0)
		r = beneath_unlink(run_fd, RUN_TICKET_FILE);
	if (r == 0)
		give_job_up(run_fd);
	return r == -EAGAIN ? -EBUSY : r == -ENOENT ? 0 : r;
}

/* Under the run's lock: who waits for it finds no ticket behind it, or another file. */
static int release_locked(int run_fd, struct job_list *jobs)
{
	static const char *const files[] = {RUN_LOCK_FILE, RUN_OWN_DIR "/job.log"};
	int r = beneath_unlink(run_fd, RUN_TICKET_FILE);
	const char *name;
	_cleanup_close_ int guild_fd = beneath_open_parent(run_fd, RUN_OWN_DIR, &name);

	if (r < 0)
		return r;
	job_list_take(jobs, run_fd);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		beneath_unlink(run_fd, files[i]);
	return guild_fd < 0 ? guild_fd : unlinkat(guild_fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static void release_run(const struct home *home, const char *id, struct job_list *jobs)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;

	if (run_fd < 0 || !waiting_is_elsewhere(run_fd) || run_lock_take(run_fd, &lock) < 0)
		return;
	release_locked(run_fd, jobs);
	home_poke(home, id);
}

void launch_release(const struct home *home, const char *const *ids, size_t n)
{
	_cleanup_close_ __attribute__((unused)) int status_lock = home_lock_run_status(home);
	struct job_list jobs = {0};

	for (size_t i = 0; i < n; i++)
		release_run(home, ids[i], &jobs);
	job_list_cancel(&jobs);
}

/* Under both locks: who starts it takes one of them, and looks at PENDING behind it. */
static int cancel_locked(int run_fd)
{
	_cleanup_close_ int lock = -1;
	int r = beneath_exists(run_fd, RUN_OWN_DIR) ? run_lock_take(run_fd, &lock) : 0;

	if (r < 0)
		return r;
	if (run_status_get(run_fd) != RUN_PENDING)
		return -ESRCH;
	r = beneath_unlink(run_fd, RUN_TICKET_FILE);
	return r < 0 && r != -ENOENT ? r : beneath_unlink(run_fd, RUN_GUILD_DIR "/PENDING");
}

int launch_cancel(const struct home *home, const char *id, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int status_lock = -1;
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	status_lock = home_lock_run_status(home);
	r = status_lock < 0 ? status_lock : cancel_locked(run_fd);
	if (r == -EAGAIN)
		return err_set(err, -EBUSY, "the run is being started");
	if (r == -ESRCH)
		return err_set(err, r, "the run is %s, not pending",
			run_status_name(run_status_get(run_fd)));
	if (r < 0)
		return err_set(err, r, "cannot keep the run from starting: %s", strerror(-r));
	give_job_up(run_fd);
	home_poke(home, id);
	return 0;
}

static void add_output(int run_fd, const char *line)
{
	_cleanup_close_ int fd = beneath_open(
		run_fd, RUN_GUILD_DIR "/output", O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0644);
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_printf(&text, "guild: %s\n", line);
	if (fd >= 0)
		file_write_all(fd, text.data, text.len);
}

/* How it ended comes before that it is over: a death in between changes nothing. */
static int fail_locked(int run_fd, int exit_status, const char *why)
{
	int r;

	if (!beneath_exists(run_fd, RUN_TICKET_FILE) || run_status_get(run_fd) != RUN_PENDING)
		return -ESRCH;
	add_output(run_fd, why);
	r = run_reason_write(run_fd, why);
	if (r == 0)
		r = attr_write_int(run_fd, "stopped", clock_now(), FILE_NOSYNC);
	if (r == 0)
		r = attr_write_int(run_fd, "exit_status", exit_status, FILE_SYNC);
	if (r == 0)
		r = beneath_unlink(run_fd, RUN_TICKET_FILE);
	beneath_unlink(run_fd, RUN_JOB_FILE);
	return r < 0 ? r : beneath_unlink(run_fd, RUN_GUILD_DIR "/PENDING");
}

int launch_fail(const struct home *home, const char *id, int exit_status, const char *why)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;
	int r = run_fd < 0 ? run_fd : run_lock_take(run_fd, &lock);

	if (r == 0)
		r = fail_locked(run_fd, exit_status, why);
	if (r == 0)
		home_poke(home, id);
	return r == -EAGAIN ? -EBUSY : r;
}

bool launch_reconcile(const struct home *home, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_close_ int lock = -1;
	unsigned before = shortages();

	if (run_fd < 0 || !run_pending_is_ghost(run_fd))
		return false;
	/* A supervisor tears up the ticket only while it holds the lock: who has the lock now can
	 * be sure that there is none. */
	if (run_lock_take(run_fd, &lock) < 0 || !run_pending_is_ghost(run_fd) ||
		shortage_since(before))
		return false;
	/* Of a process that was never let go: see run_never_began(). */
	beneath_unlink(run_fd, RUN_PROCESS_FILE);
	beneath_unlink(run_fd, RUN_GUILD_DIR "/LOCK");
	if (beneath_unlink(run_fd, RUN_GUILD_DIR "/PENDING") < 0)
		return false;
	home_poke(home, id);
	return true;
}

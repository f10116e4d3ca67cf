/* SPDX-License-Identifier: MIT */
/* Is it alive: locks, markers and processes. */
#include "run/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/beneath.h"
#include "run/attr.h"

enum { LINE_MAX_LEN = 256, LOCK_DIGITS = 10, START_SLACK_USEC = 1000000 };

static struct flock whole_file(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

static bool lock_is_held(int run_fd)
{
	_cleanup_close_ int fd = beneath_open(run_fd, RUN_LOCK_FILE, O_RDONLY | O_NONBLOCK, 0);
	struct flock lock = whole_file(F_WRLCK);

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool lease_holds(int run_fd)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct proc_ref supervisor;
	struct stat st;

	if (beneath_stat(run_fd, RUN_LEASE_FILE, &st) < 0)
		return false;
	if (beneath_read(run_fd, RUN_SUPERVISOR, LINE_MAX_LEN, &line) == 0 &&
		proc_ref_parse(buf_str(&line), &supervisor) == 0 && proc_ref_is_here(&supervisor))
		return proc_ref_alive(&supervisor);
	/* By this machine's clock: those that share files share the time, more or less. */
	return time(NULL) - st.st_mtim.tv_sec < RUN_LEASE_S;
}

bool run_is_supervised(int run_fd)
{
	return lock_is_held(run_fd) || lease_holds(run_fd);
}

/* A new one belongs to whom the run belongs to, also when root is who makes it. */
static int open_lock_file(int run_fd)
{
	int fd = beneath_open(run_fd, RUN_LOCK_FILE, O_RDWR | O_NONBLOCK, 0);
	struct stat run;

	if (fd != -ENOENT)
		return fd;
	fd = beneath_open(run_fd, RUN_LOCK_FILE, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0644);
	if (fd == -EEXIST)
		return beneath_open(run_fd, RUN_LOCK_FILE, O_RDWR | O_NONBLOCK, 0);
	if (fd >= 0 && geteuid() == 0 && fstat(run_fd, &run) == 0 && run.st_uid != 0 &&
		fchown(fd, run.st_uid, run.st_gid) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

int run_lock_take(int run_fd, int *ret_fd)
{
	struct flock lock = whole_file(F_WRLCK);
	int fd = open_lock_file(run_fd);

	if (fd < 0)
		return fd;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		int r = errno == EACCES ? -EAGAIN : -errno;

		close(fd);
		return r;
	}
	if (lease_holds(run_fd)) {
		run_lock_release(fd);
		return -EAGAIN;
	}
	*ret_fd = fd;
	return 0;
}

void run_lock_release(int fd)
{
	struct flock lock = whole_file(F_UNLCK);

	fcntl(fd, F_OFD_SETLK, &lock);
	close(fd);
}

static bool on_this_host(int run_fd)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	char own[HOST_NAME_MAX + 1] = "";

	if (attr_read_text(run_fd, "host", &host) < 0)
		return true;
	gethostname(own, sizeof(own) - 1);
	return strcmp(buf_str(&host), own) == 0;
}

/* A process that was there before the file was, or, since the clock may have been set meanwhile,
 * one that is where Guild AI starts it. */
static bool is_as_old(pid_t pid, const struct stat *lock, int run_fd)
{
	int64_t written = (int64_t)lock->st_mtim.tv_sec * 1000000 + lock->st_mtim.tv_nsec / 1000;
	int64_t started;

	if (proc_start_time(pid, &started) < 0)
		return false;
	return started <= written + START_SLACK_USEC || proc_works_in(pid, run_fd);
}

/* Guild AI's LOCK names a pid. */
static int guild_process(int run_fd, struct proc_ref *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat st;
	long pid;
	int r = beneath_read(run_fd, RUN_GUILD_DIR "/LOCK", LINE_MAX_LEN, &text);

	if (r < 0 || beneath_stat(run_fd, RUN_GUILD_DIR "/LOCK", &st) < 0 || !on_this_host(run_fd))
		return -ESRCH;
	if (text.len > LOCK_DIGITS)
		buf_resize(&text, LOCK_DIGITS);
	pid = strtol(buf_str(&text), NULL, 10);
	if (pid <= 0 || pid > INT_MAX || proc_ref_get((pid_t)pid, ret) < 0)
		return -ESRCH;
	return is_as_old((pid_t)pid, &st, run_fd) ? 0 : -ESRCH;
}

static int own_process(int run_fd, struct proc_ref *ret)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r = beneath_read(run_fd, RUN_PROCESS_FILE, LINE_MAX_LEN, &line);

	if (r == 0)
		r = proc_ref_parse(buf_str(&line), ret);
	return r == 0 && proc_ref_alive(ret) ? 0 : -ESRCH;
}

/* LOCK is of another process than our supervisor's last: Guild AI has started the run again. */
static bool is_foreign(int run_fd, const struct proc_ref *process)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct proc_ref own;

	return beneath_read(run_fd, RUN_PROCESS_FILE, LINE_MAX_LEN, &line) < 0 ||
	       proc_ref_parse(buf_str(&line), &own) < 0 || own.pid != process->pid;
}

int run_process(int run_fd, struct proc_ref *ret)
{
	struct proc_ref theirs;
	int r = own_process(run_fd, ret);

	if (r == 0)
		return 0;
	r = guild_process(run_fd, &theirs);
	if (r < 0 || !is_foreign(run_fd, &theirs))
		return -ESRCH;
	*ret = theirs;
	return 0;
}

static bool is_younger(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec > b->st_mtim.tv_sec ||
	       (a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec > b->st_mtim.tv_nsec);
}

bool run_pending_is_ghost(int run_fd)
{
	struct stat pending, supervisor;
	struct proc_ref process;

	if (!beneath_exists(run_fd, RUN_OWN_DIR) || beneath_exists(run_fd, RUN_TICKET_FILE))
		return false;
	if (beneath_stat(run_fd, RUN_GUILD_DIR "/PENDING", &pending) < 0 ||
		(beneath_stat(run_fd, RUN_SUPERVISOR, &supervisor) == 0 &&
			is_younger(&pending, &supervisor)))
		return false;
	/* One that was let go just now is about to take it away. */
	return own_process(run_fd, &process) < 0;
}

enum run_status run_status_get(int run_fd)
{
	struct proc_ref process;
	int64_t exit_status;

	if (beneath_exists(run_fd, RUN_GUILD_DIR "/LOCK.remote"))
		return RUN_RUNNING;
	if (beneath_exists(run_fd, RUN_GUILD_DIR "/PENDING"))
		return run_pending_is_ghost(run_fd) && !run_is_supervised(run_fd) ? RUN_ERROR
										  : RUN_PENDING;
	if (beneath_exists(run_fd, RUN_GUILD_DIR "/STAGED"))
		return RUN_STAGED;
	if (lock_is_held(run_fd))
		return RUN_RUNNING;
	if (attr_read_int(run_fd, "exit_status", &exit_status) == 0)
		return exit_status == 0  ? RUN_COMPLETED
		       : exit_status < 0 ? RUN_TERMINATED
					 : RUN_ERROR;
	if (lease_holds(run_fd))
		return RUN_RUNNING;
	/* Nobody supervises it, but it may go on: Guild AI's, or one whose supervisor has died. */
	return run_process(run_fd, &process) == 0 ? RUN_RUNNING : RUN_ERROR;
}

bool run_never_began(int run_fd)
{
	int64_t exit_status;

	if (run_status_get(run_fd) != RUN_ERROR || !beneath_exists(run_fd, RUN_SUPERVISOR) ||
		attr_read_int(run_fd, "exit_status", &exit_status) == 0)
		return false;
	/* What a reconciled one is left with. */
	return beneath_exists(run_fd, RUN_GUILD_DIR "/PENDING") ||
	       (!beneath_exists(run_fd, RUN_PROCESS_FILE) &&
		       !beneath_exists(run_fd, RUN_GUILD_DIR "/LOCK"));
}

const char *run_status_name(enum run_status status)
{
	static const char *const names[] = {
		[RUN_PENDING] = "pending",
		[RUN_STAGED] = "staged",
		[RUN_RUNNING] = "running",
		[RUN_COMPLETED] = "completed",
		[RUN_ERROR] = "error",
		[RUN_TERMINATED] = "terminated",
	};

	return names[status];
}

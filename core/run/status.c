/* SPDX-License-Identifier: MIT */
/* Is it alive: locks, markers and processes. */
#include "run/status.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "run/attr.h"

enum { LINE_MAX_LEN = 256, LOCK_DIGITS = 10, START_SLACK_USEC = 1000000 };

static struct flock whole_file(short type)
{
	return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

bool run_lock_held(int run_fd)
{
	_cleanup_close_ int fd = openat(run_fd, RUN_LOCK_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct flock lock = whole_file(F_WRLCK);

	return fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int run_lock_take(int run_fd, int *ret_fd)
{
	struct flock lock = whole_file(F_WRLCK);
	int fd = openat(run_fd, RUN_LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		int r = errno == EACCES ? -EAGAIN : -errno;

		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
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

/* Guild AI's LOCK names a pid. It counts for a process that was there before the file was. */
static int guild_process(int run_fd, struct proc_ref *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct stat st;
	int64_t started;
	long pid;
	int r = file_read(run_fd, RUN_GUILD_DIR "/LOCK", LINE_MAX_LEN, &text);

	if (r < 0 || fstatat(run_fd, RUN_GUILD_DIR "/LOCK", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!on_this_host(run_fd))
		return -ESRCH;
	if (text.len > LOCK_DIGITS)
		buf_resize(&text, LOCK_DIGITS);
	pid = strtol(buf_str(&text), NULL, 10);
	if (pid <= 0 || pid > INT_MAX || proc_ref_get((pid_t)pid, ret) < 0 ||
		proc_start_time((pid_t)pid, &started) < 0)
		return -ESRCH;
	return started <= (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000 +
				       START_SLACK_USEC
		       ? 0
		       : -ESRCH;
}

static int own_process(int run_fd, struct proc_ref *ret)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	int r = file_read(run_fd, RUN_PROCESS_FILE, LINE_MAX_LEN, &line);

	if (r == 0)
		r = proc_ref_parse(buf_str(&line), ret);
	return r == 0 && proc_ref_alive(ret) ? 0 : -ESRCH;
}

/* LOCK is of another process than our supervisor's last: Guild AI has started the run again. */
static bool is_foreign(int run_fd, const struct proc_ref *process)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	struct proc_ref own;

	return file_read(run_fd, RUN_PROCESS_FILE, LINE_MAX_LEN, &line) < 0 ||
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

	if (!file_exists(run_fd, RUN_OWN_DIR) || file_exists(run_fd, RUN_TICKET_FILE))
		return false;
	return fstatat(run_fd, RUN_GUILD_DIR "/PENDING", &pending, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (fstatat(run_fd, RUN_SUPERVISOR, &supervisor, AT_SYMLINK_NOFOLLOW) < 0 ||
		       !is_younger(&pending, &supervisor));
}

enum run_status run_status_get(int run_fd)
{
	struct proc_ref process;
	int64_t exit_status;

	if (file_exists(run_fd, RUN_GUILD_DIR "/LOCK.remote"))
		return RUN_RUNNING;
	if (file_exists(run_fd, RUN_GUILD_DIR "/PENDING"))
		return run_pending_is_ghost(run_fd) && !run_lock_held(run_fd) ? RUN_ERROR
									     : RUN_PENDING;
	if (file_exists(run_fd, RUN_GUILD_DIR "/STAGED"))
		return RUN_STAGED;
	if (run_lock_held(run_fd))
		return RUN_RUNNING;
	if (attr_read_int(run_fd, "exit_status", &exit_status) == 0)
		return exit_status == 0  ? RUN_COMPLETED
		       : exit_status < 0 ? RUN_TERMINATED
					 : RUN_ERROR;
	/* A run of ours is alive by its lock alone. */
	return guild_process(run_fd, &process) == 0 && is_foreign(run_fd, &process) ? RUN_RUNNING
										    : RUN_ERROR;
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

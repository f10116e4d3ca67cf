/* SPDX-License-Identifier: MIT */
/* Processes by /proc and pidfd. */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

enum { STAT_MAX = 4096, FIELD_STATE = 3, FIELD_START = 22 };

static int read_boot_id(char ret[PROC_BOOT_ID_LEN + 1])
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int r = file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", STAT_MAX, &b);

	if (r < 0)
		return r;
	if (b.len < PROC_BOOT_ID_LEN)
		return -EINVAL;
	memcpy(ret, b.data, PROC_BOOT_ID_LEN);
	ret[PROC_BOOT_ID_LEN] = '\0';
	return 0;
}

/* State and start time. The name in parentheses may hold anything: count fields behind it. */
static int read_stat(pid_t pid, char *ret_state, uint64_t *ret_start)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char path[64];
	const char *at;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	r = file_read(AT_FDCWD, path, STAT_MAX, &b);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	at = strrchr(buf_str(&b), ')');
	if (!at || at[1] != ' ')
		return -EINVAL;
	at += 2;
	*ret_state = *at;
	for (int field = FIELD_STATE; field < FIELD_START; field++) {
		at = strchr(at, ' ');
		if (!at)
			return -EINVAL;
		at++;
	}
	return sscanf(at, "%" SCNu64, ret_start) == 1 ? 0 : -EINVAL;
}

int proc_ref_get(pid_t pid, struct proc_ref *ret_ref)
{
	struct proc_ref ref = {.pid = pid};
	char state;
	int r = pid > 0 ? read_stat(pid, &state, &ref.start) : -ESRCH;

	if (r == 0 && (state == 'Z' || state == 'X'))
		r = -ESRCH;
	if (r == 0)
		r = read_boot_id(ref.boot_id);
	if (r == 0)
		*ret_ref = ref;
	return r;
}

bool proc_ref_alive(const struct proc_ref *ref)
{
	struct proc_ref now;

	return ref->pid && proc_ref_get(ref->pid, &now) == 0 && now.start == ref->start &&
	       strcmp(now.boot_id, ref->boot_id) == 0;
}

bool proc_ref_is_here(const struct proc_ref *ref)
{
	char boot_id[PROC_BOOT_ID_LEN + 1];

	return read_boot_id(boot_id) == 0 && strcmp(boot_id, ref->boot_id) == 0;
}

int proc_ref_kill(const struct proc_ref *ref, int signal, bool group)
{
	_cleanup_close_ int fd = -1;

	if (ref->pid <= 0)
		return -ESRCH;
	/* Opened first: after the comparison the descriptor cannot mean another process. */
	fd = (int)syscall(SYS_pidfd_open, ref->pid, 0);
	if (fd < 0)
		return -errno;
	if (!proc_ref_alive(ref))
		return -ESRCH;
	/* A group has no descriptor of its own; its number is not given again while the group has
	 * members, and its leader was there a moment ago. */
	if (group)
		return kill(-ref->pid, signal) < 0 ? -errno : 0;
	return syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0) < 0 ? -errno : 0;
}

void proc_ref_format(struct buf *b, const struct proc_ref *ref)
{
	buf_printf(b, "%d %" PRIu64 " %s\n", (int)ref->pid, ref->start, ref->boot_id);
}

int proc_ref_parse(const char *line, struct proc_ref *ret_ref)
{
	struct proc_ref ref = {0};
	int end = -1;

	if (sscanf(line, "%d %" SCNu64 " %36[0-9a-f-] %n", &ref.pid, &ref.start, ref.boot_id,
		    &end) != 3 ||
		end < 0 || line[end] || ref.pid <= 0 || strlen(ref.boot_id) != PROC_BOOT_ID_LEN)
		return -EINVAL;
	*ret_ref = ref;
	return 0;
}

int proc_start_time(pid_t pid, int64_t *ret_usec)
{
	long ticks = sysconf(_SC_CLK_TCK);
	struct timespec real, boot;
	uint64_t start;
	char state;
	int r = read_stat(pid, &state, &start);

	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	*ret_usec = (int64_t)(real.tv_sec - boot.tv_sec) * 1000000 +
		    (real.tv_nsec - boot.tv_nsec) / 1000 +
		    (int64_t)(start * 1000000 / (uint64_t)ticks);
	return 0;
}

bool proc_works_in(pid_t pid, int dir_fd)
{
	char path[sizeof("/proc//cwd") + 3 * sizeof(pid)];
	struct stat cwd, dir;

	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	return stat(path, &cwd) == 0 && fstat(dir_fd, &dir) == 0 && cwd.st_dev == dir.st_dev &&
	       cwd.st_ino == dir.st_ino;
}

bool proc_split_off(void)
{
	pid_t pid = fork();

	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid != 0)
		return false;
	setsid();
	if (fork() == 0)
		return true;
	_exit(0);
}

int proc_self_exe(struct buf *b)
{
	return file_readlink(AT_FDCWD, "/proc/self/exe", b);
}

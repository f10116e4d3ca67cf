/* SPDX-License-Identifier: MIT */
/*
 * Processes that can be named for longer than they live: a pid alone may mean another process by
 * the time it is used, so a process is known by pid, start time and boot id, and is signalled
 * through a pidfd after these were compared.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

#define PROC_BOOT_ID_LEN 36

struct proc_ref {
	pid_t pid;                          /* 0: none */
	uint64_t start;                     /* clock ticks since boot: field 22 of /proc/PID/stat */
	char boot_id[PROC_BOOT_ID_LEN + 1]; /* /proc/sys/kernel/random/boot_id */
};

/* Fills in what is known of a live process. -ESRCH when there is none. */
int proc_ref_get(pid_t pid, struct proc_ref *ret_ref);
/* The same process still lives (a zombie does not). */
bool proc_ref_alive(const struct proc_ref *ref);
/* This machine has had it since it was switched on; another container of it may have it still. */
bool proc_ref_is_here(const struct proc_ref *ref);
/* Signals it, or its process group with `group` (it must be the leader). -ESRCH when it is gone. */
int proc_ref_kill(const struct proc_ref *ref, int signal, bool group);

/* One line, "PID START BOOT_ID\n", and back. -EINVAL for anything else. */
void proc_ref_format(struct buf *b, const struct proc_ref *ref);
int proc_ref_parse(const char *line, struct proc_ref *ret_ref);

/* When the process started, in microseconds since the epoch (to 1 clock tick). -ESRCH. */
int proc_start_time(pid_t pid, int64_t *ret_usec);

/* Its working directory is this one. False also where we may not look. */
bool proc_works_in(pid_t pid, int dir_fd);

/*
 * True in a grandchild with a session of its own, which nobody has to wait for and which ends by
 * _exit(2); false where it was called, also when there can be none.
 */
bool proc_split_off(void);

/* Absolute path of the file that this program runs from, appended. */
int proc_self_exe(struct buf *b);

#endif

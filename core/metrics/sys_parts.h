/* SPDX-License-Identifier: MIT */
/* The parts of a sample. Within core/metrics/sys_*.c; see metrics/sys_sample.h. */
#ifndef METRICS_SYS_PARTS_H
#define METRICS_SYS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "base/buf.h"
#include "yaml/value.h"

enum { SYS_PROCESSES_MAX = 1000, SYS_THREADS_MAX = 4000 };

static inline const char *sys_next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

/* Adds a value; one that is not a number is none. */
int sys_put(struct value *map, double value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * A total that should only grow, as a rate. Where it shrinks something has left it, and may come
 * back in the next sample (a process that ended is counted with its parent a moment later): then
 * there is no rate for two samples.
 */
struct sys_meter {
	double last;
	bool known, fell;
};

/* NaN: not known. `seconds` since the last one. */
double sys_meter_rate(struct sys_meter *m, double total, double seconds);

/* --- sys_machine.c: text of files in /proc, as long as the caller wants ------------------------
 */

struct sys_cpus {
	struct sys_cpu_time {
		uint64_t busy, all; /* clock ticks; all of 0: no such CPU */
	} * times;                  /* by number */
	size_t n;
};

/* /proc/stat. The first time gives nothing. */
int sys_cpus_sample(struct sys_cpus *cpus, const char *stat, struct value *ret);
void sys_cpus_release(struct sys_cpus *cpus);

/* /proc/meminfo */
int sys_memory_sample(const char *meminfo, struct value *ret);

/* --- sys_disks.c -------------------------------------------------------------------------------
 */

struct sys_disks {
	struct sys_disk *v;
	size_t n;
};

/* /proc/diskstats and /proc/self/mountinfo; `seconds` since the last time, which has none. */
int sys_disks_sample(struct sys_disks *disks, const char *diskstats, const char *mountinfo,
	double seconds, struct value *ret);
void sys_disks_release(struct sys_disks *disks);

/* --- sys_tree.c: the run's processes -----------------------------------------------------------
 */

struct sys_tree {
	struct sys_process *v, *before; /* by pid; before: of the last time */
	size_t n, n_before;
	double ticks;       /* of CPU time, with those that have ended */
	double pages;       /* resident */
	double read, write; /* bytes from and to disks, with those that have ended */
	bool has_io;
};

/*
 * Reads them anew. -E2BIG: more than can be looked through. -ENOENT: a kernel that does not tell
 * a process's children, or there is no such supervisor. Then there are none.
 */
int sys_tree_read(struct sys_tree *tree, int proc_fd, pid_t supervisor, pid_t except, bool with_io);
bool sys_tree_has(const struct sys_tree *tree, pid_t pid);
void sys_tree_release(struct sys_tree *tree);

/* --- sys_gpus.c --------------------------------------------------------------------------------
 */

struct sys_gpus {
	struct nvml *nvml;
	bool absent;    /* there is none: never look again */
	uint64_t owned; /* bit N: the run has had memory of GPU N */
};

int sys_gpus_sample(
	struct sys_gpus *gpus, int sys_fd, const struct sys_tree *tree, struct value *ret);
void sys_gpus_release(struct sys_gpus *gpus);

#endif

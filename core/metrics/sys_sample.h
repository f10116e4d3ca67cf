/* SPDX-License-Identifier: MIT */
/*
 * Samples of the system while a run runs: `sys/...` scalars. Tags are those of Guild AI's plugins
 * (reference, section 11) and mean the same, the whole machine; what of it is the run's own is
 * below sys/proc/, which Guild AI does not have.
 *
 *	cpu	sys/cpu/util, sys/cpuN/util	share of the time that it was busy, 0 to 1
 *		sys/proc/cpus			CPUs that the run kept busy: 1.5 is one and a half
 *		sys/proc/count			its processes
 *	memory	sys/mem_{total,free,used}	bytes; used is what is not available
 *		sys/mem_util			used / total
 *		sys/swap_{total,free,used,util}
 *		sys/proc/mem_rss		bytes resident, of each process: what they share
 *						counts more than once
 *	disk	sys/devNAME/{rps,wps}		requests a second, of each mounted partition
 *		sys/devNAME/{rkbps,wkbps}	KiB a second
 *		sys/devNAME/util		share of the time that it had something to do
 *		sys/proc/{rkbps,wkbps}		KiB a second that the run had read from disks, and
 *						gave them to write
 *	gpu	sys/gpuN/{fanspeed,util,mem_util}	0 to 1
 *		sys/gpuN/{mem_total,mem_used,mem_free}	bytes
 *		sys/gpuN/{pstate,temp,powerdraw}	number, degrees Celsius, watts
 *		sys/proc/gpuN/mem_used		bytes of the run's, once it has had any
 *
 * The run's processes are all below its supervisor (which is the subreaper: nobody leaves) but the
 * one that takes the samples. What is not known has no value: rates in the first sample, what a
 * kernel, a driver or a container does not tell, figures of a run with more processes or threads
 * than can be looked through in no time.
 *
 * A GPU that sleeps is left asleep: NVML, which would wake it, is opened in the first sample but
 * one at which a GPU of the machine is awake, and then kept open, since opening it is the slow part
 * (metrics/nvml.h).
 *
 * Everything is read below the two directories, so that tests can have others. Errors: -ENOMEM.
 * One thread at a time; a call may block for as long as /proc and the driver do.
 */
#ifndef METRICS_SYS_SAMPLE_H
#define METRICS_SYS_SAMPLE_H

#include <sys/types.h>

#include "yaml/value.h"

enum sys_part { SYS_CPU = 1, SYS_MEMORY = 2, SYS_DISK = 4, SYS_GPU = 8 };

struct sys_config {
	int proc_fd, sys_fd; /* /proc and /sys; stay the caller's */
	pid_t supervisor;    /* the run's processes are below it */
	pid_t except;        /* with all below it; 0: none */
	unsigned parts;      /* of enum sys_part */
};

struct sys_sampler;

int sys_sampler_new(const struct sys_config *config, struct sys_sampler **ret);
void sys_sampler_free(struct sys_sampler *s);

static inline void sys_sampler_freep(struct sys_sampler **s)
{
	sys_sampler_free(*s);
}
#define _cleanup_sys_sampler_ _cleanup_(sys_sampler_freep)

/* Adds tags with their values to a map. `now`: seconds, of a clock that only goes forward. */
int sys_sample(struct sys_sampler *s, double now, struct value *ret);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * GPUs by NVML, NVIDIA's management library, which comes with the driver. It is loaded at run time
 * (libnvidia-ml.so.1, by the loader's usual search) and declared here from its public ABI, so that
 * nothing of NVIDIA's is needed to build or to run. GPUs are numbered as nvidia-smi numbers them.
 *
 * What a GPU does not have, or the driver does not tell, is NaN. A call may take long, and where
 * the driver hangs it never returns: only a process that nobody waits for should make one.
 *
 * Errors: -ENOENT no library, -ENODEV no driver or no GPU, -ENOSYS a library that lacks what is
 * needed, -ENOMEM. One thread at a time.
 */
#ifndef METRICS_NVML_H
#define METRICS_NVML_H

#include <stddef.h>
#include <sys/types.h>

struct nvml;

struct nvml_gpu {
	double fan_speed, mem_util, util; /* 0 to 1; a fan may do more */
	double pstate;                    /* 0 (fastest) to 15 */
	double mem_total, mem_used;       /* bytes */
	double temperature;               /* degrees Celsius */
	double power;                     /* watts */
};

struct nvml_process {
	pid_t pid; /* as the driver sees it: of the first pid namespace */
	double mem_used;
};

int nvml_open(struct nvml **ret);
void nvml_close(struct nvml *nvml);

unsigned nvml_count(const struct nvml *nvml);
void nvml_read(const struct nvml *nvml, unsigned gpu, struct nvml_gpu *ret);
/* Up to `n` of those that compute on it; what the driver does not tell of are none. */
size_t nvml_processes(const struct nvml *nvml, unsigned gpu, struct nvml_process *ret, size_t n);

#endif

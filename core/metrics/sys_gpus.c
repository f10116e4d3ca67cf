/* SPDX-License-Identifier: MIT */
/* GPUs of the machine, and what of their memory is the run's. */
#include "metrics/sys_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "metrics/nvml.h"

enum { PROCESSES_MAX = 256, PATH_LEN = 320 };

#define DRIVER "bus/pci/drivers/nvidia"

/* --- asleep ------------------------------------------------------------------------------------
 */

struct look {
	int sys_fd;
	size_t asleep, awake;
};

static int look_at(void *arg, const char *name, int d_type)
{
	struct look *look = arg;
	char path[PATH_LEN];
	_cleanup_buf_ struct buf status = BUF_INIT;

	(void)d_type;
	if (!strchr(name, ':')) /* bind, module, ...: no address */
		return 0;
	snprintf(path, sizeof(path), DRIVER "/%s/power/runtime_status", name);
	if (file_read(look->sys_fd, path, PATH_LEN, &status) == 0 &&
		strcmp(buf_str(&status), "suspended\n") == 0)
		look->asleep++;
	else
		look->awake++;
	return 0;
}

/* All that there are. Where nothing is to be seen (WSL, some containers) it is not known. */
static bool all_asleep(int sys_fd)
{
	struct look look = {.sys_fd = sys_fd};

	file_each(sys_fd, DRIVER, look_at, &look);
	return look.asleep && !look.awake;
}

/* --- values ------------------------------------------------------------------------------------
 */

static int put_gpu(struct value *ret, unsigned index, const struct nvml_gpu *gpu)
{
	const struct {
		const char *name;
		double value;
	} values[] = {
		{"fanspeed", gpu->fan_speed},
		{"pstate", gpu->pstate},
		{"mem_total", gpu->mem_total},
		{"mem_used", gpu->mem_used},
		{"mem_free", gpu->mem_total - gpu->mem_used},
		{"mem_util", gpu->mem_util},
		{"util", gpu->util},
		{"temp", gpu->temperature},
		{"powerdraw", gpu->power},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(values); i++)
		r = sys_put(ret, values[i].value, "sys/gpu%u/%s", index, values[i].name);
	return r;
}

/*
 * Within a container the driver's numbers of processes are not ours, and none matches: only once
 * one has, nothing means nothing.
 */
static int put_own(
	struct sys_gpus *gpus, unsigned index, const struct sys_tree *tree, struct value *ret)
{
	struct nvml_process processes[PROCESSES_MAX];
	size_t n = nvml_processes(gpus->nvml, index, processes, PROCESSES_MAX);
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		if (sys_tree_has(tree, processes[i].pid)) {
			sum += processes[i].mem_used;
			gpus->owned |= UINT64_C(1) << index;
		}
	return gpus->owned & UINT64_C(1) << index
		       ? sys_put(ret, sum, "sys/proc/gpu%u/mem_used", index)
		       : 0;
}

int sys_gpus_sample(
	struct sys_gpus *gpus, int sys_fd, const struct sys_tree *tree, struct value *ret)
{
	int r = 0;

	if (gpus->absent || (!gpus->nvml && all_asleep(sys_fd)))
		return 0;
	if (!gpus->nvml)
		r = nvml_open(&gpus->nvml);
	if (r < 0 && r != -ENOMEM) {
		gpus->absent = true;
		return 0;
	}
	for (unsigned i = 0; r == 0 && i < nvml_count(gpus->nvml); i++) {
		struct nvml_gpu gpu;

		nvml_read(gpus->nvml, i, &gpu);
		r = put_gpu(ret, i, &gpu);
		if (r == 0)
			r = put_own(gpus, i, tree, ret);
	}
	return r;
}

void sys_gpus_release(struct sys_gpus *gpus)
{
	nvml_close(gpus->nvml);
	*gpus = (struct sys_gpus){0};
}

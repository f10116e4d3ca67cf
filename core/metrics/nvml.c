/* SPDX-License-Identifier: MIT */
/* As much of NVML's ABI as is used, and its values in units of their own. */
#include "metrics/nvml.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"

enum { NVML_SUCCESS = 0, TEMPERATURE_GPU = 0, PSTATES = 16, GPUS_MAX = 64 };

typedef struct nvml_device *device_t;

struct memory {
	uint64_t total, free, used;
};

/* Since driver 510: what the driver keeps for itself is not counted as used. */
struct memory_v2 {
	uint32_t version;
	uint64_t total, reserved, free, used;
};
#define MEMORY_V2 ((uint32_t)sizeof(struct memory_v2) | 2U << 24)

struct utilization {
	uint32_t gpu, memory; /* percent */
};

struct process_info {
	uint32_t pid;
	uint64_t mem_used;
	uint32_t gpu_instance, compute_instance;
};
#define NOT_AVAILABLE UINT64_MAX

struct nvml {
	void *library;
	int (*init)(void);
	int (*shutdown)(void);
	int (*get_count)(uint32_t *ret);
	int (*get_device)(uint32_t index, device_t *ret);
	int (*get_memory)(device_t device, struct memory *ret);
	/* Those that are NULL are not in this library. */
	int (*get_memory_v2)(device_t device, struct memory_v2 *ret);
	int (*get_utilization)(device_t device, struct utilization *ret);
	int (*get_fan_speed)(device_t device, uint32_t *ret);
	int (*get_pstate)(device_t device, int *ret);
	int (*get_temperature)(device_t device, int sensor, uint32_t *ret);
	int (*get_power)(device_t device, uint32_t *ret_milliwatts);
	int (*get_processes)(device_t device, uint32_t *n, struct process_info *ret);
	device_t devices[GPUS_MAX];
	unsigned n;
};

/* A function that is needed comes first in the table; one that may be missing stays NULL. */
static int find_functions(struct nvml *nvml)
{
	const struct {
		void *to; /* POSIX has a pointer to a function fit into one to an object */
		const char *name;
	} functions[] = {
		{&nvml->init, "nvmlInit_v2"},
		{&nvml->shutdown, "nvmlShutdown"},
		{&nvml->get_count, "nvmlDeviceGetCount_v2"},
		{&nvml->get_device, "nvmlDeviceGetHandleByIndex_v2"},
		{&nvml->get_memory, "nvmlDeviceGetMemoryInfo"},
		{&nvml->get_memory_v2, "nvmlDeviceGetMemoryInfo_v2"},
		{&nvml->get_utilization, "nvmlDeviceGetUtilizationRates"},
		{&nvml->get_fan_speed, "nvmlDeviceGetFanSpeed"},
		{&nvml->get_pstate, "nvmlDeviceGetPerformanceState"},
		{&nvml->get_temperature, "nvmlDeviceGetTemperature"},
		{&nvml->get_power, "nvmlDeviceGetPowerUsage"},
		{&nvml->get_processes, "nvmlDeviceGetComputeRunningProcesses_v3"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		*(void **)functions[i].to = dlsym(nvml->library, functions[i].name);
	return nvml->init && nvml->shutdown && nvml->get_count && nvml->get_device &&
			       nvml->get_memory
		       ? 0
		       : -ENOSYS;
}

/* One that cannot be had keeps its number: its place stays NULL. */
static int find_devices(struct nvml *nvml)
{
	uint32_t n = 0;

	if (nvml->get_count(&n) != NVML_SUCCESS || !n)
		return -ENODEV;
	nvml->n = n < GPUS_MAX ? n : GPUS_MAX;
	for (unsigned i = 0; i < nvml->n; i++)
		if (nvml->get_device(i, &nvml->devices[i]) != NVML_SUCCESS)
			nvml->devices[i] = NULL;
	return 0;
}

int nvml_open(struct nvml **ret)
{
	struct nvml *nvml = calloc(1, sizeof(*nvml));
	int r;

	if (!nvml)
		return -ENOMEM;
	nvml->library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
	r = nvml->library ? find_functions(nvml) : -ENOENT;
	if (r == 0 && nvml->init() != NVML_SUCCESS)
		r = -ENODEV;
	if (r == 0) {
		r = find_devices(nvml);
		if (r < 0)
			nvml->shutdown();
	}
	if (r < 0) {
		if (nvml->library)
			dlclose(nvml->library);
		free(nvml);
		return r;
	}
	*ret = nvml;
	return 0;
}

void nvml_close(struct nvml *nvml)
{
	if (!nvml)
		return;
	nvml->shutdown();
	dlclose(nvml->library);
	free(nvml);
}

unsigned nvml_count(const struct nvml *nvml)
{
	return nvml->n;
}

static void read_memory(const struct nvml *nvml, device_t device, struct nvml_gpu *ret)
{
	struct memory_v2 v2 = {.version = MEMORY_V2};
	struct memory v1;

	if (nvml->get_memory_v2 && nvml->get_memory_v2(device, &v2) == NVML_SUCCESS) {
		ret->mem_total = (double)v2.total;
		ret->mem_used = (double)v2.used;
	} else if (nvml->get_memory(device, &v1) == NVML_SUCCESS) {
		ret->mem_total = (double)v1.total;
		ret->mem_used = (double)v1.used;
	}
}

void nvml_read(const struct nvml *nvml, unsigned gpu, struct nvml_gpu *ret)
{
	device_t device = nvml->devices[gpu];
	struct utilization rates;
	uint32_t n;
	int pstate;

	*ret = (struct nvml_gpu){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
	if (!device)
		return;
	read_memory(nvml, device, ret);
	if (nvml->get_utilization && nvml->get_utilization(device, &rates) == NVML_SUCCESS) {
		ret->util = rates.gpu / 100.0;
		ret->mem_util = rates.memory / 100.0;
	}
	if (nvml->get_fan_speed && nvml->get_fan_speed(device, &n) == NVML_SUCCESS)
		ret->fan_speed = n / 100.0;
	if (nvml->get_pstate && nvml->get_pstate(device, &pstate) == NVML_SUCCESS &&
		pstate < PSTATES)
		ret->pstate = pstate;
	if (nvml->get_temperature &&
		nvml->get_temperature(device, TEMPERATURE_GPU, &n) == NVML_SUCCESS)
		ret->temperature = n;
	if (nvml->get_power && nvml->get_power(device, &n) == NVML_SUCCESS)
		ret->power = n / 1000.0;
}

size_t nvml_processes(const struct nvml *nvml, unsigned gpu, struct nvml_process *ret, size_t n)
{
	struct process_info infos[256];
	uint32_t count = ARRAY_SIZE(infos);
	size_t found = 0;

	if (!nvml->get_processes || !nvml->devices[gpu] ||
		nvml->get_processes(nvml->devices[gpu], &count, infos) != NVML_SUCCESS)
		return 0;
	for (uint32_t i = 0; i < count && found < n; i++)
		if (infos[i].mem_used != NOT_AVAILABLE)
			ret[found++] = (struct nvml_process){
				.pid = (pid_t)infos[i].pid, .mem_used = (double)infos[i].mem_used};
	return found;
}

/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for NVML, for machines without a GPU: tests build it as libnvidia-ml.so.1. There is no
 * GPU behind it; every figure is made up here, and its "driver" says so
 *(nvmlSystemGetDriverVersion).
 *
 *	$STAND_IN_GPUS	how many there are: 2; 0: nvmlInit fails as it does without a driver
 *	$STAND_IN_HANG	nvmlInit never returns
 *	$STAND_IN_USERS	a file with "PID BYTES" lines: processes that compute on GPU 0
 *
 * GPU 0 has everything; the others have only memory, as the first version of the call tells it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	SUCCESS = 0,
	NOT_SUPPORTED = 3,
	INSUFFICIENT_SIZE = 7,
	DRIVER_NOT_LOADED = 9,
	MIB = 1 << 20
};

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlSystemGetDriverVersion(char *version, unsigned len);
int nvmlDeviceGetCount_v2(unsigned *ret);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **ret);
int nvmlDeviceGetMemoryInfo(void *device, uint64_t ret[3]);
int nvmlDeviceGetMemoryInfo_v2(void *device, uint64_t ret[5]);
int nvmlDeviceGetUtilizationRates(void *device, unsigned ret[2]);
int nvmlDeviceGetFanSpeed(void *device, unsigned *ret);
int nvmlDeviceGetPerformanceState(void *device, int *ret);
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *ret);
int nvmlDeviceGetPowerUsage(void *device, unsigned *ret);

struct user {
	unsigned pid;
	uint64_t bytes;
	unsigned instances[2];
};
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, struct user *ret);

static char devices[16];

static unsigned gpus(void)
{
	const char *text = getenv("STAND_IN_GPUS");

	return text ? (unsigned)strtoul(text, NULL, 10) : 2;
}

static int on_first(const void *device)
{
	return device == &devices[0] ? SUCCESS : NOT_SUPPORTED;
}

int nvmlInit_v2(void)
{
	while (getenv("STAND_IN_HANG"))
		pause();
	return gpus() ? SUCCESS : DRIVER_NOT_LOADED;
}

int nvmlShutdown(void)
{
	return SUCCESS;
}

int nvmlSystemGetDriverVersion(char *version, unsigned len)
{
	snprintf(version, len, "stand-in");
	return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *ret)
{
	*ret = gpus();
	return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **ret)
{
	*ret = &devices[index];
	return SUCCESS;
}

/* total, free, used: with what the driver keeps for itself */
int nvmlDeviceGetMemoryInfo(void *device, uint64_t ret[3])
{
	(void)device;
	ret[0] = UINT64_C(8192) * MIB;
	ret[1] = UINT64_C(7168) * MIB;
	ret[2] = UINT64_C(1024) * MIB;
	return SUCCESS;
}

/* version and size of the structure, total, reserved, free, used */
int nvmlDeviceGetMemoryInfo_v2(void *device, uint64_t ret[5])
{
	if (on_first(device) != SUCCESS || (uint32_t)ret[0] != (40 | 2 << 24))
		return NOT_SUPPORTED;
	ret[1] = UINT64_C(16384) * MIB;
	ret[2] = UINT64_C(256) * MIB;
	ret[3] = UINT64_C(12288) * MIB;
	ret[4] = UINT64_C(3840) * MIB;
	return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(void *device, unsigned ret[2])
{
	ret[0] = 75;
	ret[1] = 50;
	return on_first(device);
}

int nvmlDeviceGetFanSpeed(void *device, unsigned *ret)
{
	*ret = 30;
	return on_first(device);
}

int nvmlDeviceGetPerformanceState(void *device, int *ret)
{
	*ret = 2;
	return on_first(device);
}

int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *ret)
{
	*ret = 61;
	return sensor ? NOT_SUPPORTED : on_first(device);
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *ret)
{
	*ret = 250500;
	return on_first(device);
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *n, struct user *ret)
{
	const char *path = getenv("STAND_IN_USERS");
	FILE *users = path && on_first(device) == SUCCESS ? fopen(path, "r") : NULL;
	unsigned room = *n, pid;
	unsigned long long bytes;

	*n = 0;
	while (users && fscanf(users, "%u %llu", &pid, &bytes) == 2) {
		if (*n == room) {
			fclose(users);
			return INSUFFICIENT_SIZE;
		}
		ret[(*n)++] = (struct user){.pid = pid, .bytes = bytes};
	}
	if (users)
		fclose(users);
	return SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* CPUs and memory of the machine. */
#include "metrics/sys_parts.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS_MAX = 8192 };

/* --- /proc/stat --------------------------------------------------------------------------------
 */

/*
 * cpuN user nice system idle iowait irq softirq steal guest guest_nice; guests are in user and
 * nice already. Old kernels have fewer columns.
 */
static bool parse_cpu(const char *line, size_t *ret_number, struct sys_cpu_time *ret)
{
	enum { IDLE = 3, IOWAIT = 4, COLUMNS = 8 };
	char *at;
	unsigned long number;

	if (strncmp(line, "cpu", 3) != 0 || !isdigit((unsigned char)line[3]))
		return false;
	number = strtoul(line + 3, &at, 10);
	*ret = (struct sys_cpu_time){0};
	for (int i = 0; i < COLUMNS && *at == ' '; i++) {
		uint64_t n = strtoull(at, &at, 10);

		ret->all += n;
		if (i != IDLE && i != IOWAIT)
			ret->busy += n;
	}
	*ret_number = number;
	return number < CPUS_MAX && ret->all;
}

static int grow(struct sys_cpus *cpus, size_t n)
{
	struct sys_cpu_time *grown;

	if (n <= cpus->n)
		return 0;
	grown = reallocarray(cpus->times, n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + cpus->n, 0, (n - cpus->n) * sizeof(*grown));
	cpus->times = grown;
	cpus->n = n;
	return 0;
}

/* Counters of idle time may step back a little: then the CPU was busy, or nothing is known. */
static double busy_share(const struct sys_cpu_time *last, const struct sys_cpu_time *now)
{
	double busy = (double)now->busy - (double)last->busy;
	double all = (double)now->all - (double)last->all;

	if (!last->all || all <= 0)
		return NAN;
	return busy < 0 ? 0 : busy > all ? 1 : busy / all;
}

int sys_cpus_sample(struct sys_cpus *cpus, const char *stat, struct value *ret)
{
	double sum = 0;
	size_t known = 0, number;
	struct sys_cpu_time now;
	int r = 0;

	for (const char *line = stat; r == 0 && *line; line = sys_next_line(line)) {
		double share;

		if (!parse_cpu(line, &number, &now))
			continue;
		r = grow(cpus, number + 1);
		if (r < 0)
			return r;
		share = busy_share(&cpus->times[number], &now);
		cpus->times[number] = now;
		if (isnan(share))
			continue;
		sum += share;
		known++;
		r = sys_put(ret, share, "sys/cpu%zu/util", number);
	}
	return r < 0 || !known ? r : sys_put(ret, sum / (double)known, "sys/cpu/util");
}

void sys_cpus_release(struct sys_cpus *cpus)
{
	free(cpus->times);
	*cpus = (struct sys_cpus){0};
}

/* --- /proc/meminfo -----------------------------------------------------------------------------
 */

/* Bytes; NaN: it is not there. */
static double amount(const char *meminfo, const char *name)
{
	size_t len = strlen(name);
	char *end;

	for (const char *line = meminfo; *line; line = sys_next_line(line))
		if (strncmp(line, name, len) == 0 && line[len] == ':') {
			double kib = (double)strtoull(line + len + 1, &end, 10);

			return strncmp(end, " kB", 3) == 0 ? kib * 1024 : NAN;
		}
	return NAN;
}

/* `available`: what could be had, when that is more than what is free. */
static int put_memory(
	struct value *ret, const char *kind, double total, double available, double free)
{
	double used = total - available;
	int r = sys_put(ret, total, "sys/%s_total", kind);

	if (r == 0)
		r = sys_put(ret, free, "sys/%s_free", kind);
	if (r == 0)
		r = sys_put(ret, used, "sys/%s_used", kind);
	return r < 0 ? r : sys_put(ret, total == 0 ? 0 : used / total, "sys/%s_util", kind);
}

int sys_memory_sample(const char *meminfo, struct value *ret)
{
	double free = amount(meminfo, "MemFree"), swap_free = amount(meminfo, "SwapFree");
	double available = amount(meminfo, "MemAvailable");
	int r;

	/* Before Linux 3.14. */
	if (isnan(available))
		available = free + amount(meminfo, "Buffers") + amount(meminfo, "Cached");
	r = put_memory(ret, "mem", amount(meminfo, "MemTotal"), available, free);
	return r < 0 ? r
		     : put_memory(ret, "swap", amount(meminfo, "SwapTotal"), swap_free, swap_free);
}

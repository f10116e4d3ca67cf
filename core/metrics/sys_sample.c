/* SPDX-License-Identifier: MIT */
/* A sample: which files, and what becomes of what stands in them. */
#include "metrics/sys_sample.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/file.h"
#include "metrics/sys_parts.h"

enum { FILE_MAX = 4 * 1024 * 1024 };

struct sys_sampler {
	struct sys_config config;
	double last; /* NaN: no sample yet */
	struct sys_cpus cpus;
	struct sys_disks disks;
	struct sys_gpus gpus;
	struct sys_tree tree;
	struct sys_meter ticks, read, write;
	double ticks_per_second, page_size;
};

int sys_put(struct value *map, double value, const char *format, ...)
{
	_cleanup_buf_ struct buf tag = BUF_INIT;
	va_list ap;

	if (!isfinite(value))
		return 0;
	va_start(ap, format);
	buf_vprintf(&tag, format, ap);
	va_end(ap);
	/* Each has a name of its own: nothing to look for. */
	return buf_error(&tag) ? -ENOMEM : value_map_add(map, buf_str(&tag), value_float(value));
}

double sys_meter_rate(struct sys_meter *m, double total, double seconds)
{
	bool falls = m->known && total < m->last;
	double rate = m->known && !falls && !m->fell ? (total - m->last) / seconds : NAN;

	*m = (struct sys_meter){.last = total, .known = true, .fell = falls};
	return rate;
}

int sys_sampler_new(const struct sys_config *config, struct sys_sampler **ret)
{
	struct sys_sampler *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->last = NAN;
	s->ticks_per_second = (double)sysconf(_SC_CLK_TCK);
	s->page_size = (double)sysconf(_SC_PAGESIZE);
	*ret = s;
	return 0;
}

void sys_sampler_free(struct sys_sampler *s)
{
	if (!s)
		return;
	sys_cpus_release(&s->cpus);
	sys_disks_release(&s->disks);
	sys_gpus_release(&s->gpus);
	sys_tree_release(&s->tree);
	free(s);
}

/* What a machine does not have (a container's /proc may lack anything) is not sampled. */
static bool read_proc(const struct sys_sampler *s, const char *path, struct buf *b)
{
	return file_read(s->config.proc_fd, path, FILE_MAX, b) == 0;
}

static int sample_cpus(struct sys_sampler *s, struct value *ret)
{
	_cleanup_buf_ struct buf stat = BUF_INIT;

	return read_proc(s, "stat", &stat) ? sys_cpus_sample(&s->cpus, buf_str(&stat), ret) : 0;
}

static int sample_memory(struct sys_sampler *s, struct value *ret)
{
	_cleanup_buf_ struct buf meminfo = BUF_INIT;

	return read_proc(s, "meminfo", &meminfo) ? sys_memory_sample(buf_str(&meminfo), ret) : 0;
}

static int sample_disks(struct sys_sampler *s, double seconds, struct value *ret)
{
	_cleanup_buf_ struct buf diskstats = BUF_INIT, mountinfo = BUF_INIT;

	if (!read_proc(s, "diskstats", &diskstats) || !read_proc(s, "self/mountinfo", &mountinfo))
		return 0;
	return sys_disks_sample(&s->disks, buf_str(&diskstats), buf_str(&mountinfo), seconds, ret);
}

static int put_tree(struct sys_sampler *s, double seconds, struct value *ret)
{
	const struct sys_tree *tree = &s->tree;
	unsigned parts = s->config.parts;
	int r = 0;

	if (parts & SYS_CPU) {
		double ticks = sys_meter_rate(&s->ticks, tree->ticks, seconds);

		r = sys_put(ret, ticks / s->ticks_per_second, "sys/proc/cpus");
		if (r == 0)
			r = sys_put(ret, (double)tree->n, "sys/proc/count");
	}
	if (r == 0 && parts & SYS_MEMORY)
		r = sys_put(ret, tree->pages * s->page_size, "sys/proc/mem_rss");
	if (r == 0 && tree->has_io) {
		r = sys_put(ret, sys_meter_rate(&s->read, tree->read, seconds) / 1024,
			"sys/proc/rkbps");
		if (r == 0)
			r = sys_put(ret, sys_meter_rate(&s->write, tree->write, seconds) / 1024,
				"sys/proc/wkbps");
	}
	return r;
}

/* Where it cannot be read, rates begin anew when it can be again. */
static int sample_tree(struct sys_sampler *s, double seconds, struct value *ret)
{
	int r = sys_tree_read(&s->tree, s->config.proc_fd, s->config.supervisor, s->config.except,
		s->config.parts & SYS_DISK);

	if (r == 0)
		return put_tree(s, seconds, ret);
	s->ticks = s->read = s->write = (struct sys_meter){0};
	return r == -ENOMEM ? r : 0;
}

int sys_sample(struct sys_sampler *s, double now, struct value *ret)
{
	double seconds = isnan(s->last) ? 0 : now - s->last;
	unsigned parts = s->config.parts;
	int r = parts & SYS_CPU ? sample_cpus(s, ret) : 0;

	s->last = now;
	if (r == 0 && parts & SYS_MEMORY)
		r = sample_memory(s, ret);
	if (r == 0 && parts & SYS_DISK)
		r = sample_disks(s, seconds, ret);
	if (r == 0 && parts)
		r = sample_tree(s, seconds, ret);
	if (r == 0 && parts & SYS_GPU && seconds > 0)
		r = sys_gpus_sample(&s->gpus, s->config.sys_fd, &s->tree, ret);
	return r;
}

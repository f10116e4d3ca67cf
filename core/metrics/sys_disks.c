/* SPDX-License-Identifier: MIT */
/*
 * Traffic of the partitions that something is mounted from. A mount says which by its device
 * number, or, where a file system has numbers of its own (btrfs), by the name of its source. Loop
 * devices are left out: what they read and write is that of the disk below, and there are many of
 * them where programs come as images.
 */
#include "metrics/sys_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DISKS_MAX = 64, NAME_MAX_LEN = 63, LOOP_MAJOR = 7, SECTOR = 512 };

struct sys_disk {
	unsigned major, minor;
	char name[NAME_MAX_LEN + 1];
	bool is_mounted;
	uint64_t reads, read_sectors, writes, written_sectors, busy_ms;
};

/*
 * Documentation/admin-guide/iostats.rst: major minor name, then reads, merged, sectors, ms; writes,
 * merged, sectors, ms; in flight, ms with something in flight.
 */
static bool parse_disk(const char *line, struct sys_disk *ret)
{
	*ret = (struct sys_disk){0};
	return sscanf(line,
		       "%u %u %63s %" SCNu64 " %*u %" SCNu64 " %*u %" SCNu64 " %*u %" SCNu64
		       " %*u %*u %" SCNu64,
		       &ret->major, &ret->minor, ret->name, &ret->reads, &ret->read_sectors,
		       &ret->writes, &ret->written_sectors, &ret->busy_ms) == 8 &&
	       ret->major != LOOP_MAJOR;
}

static int parse_disks(const char *diskstats, struct sys_disks *ret)
{
	ret->v = calloc(DISKS_MAX, sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (const char *line = diskstats; *line && ret->n < DISKS_MAX; line = sys_next_line(line))
		ret->n += parse_disk(line, &ret->v[ret->n]);
	return 0;
}

/* The second word behind the " - " that ends the optional fields: where it is mounted from. */
static size_t mount_source(const char *line, const char **ret)
{
	const char *end = line + strcspn(line, "\n");
	const char *at = memmem(line, (size_t)(end - line), " - ", 3);

	if (!at)
		return 0;
	at += 3;
	at += strcspn(at, " \n");
	at += *at == ' ';
	*ret = at;
	return strcspn(at, " \n");
}

static void mark_mounted(struct sys_disks *disks, const char *line)
{
	unsigned major, minor;
	const char *source = "";
	size_t len = mount_source(line, &source);

	if (sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2)
		return;
	if (len > 5 && strncmp(source, "/dev/", 5) == 0) {
		source += 5;
		len -= 5;
	} else {
		len = 0;
	}
	for (size_t i = 0; i < disks->n; i++) {
		struct sys_disk *disk = &disks->v[i];

		disk->is_mounted =
			disk->is_mounted || (disk->major == major && disk->minor == minor) ||
			(len && strlen(disk->name) == len && strncmp(disk->name, source, len) == 0);
	}
}

static int put_rates(
	struct value *ret, const struct sys_disk *last, const struct sys_disk *now, double seconds)
{
	const struct {
		const char *name;
		uint64_t last, now;
		double scale;
	} rates[] = {
		{"rps", last->reads, now->reads, 1},
		{"wps", last->writes, now->writes, 1},
		{"rkbps", last->read_sectors, now->read_sectors, SECTOR / 1024.0},
		{"wkbps", last->written_sectors, now->written_sectors, SECTOR / 1024.0},
		{"util", last->busy_ms, now->busy_ms, 1e-3},
	};
	int r = 0;

	/* A disk that was taken out and put back counts from 0. */
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
		if (rates[i].now < rates[i].last)
			return 0;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rates); i++)
		r = sys_put(ret, (double)(rates[i].now - rates[i].last) * rates[i].scale / seconds,
			"sys/dev%s/%s", now->name, rates[i].name);
	return r;
}

static const struct sys_disk *same_disk(const struct sys_disks *disks, const struct sys_disk *disk)
{
	for (size_t i = 0; i < disks->n; i++)
		if (disks->v[i].major == disk->major && disks->v[i].minor == disk->minor)
			return &disks->v[i];
	return NULL;
}

int sys_disks_sample(struct sys_disks *disks, const char *diskstats, const char *mountinfo,
	double seconds, struct value *ret)
{
	struct sys_disks now = {0};
	int r = parse_disks(diskstats, &now);

	if (r < 0)
		return r;
	for (const char *line = mountinfo; *line; line = sys_next_line(line))
		mark_mounted(&now, line);
	for (size_t i = 0; r == 0 && i < now.n; i++) {
		const struct sys_disk *last = same_disk(disks, &now.v[i]);

		if (now.v[i].is_mounted && last && seconds > 0)
			r = put_rates(ret, last, &now.v[i], seconds);
	}
	sys_disks_release(disks);
	*disks = now;
	return r;
}

void sys_disks_release(struct sys_disks *disks)
{
	free(disks->v);
	*disks = (struct sys_disks){0};
}

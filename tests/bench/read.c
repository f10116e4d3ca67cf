/* SPDX-License-Identifier: MIT */
/*
 * Reads a file in one way and prints the seconds that it took.
 *
 *	read MODE FILE
 *
 * MODE: seq (1 MiB reads), random (20,000 reads of 4 KiB), mmap (every page, 20 times). With `cold`
 *in front of a mode the file's pages are dropped first (posix_fadvise), from both the file system
 * that is given and, as a third argument, the file behind it.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, PAGE = 4096, RANDOM_READS = 20000, MAPPINGS = 20 };

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void drop(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

static int read_all(int fd, char *block)
{
	ssize_t n;

	while ((n = read(fd, block, BLOCK)) > 0)
		;
	return (int)n;
}

static int read_random(int fd, char *block, off_t size)
{
	uint64_t state = 88172645463325252ULL;

	for (int i = 0; i < RANDOM_READS; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		if (pread(fd, block, PAGE, (off_t)(state % (uint64_t)(size / PAGE)) * PAGE) != PAGE)
			return -1;
	}
	return 0;
}

static int read_mapped(int fd, off_t size)
{
	unsigned sum = 0;

	for (int i = 0; i < MAPPINGS; i++) {
		void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);

		if (map == MAP_FAILED)
			return -1;
		for (off_t at = 0; at < size; at += PAGE)
			sum += ((const volatile unsigned char *)map)[at];
		munmap(map, (size_t)size);
	}
	return sum == 12345 ? 1 : 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	char *block = malloc(BLOCK);
	struct stat st;
	double start;
	int fd, r;

	if (argc < 3 || !block)
		return 2;
	if (strncmp(mode, "cold", 4) == 0) {
		mode += 4;
		for (int i = 2; i < argc; i++)
			drop(argv[i]);
	}
	start = now();
	fd = open(argv[2], O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		perror(argv[2]);
		return 1;
	}
	r = strcmp(mode, "random") == 0 ? read_random(fd, block, st.st_size)
	    : strcmp(mode, "mmap") == 0 ? read_mapped(fd, st.st_size)
					: read_all(fd, block);
	close(fd);
	if (r < 0) {
		perror(argv[2]);
		return 1;
	}
	printf("%.6f\n", now() - start);
	free(block);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Samples of the system, from directories that look like /proc and /sys. */
#include "support.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <sys/wait.h>

#include "base/proc.h"
#include "metrics/nvml.h"
#include "metrics/sys_parts.h"
#include "metrics/sys_sample.h"

static void write_file(const char *name, const char *text)
{
	_cleanup_buf_ struct buf path = BUF_INIT, dir = BUF_INIT;

	buf_printf(&path, "%s/%s", support_dir, name);
	buf_add(&dir, path.data, (size_t)(strrchr(path.data, '/') - path.data));
	assert_int_equal(file_mkdirs(AT_FDCWD, buf_str(&dir), 0755), 0);
	/* In place: the sampler may have it open. */
	FILE *f = fopen(buf_str(&path), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static double number(const struct value *map, const char *tag)
{
	const struct value *v = value_get(map, tag);

	return v ? v->number : NAN;
}

/* Floats of a few digits. */
#define assert_close(a, b) assert_true(fabs((a) - (b)) < 1e-6)
#define assert_none(map, tag)                                                                      \
	do {                                                                                       \
		if (value_get(map, tag))                                                           \
			fail_msg("%s is %g", tag, number(map, tag));                               \
	} while (0)

/* --- the machine --------------------------------------------------------------------------------
 */

static void cpus(void **state)
{
	_cleanup_(sys_cpus_release) struct sys_cpus cpus = {0};
	_cleanup_value_ struct value *first = value_map(), *second = value_map(),
				     *third = value_map();

	(void)state;
	assert_int_equal(sys_cpus_sample(&cpus,
				 "cpu  300 0 100 900 100 0 0 0 0 0\n"
				 "cpu0 100 0 50 400 50 0 0 0 0 0\n"
				 "cpu2 200 0 50 500 50 0 0 0 200 0\n"
				 "intr 5 0 0\nctxt 1\n",
				 first),
		0);
	assert_int_equal(first->map.n, 0);
	/* CPU 0: 30 of 100 ticks; iowait is no work. CPU 1 is new. CPU 2 counts its guests once. */
	sys_cpus_sample(&cpus,
		"cpu0 110 5 55 460 60 5 4 1 0 0\n"
		"cpu1 7 0 0 0 0 0 0 0 0 0\n"
		"cpu2 300 0 50 500 50 0 0 0 300 0\n",
		second);
	assert_close(number(second, "sys/cpu0/util"), 0.3);
	assert_none(second, "sys/cpu1/util");
	assert_close(number(second, "sys/cpu2/util"), 1);
	assert_close(number(second, "sys/cpu/util"), 0.65);
	/* A counter that steps back, one that stands still, lines that are cut off. */
	sys_cpus_sample(&cpus, "cpu0 100 5 55 480 60 5 4 1 0 0\ncpu1 7\ncpu2", third);
	assert_close(number(third, "sys/cpu0/util"), 0);
	assert_none(third, "sys/cpu1/util");
	assert_none(third, "sys/cpu2/util");
	sys_cpus_sample(&cpus, "cpu99999999999999999999 1 1 1 1\ncpu 1\ncpux 1\n\n", third);
}

static void memory(void **state)
{
	_cleanup_value_ struct value *now = value_map(), *old = value_map(), *odd = value_map();

	(void)state;
	sys_memory_sample(
		"MemTotal:        1000 kB\nMemFree:          100 kB\n"
		"MemAvailable:     250 kB\nBuffers:           10 kB\nCached:      200 kB\n"
		"SwapCached:         0 kB\nSwapTotal:        400 kB\nSwapFree:   300 kB\n",
		now);
	assert_close(number(now, "sys/mem_total"), 1000 * 1024);
	assert_close(number(now, "sys/mem_free"), 100 * 1024);
	assert_close(number(now, "sys/mem_used"), 750 * 1024);
	assert_close(number(now, "sys/mem_util"), 0.75);
	assert_close(number(now, "sys/swap_used"), 100 * 1024);
	assert_close(number(now, "sys/swap_util"), 0.25);
	sys_memory_sample("MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 200 kB\n"
			  "SwapTotal: 0 kB\nSwapFree: 0 kB\n",
		old);
	assert_close(number(old, "sys/mem_util"), 0.69);
	assert_close(number(old, "sys/swap_util"), 0);
	sys_memory_sample("MemTotal: much\nMemFree", odd);
	assert_int_equal(odd->map.n, 0);
}

#define MOUNTS                                                                                     \
	"22 1 0:21 / /proc rw - proc proc rw\n"                                                    \
	"27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n"                                  \
	"28 1 0:50 /home /home rw - btrfs /dev/nvme0n1p2 rw\n"                                     \
	"29 1 7:3 / /snap/x ro - squashfs /dev/loop3 ro\n"

static void disks(void **state)
{
	_cleanup_(sys_disks_release) struct sys_disks disks = {0};
	_cleanup_value_ struct value *first = value_map(), *second = value_map(),
				     *third = value_map();

	(void)state;
	sys_disks_sample(&disks,
		"   7       3 loop3 1 0 1 0 0 0 0 0 0 1 0\n"
		"   8       0 sda 10 0 100 5 20 0 200 7 0 1000 12\n"
		"   8       1 sda1 10 0 100 5 20 0 200 7 0 1000 12 0 0 0 0\n"
		" 259       2 nvme0n1p2 0 0 0 0 0 0 0 0 0 0 0\n",
		MOUNTS, 0, first);
	assert_int_equal(first->map.n, 0);
	sys_disks_sample(&disks,
		"   7       3 loop3 9 0 9 0 0 0 0 0 0 9 0\n"
		"   8       0 sda 30 0 500 5 20 0 200 7 0 2000 12\n"
		"   8       1 sda1 30 0 500 5 60 0 1224 7 3 2500 12 0 0 0 0\n"
		" 259       2 nvme0n1p2 8 0 16 0 0 0 0 0 0 4 0\n",
		MOUNTS, 2, second);
	assert_close(number(second, "sys/devsda1/rps"), 10);
	assert_close(number(second, "sys/devsda1/wps"), 20);
	assert_close(number(second, "sys/devsda1/rkbps"), 100);
	assert_close(number(second, "sys/devsda1/wkbps"), 256);
	assert_close(number(second, "sys/devsda1/util"), 0.75);
	assert_close(number(second, "sys/devnvme0n1p2/rps"), 4);
	assert_int_equal(second->map.n, 10); /* not the whole disk, not the loop device */
	/* Another disk in the same place; what is not a line of numbers; an odd mount. */
	sys_disks_sample(&disks, "8 1 sda1 0 0 0 0 0 0 0 0 0 0 0\n8 2\n\nx y z\n",
		"odd\n27 1 8:1 / /\n28 1 8:1 / / rw - \n", 2, third);
	assert_int_equal(third->map.n, 0);
}

static void meters(void **state)
{
	struct sys_meter m = {0};

	(void)state;
	assert_true(isnan(sys_meter_rate(&m, 100, 0)));
	assert_close(sys_meter_rate(&m, 120, 2), 10);
	/* Something has left, and what comes back is no work of this time. */
	assert_true(isnan(sys_meter_rate(&m, 20, 2)));
	assert_true(isnan(sys_meter_rate(&m, 130, 2)));
	assert_close(sys_meter_rate(&m, 130, 2), 0);
}

/* --- the run's processes ------------------------------------------------------------------------
 */

static int proc_dir(void)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int fd;

	buf_printf(&path, "%s/proc", support_dir);
	file_mkdirs(AT_FDCWD, buf_str(&path), 0755);
	fd = open(buf_str(&path), O_PATH | O_DIRECTORY);
	assert_true(fd >= 0);
	return fd;
}

/* A process with `children` of its first thread. */
static void process(int pid, const char *name, long own, long waited, int threads, long pages,
	const char *children)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;

	buf_printf(&path, "proc/%d/stat", pid);
	buf_printf(&text,
		"%d (%s) S 1 1 1 0 -1 4194304 5 0 0 0 %ld %ld %ld %ld 20 0 %d 0 1234 1000000 %ld "
		"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n",
		pid, name, own / 2, own - own / 2, waited / 2, waited - waited / 2, threads, pages);
	write_file(buf_str(&path), buf_str(&text));
	buf_clear(&path);
	buf_printf(&path, "proc/%d/task/%d/children", pid, pid);
	write_file(buf_str(&path), children);
}

static void io(int pid, long read, long written)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;

	buf_printf(&path, "proc/%d/io", pid);
	buf_printf(&text,
		"rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: %ld\nwrite_bytes: %ld\n"
		"cancelled_write_bytes: 99\n",
		read, written);
	write_file(buf_str(&path), buf_str(&text));
}

static void tree(void **state)
{
	_cleanup_close_ int proc = proc_dir();
	_cleanup_(sys_tree_release) struct sys_tree tree = {0};

	(void)state;
	/* 10: the supervisor; 11: the operation, whose second thread has a child; 13: the sampler.
	 */
	process(10, "guild-supervise", 1000, 40, 1, 500, "11 13 ");
	process(11, "sh) S 9 (", 100, 10, 2, 20, "14 ");
	write_file("proc/11/task/12/children", "15 ");
	process(13, "sampler", 7777, 0, 1, 999, "16 ");
	process(14, "gone", 0, 0, 1, 0, "");
	process(15, "worker", 50, 0, 1, 30, "");
	io(10, 0, 4096);
	io(11, 1000, 2000);
	io(15, 10, 20);
	_cleanup_buf_ struct buf gone = BUF_INIT;
	buf_printf(&gone, "%s/proc/14", support_dir);
	file_remove_tree(AT_FDCWD, buf_str(&gone));

	for (int i = 0; i < 2; i++) { /* with files that are opened, and with those that are open */
		assert_int_equal(sys_tree_read(&tree, proc, 10, 13, true), 0);
		assert_close(tree.ticks, 40 + 110 + 50);
		assert_close(tree.pages, 50);
		assert_close(tree.read, 1010);
		assert_close(tree.write, 6116);
		assert_true(tree.has_io);
		assert_true(sys_tree_has(&tree, 15));
		assert_false(sys_tree_has(&tree, 13));
		assert_false(sys_tree_has(&tree, 10));
	}
	/* The worker has ended, and its parent has waited for it. */
	process(11, "sh", 100, 65, 2, 20, "");
	write_file("proc/11/task/12/children", "");
	assert_int_equal(sys_tree_read(&tree, proc, 10, 13, false), 0);
	assert_close(tree.ticks, 40 + 165);
	assert_int_equal(tree.n, 1);
	assert_false(tree.has_io);
	/* Nothing that is odd is more than nothing. */
	write_file("proc/11/stat", "11 (sh");
	assert_int_equal(sys_tree_read(&tree, proc, 10, 13, true), 0);
	assert_close(tree.ticks, 40);
	write_file("proc/10/task/10/children", "11 x 12");
	assert_int_equal(sys_tree_read(&tree, proc, 10, 13, true), 0);
	assert_int_equal(tree.n, 1);
	assert_int_equal(sys_tree_read(&tree, proc, 99, 0, true), -ENOENT);
	assert_int_equal(tree.n, 0);
}

static void large_tree(void **state)
{
	_cleanup_close_ int proc = proc_dir();
	_cleanup_(sys_tree_release) struct sys_tree tree = {0};
	_cleanup_buf_ struct buf children = BUF_INIT;

	(void)state;
	for (int i = 0; i < SYS_PROCESSES_MAX; i++)
		buf_printf(&children, "%d ", 100000 + i);
	process(20, "supervisor", 0, 5, 1, 0, buf_str(&children));
	assert_int_equal(sys_tree_read(&tree, proc, 20, 0, false), 0);
	assert_int_equal(tree.n, SYS_PROCESSES_MAX);
	buf_puts(&children, "7 ");
	process(20, "supervisor", 0, 5, 1, 0, buf_str(&children));
	assert_int_equal(sys_tree_read(&tree, proc, 20, 0, false), -E2BIG);
	assert_int_equal(tree.n, 0);
}

/* More than the kernel gives at a time: numbers of this machine's own children, and of a list that
 * is longer than any. */
static void long_lists(void **state)
{
	enum { CHILDREN = 900 };
	_cleanup_close_ int proc = open("/proc", O_PATH), copy = proc_dir();
	_cleanup_(sys_tree_release) struct sys_tree tree = {0};
	_cleanup_buf_ struct buf children = BUF_INIT;
	static pid_t pids[CHILDREN];
	int ends[2], n = 0, r;
	size_t found;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (; n < CHILDREN; n++) {
		pids[n] = fork();
		if (pids[n] < 0)
			break;
		if (pids[n] == 0) {
			char c;

			close(ends[1]);
			_exit(read(ends[0], &c, 1) < 0);
		}
	}
	close(ends[0]);
	r = sys_tree_read(&tree, proc, getpid(), 0, false);
	found = tree.n;
	close(ends[1]);
	for (int i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
	assert_int_equal(r, 0);
	assert_int_equal(found, n);
	for (int i = 0; i < SYS_PROCESSES_MAX; i++)
		buf_printf(&children, "%030d ", 100000 + i);
	process(21, "supervisor", 0, 5, 1, 0, buf_str(&children));
	assert_int_equal(sys_tree_read(&tree, copy, 21, 0, false), 0);
	assert_int_equal(tree.n, SYS_PROCESSES_MAX);
}

/* --- whole samples ------------------------------------------------------------------------------
 */

static void samples(void **state)
{
	_cleanup_close_ int proc = proc_dir();
	const struct sys_config config = {.proc_fd = proc,
		.sys_fd = proc,
		.supervisor = 30,
		.parts = SYS_CPU | SYS_MEMORY | SYS_DISK};
	_cleanup_sys_sampler_ struct sys_sampler *s = NULL;
	_cleanup_value_ struct value *first = value_map(), *second = value_map();
	double ticks = (double)sysconf(_SC_CLK_TCK), page = (double)sysconf(_SC_PAGESIZE);

	(void)state;
	process(30, "supervisor", 0, 0, 1, 0, "31 ");
	process(31, "op", 0, 0, 1, 100, "");
	io(31, 0, 0);
	assert_int_equal(sys_sampler_new(&config, &s), 0);
	assert_int_equal(sys_sample(s, 100, first), 0);
	/* This /proc has neither stat nor meminfo; of rates there is none yet. */
	assert_int_equal(first->map.n, 2);
	assert_close(number(first, "sys/proc/count"), 1);
	assert_close(number(first, "sys/proc/mem_rss"), 100 * page);
	process(31, "op", (long)(3 * ticks), 0, 1, 200, "");
	io(31, 4096, 20480);
	write_file("proc/meminfo", "MemTotal: 10 kB\nMemFree: 5 kB\nMemAvailable: 5 kB\n");
	assert_int_equal(sys_sample(s, 102, second), 0);
	assert_close(number(second, "sys/proc/cpus"), 1.5);
	assert_close(number(second, "sys/proc/rkbps"), 2);
	assert_close(number(second, "sys/proc/wkbps"), 10);
	assert_close(number(second, "sys/mem_util"), 0.5);
	assert_none(second, "sys/cpu/util");
}

/* This machine's own, whatever it has. */
static void this_machine(void **state)
{
	_cleanup_close_ int proc = open("/proc", O_PATH), sys = open("/sys", O_PATH);
	const struct sys_config config = {.proc_fd = proc,
		.sys_fd = sys,
		.supervisor = getpid(),
		.parts = SYS_CPU | SYS_MEMORY | SYS_DISK};
	_cleanup_sys_sampler_ struct sys_sampler *s = NULL;
	_cleanup_value_ struct value *first = value_map();

	(void)state;
	assert_int_equal(sys_sampler_new(&config, &s), 0);
	assert_int_equal(sys_sample(s, 1, first), 0);
	assert_true(number(first, "sys/mem_total") > number(first, "sys/mem_free"));
	assert_true(number(first, "sys/mem_util") >= 0 && number(first, "sys/mem_util") <= 1);
}

/* --- GPUs ---------------------------------------------------------------------------------------
 */

/* By its name it is then found as if it were installed. */
static void *load_stand_in(void)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	char *slash;
	void *library;

	proc_self_exe(&path);
	slash = strrchr(path.data, '/');
	buf_resize(&path, (size_t)(slash - path.data));
	buf_puts(&path, "/../stand-in/libnvidia-ml.so.1");
	library = dlopen(buf_str(&path), RTLD_NOW);
	if (!library)
		fail_msg("%s", dlerror());
	return library;
}

static void gpus(void **state)
{
	_cleanup_close_ int proc = proc_dir();
	_cleanup_(sys_gpus_release) struct sys_gpus gpus = {0};
	_cleanup_(sys_tree_release) struct sys_tree tree = {0};
	_cleanup_value_ struct value *asleep = value_map(), *awake = value_map(),
				     *later = value_map();
	_cleanup_buf_ struct buf users = BUF_INIT;
	void *library = load_stand_in();
	char driver[16];
	int (*version)(char *, unsigned);

	(void)state;
	*(void **)&version = dlsym(library, "nvmlSystemGetDriverVersion");
	assert_non_null(version);
	version(driver, sizeof(driver));
	assert_string_equal(driver, "stand-in");
	buf_printf(&users, "%s/users", support_dir);
	setenv("STAND_IN_USERS", buf_str(&users), 1);
	process(40, "supervisor", 0, 0, 1, 0, "41 ");
	process(41, "op", 0, 0, 1, 0, "");
	assert_int_equal(sys_tree_read(&tree, proc, 40, 0, false), 0);

	write_file("proc/bus/pci/drivers/nvidia/0000:01:00.0/power/runtime_status", "suspended\n");
	write_file("proc/bus/pci/drivers/nvidia/bind", "");
	assert_int_equal(sys_gpus_sample(&gpus, proc, &tree, asleep), 0);
	assert_int_equal(asleep->map.n, 0);
	assert_null(gpus.nvml);

	/* Awake, and another's process computes on it. */
	write_file("proc/bus/pci/drivers/nvidia/0000:01:00.0/power/runtime_status", "active\n");
	write_file("users", "7 1048576\n");
	assert_int_equal(sys_gpus_sample(&gpus, proc, &tree, awake), 0);
	assert_close(number(awake, "sys/gpu0/fanspeed"), 0.3);
	assert_close(number(awake, "sys/gpu0/pstate"), 2);
	assert_close(number(awake, "sys/gpu0/mem_total"), 16384.0 * 1048576);
	assert_close(number(awake, "sys/gpu0/mem_used"), 3840.0 * 1048576);
	assert_close(number(awake, "sys/gpu0/mem_free"), 12544.0 * 1048576);
	assert_close(number(awake, "sys/gpu0/mem_util"), 0.5);
	assert_close(number(awake, "sys/gpu0/util"), 0.75);
	assert_close(number(awake, "sys/gpu0/temp"), 61);
	assert_close(number(awake, "sys/gpu0/powerdraw"), 250.5);
	assert_none(awake, "sys/proc/gpu0/mem_used");
	/* What a GPU does not have, and what an older driver tells. */
	assert_close(number(awake, "sys/gpu1/mem_used"), 1024.0 * 1048576);
	assert_none(awake, "sys/gpu1/util");
	assert_int_equal(awake->map.n, 9 + 3);

	write_file("users", "7 1048576\n41 2097152\n41 1\n");
	assert_int_equal(sys_gpus_sample(&gpus, proc, &tree, later), 0);
	assert_close(number(later, "sys/proc/gpu0/mem_used"), 2097153);
	assert_none(later, "sys/proc/gpu1/mem_used");
	value_free(later);
	later = value_map();
	write_file("users", "");
	assert_int_equal(sys_gpus_sample(&gpus, proc, &tree, later), 0);
	assert_close(number(later, "sys/proc/gpu0/mem_used"), 0);
	dlclose(library);
}

static void no_gpus(void **state)
{
	struct nvml *nvml = NULL;
	void *library = load_stand_in();
	_cleanup_(sys_gpus_release) struct sys_gpus gpus = {0};
	struct sys_tree tree = {0};
	_cleanup_value_ struct value *values = value_map();

	(void)state;
	setenv("STAND_IN_GPUS", "0", 1);
	assert_int_equal(nvml_open(&nvml), -ENODEV);
	assert_int_equal(sys_gpus_sample(&gpus, -1, &tree, values), 0);
	assert_true(gpus.absent);
	assert_int_equal(values->map.n, 0);
	unsetenv("STAND_IN_GPUS");
	dlclose(library);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus),
		cmocka_unit_test(memory),
		cmocka_unit_test(disks),
		cmocka_unit_test(meters),
		cmocka_unit_test(tree),
		cmocka_unit_test(large_tree),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(samples),
		cmocka_unit_test(this_machine),
		cmocka_unit_test(gpus),
		cmocka_unit_test(no_gpus),
	};

	return cmocka_run_group_tests_name("sys_sample", tests, support_setup, support_teardown);
}

/* SPDX-License-Identifier: MIT */
/*
 * The run's processes, from the supervisor down. A process's children are listed by thread, each
 * under the one that made it; a thread that ends leaves them to another.
 *
 * Totals of CPU time and traffic are those of all that live, with what they have inherited of
 * children that they waited for, and what the supervisor has inherited: nothing is counted twice,
 * and nothing leaves as long as everybody waits for his children. Parents are read before their
 * children: what ends in between is missed once, and not counted twice (struct sys_meter).
 *
 * Files of a process stay open from one time to the next, since opening them is most of the work,
 * and never show another process that has got its number; of the first hundreds, so that few
 * descriptors are needed.
 */
#include "metrics/sys_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

enum { BLOCK = 4 * 1024, PATH_LEN = 64, KEPT_MAX = 250 };
enum { CHILDREN_LEN_MAX = 64 * 1024 }; /* of SYS_PROCESSES_MAX there are less */

enum { STAT, CHILDREN, IO, FILES };

struct sys_process {
	pid_t pid;
	int fds[FILES]; /* -1: not open */
};

struct walk {
	struct sys_tree *tree;
	int proc_fd;
	pid_t except;
	size_t threads;
	struct buf children; /* a list that is being read */
};

static int compare_pids(const void *a, const void *b)
{
	const struct sys_process *p = a, *q = b;

	return (p->pid > q->pid) - (p->pid < q->pid);
}

static struct sys_process *find(struct sys_process *v, size_t n, pid_t pid)
{
	const struct sys_process key = {.pid = pid};

	return n ? bsearch(&key, v, n, sizeof(*v), compare_pids) : NULL;
}

static void close_files(struct sys_process *p)
{
	for (int i = 0; i < FILES; i++) {
		if (p->fds[i] >= 0)
			close(p->fds[i]);
		p->fds[i] = -1;
	}
}

/* --- files -------------------------------------------------------------------------------------
 */

/* stat and io come whole by one call. What is not there any more gives an error. */
static int read_block(int fd, char block[BLOCK])
{
	ssize_t n = pread(fd, block, BLOCK - 1, 0);

	if (n < 0)
		return -errno;
	block[n] = 0;
	return 0;
}

static int open_file(const struct walk *w, struct sys_process *p, int which)
{
	char path[PATH_LEN];
	int pid = p->pid;

	if (p->fds[which] < 0) {
		if (which == CHILDREN)
			snprintf(path, sizeof(path), "%d/task/%d/children", pid, pid);
		else
			snprintf(path, sizeof(path), "%d/%s", pid, which == STAT ? "stat" : "io");
		p->fds[which] = openat(w->proc_fd, path, O_RDONLY | O_CLOEXEC);
	}
	if (p->fds[which] < 0)
		return errno == EMFILE || errno == ENFILE ? -E2BIG : -errno;
	return 0;
}

static int read_file(const struct walk *w, struct sys_process *p, int which, char block[BLOCK])
{
	int r = open_file(w, p, which);

	return r < 0 ? r : read_block(p->fds[which], block);
}

/* Fields of /proc/PID/stat, counted from 0 behind the name (proc(5) has state as its field 3). */
enum { UTIME = 11, STIME, CUTIME, CSTIME, THREADS = 17, RSS = 21, FIELDS };

/* The name may have anything in it. -EINVAL: fields are missing. By hand, for there are many. */
static int parse_stat(const char *block, long ret[FIELDS])
{
	const char *at = strrchr(block, ')');

	for (int i = 0; i < FIELDS; i++) {
		at = at ? strchr(at, ' ') : NULL;
		if (!at)
			return -EINVAL;
		at++;
		ret[i] = i ? strtol(at, NULL, 10) : 0;
	}
	return 0;
}

static int read_stat(const struct walk *w, struct sys_process *p, long ret[FIELDS])
{
	char block[BLOCK];
	int r = read_file(w, p, STAT, block);

	/* One that has ended, and perhaps another one of that number. */
	if (r == -ESRCH) {
		close_files(p);
		r = read_file(w, p, STAT, block);
	}
	return r < 0 ? r : parse_stat(block, ret);
}

static double io_field(const char *block, const char *name)
{
	const char *at = strstr(block, name);

	return at ? (double)strtoull(at + strlen(name), NULL, 10) : 0;
}

/* Of another user's process, such as sudo's, it is not told. */
static int add_io(const struct walk *w, struct sys_process *p)
{
	char block[BLOCK];
	int r = read_file(w, p, IO, block);

	if (r < 0)
		return r;
	w->tree->read += io_field(block, "\nread_bytes: ");
	w->tree->write += io_field(block, "\nwrite_bytes: ");
	w->tree->has_io = true;
	return 0;
}

/* --- children ----------------------------------------------------------------------------------
 */

static int add_process(struct walk *w, pid_t pid)
{
	struct sys_tree *tree = w->tree;
	struct sys_process *p = &tree->v[tree->n], *known;

	if (pid <= 0 || pid == w->except)
		return 0;
	if (tree->n >= SYS_PROCESSES_MAX)
		return -E2BIG;
	*p = (struct sys_process){pid, {-1, -1, -1}};
	known = find(tree->before, tree->n_before, pid);
	if (known) {
		*p = *known;
		*known = (struct sys_process){pid, {-1, -1, -1}};
	}
	tree->n++;
	return 0;
}

static int add_children(struct walk *w, const char *list)
{
	int r = 0;
	char *end;

	for (const char *at = list; r == 0; at = end) {
		long child = strtol(at, &end, 10);

		if (end == at)
			break;
		r = add_process(w, (pid_t)child);
	}
	return r;
}

/* The kernel gives a page of the list at a time, however much is asked for. */
static int add_children_of_file(struct walk *w, int fd)
{
	int r;

	buf_clear(&w->children);
	r = file_read_fd(fd, CHILDREN_LEN_MAX, &w->children);
	if (r < 0)
		return r == -EFBIG ? -E2BIG : r;
	return add_children(w, buf_str(&w->children));
}

struct threads_of {
	struct walk *w;
	struct sys_process *p;
};

/* A thread may have ended meanwhile. */
static int add_children_of_thread(void *arg, const char *name, int d_type)
{
	const struct threads_of *of = arg;
	char path[PATH_LEN];
	_cleanup_close_ int fd = -1;
	int r;

	(void)d_type;
	if (++of->w->threads > SYS_THREADS_MAX)
		return -E2BIG;
	snprintf(path, sizeof(path), "%d/task/%.20s/children", (int)of->p->pid, name);
	fd = openat(of->w->proc_fd, path, O_RDONLY | O_CLOEXEC);
	r = fd < 0 ? 0 : add_children_of_file(of->w, fd);
	return r == -E2BIG ? r : 0;
}

static int add_all_children(struct walk *w, struct sys_process *p, long threads)
{
	char path[PATH_LEN];
	struct threads_of of = {.w = w, .p = p};
	int r;

	if (threads <= 1) {
		r = open_file(w, p, CHILDREN);
		return r < 0 ? r : add_children_of_file(w, p->fds[CHILDREN]);
	}
	snprintf(path, sizeof(path), "%d/task", (int)p->pid);
	return file_each(w->proc_fd, path, add_children_of_thread, &of);
}

/* --- the tree ----------------------------------------------------------------------------------
 */

/* One that ends while it is looked at is passed over; only what is too much is an error. */
static int add_one(struct walk *w, size_t i, bool with_io)
{
	struct sys_process *p = &w->tree->v[i];
	struct sys_tree *tree = w->tree;
	long stat[FIELDS];
	int r = read_stat(w, p, stat);

	if (r == 0) {
		tree->ticks += (double)(stat[UTIME] + stat[STIME]);
		tree->ticks += (double)(stat[CUTIME] + stat[CSTIME]);
		tree->pages += (double)stat[RSS];
		if (with_io && add_io(w, p) == -E2BIG)
			r = -E2BIG;
	}
	if (r == 0)
		r = add_all_children(w, p, stat[THREADS]);
	if (i >= KEPT_MAX)
		close_files(p);
	return r == -E2BIG ? r : 0;
}

/* Of the supervisor only what it has inherited; and what it writes is the run's output. */
static int add_supervisor(struct walk *w, pid_t pid, bool with_io)
{
	struct sys_process self = {pid, {-1, -1, -1}};
	long stat[FIELDS];
	int r = read_stat(w, &self, stat);

	if (r == 0)
		w->tree->ticks = (double)(stat[CUTIME] + stat[CSTIME]);
	if (r == 0 && with_io)
		add_io(w, &self);
	if (r == 0)
		r = add_all_children(w, &self, stat[THREADS]);
	close_files(&self);
	return r == 0 || r == -E2BIG ? r : -ENOENT;
}

static void forget(struct sys_process *v, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		close_files(&v[i]);
	*n = 0;
}

/* What there is now becomes what was before, in whose place the next goes. */
static int turn_over(struct sys_tree *tree)
{
	struct sys_process *v = tree->before;

	if (!v)
		v = calloc(SYS_PROCESSES_MAX + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	*tree = (struct sys_tree){.v = v, .before = tree->v, .n_before = tree->n};
	return 0;
}

int sys_tree_read(struct sys_tree *tree, int proc_fd, pid_t supervisor, pid_t except, bool with_io)
{
	struct walk w = {.tree = tree, .proc_fd = proc_fd, .except = except};
	int r = turn_over(tree);

	if (r < 0)
		return r;
	r = add_supervisor(&w, supervisor, with_io);
	for (size_t i = 0; r == 0 && i < tree->n; i++)
		r = add_one(&w, i, with_io);
	buf_release(&w.children);
	forget(tree->before, &tree->n_before);
	if (r < 0)
		forget(tree->v, &tree->n);
	else
		qsort(tree->v, tree->n, sizeof(*tree->v), compare_pids);
	return r;
}

bool sys_tree_has(const struct sys_tree *tree, pid_t pid)
{
	return find(tree->v, tree->n, pid);
}

void sys_tree_release(struct sys_tree *tree)
{
	forget(tree->v, &tree->n);
	free(tree->v);
	free(tree->before);
	*tree = (struct sys_tree){0};
}

/* SPDX-License-Identifier: MIT */
/* Finding TensorBoard, starting it, and ending it. */
#include "web/tensorboard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "web/web.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/output_of.h"
#include "base/proc.h"
#include "project/command.h"

enum { END_MS = 5000, POLL_NS = 20 * 1000 * 1000, LOG_MAX = 1 << 20 };

/* --- which ------------------------------------------------------------------ */

static int find_module(struct tensorboard *t, const char *python)
{
	const char *const ask[] = {
		python, "-c", "import tensorboard.version as v; print(v.VERSION)", NULL};
	int r = output_of(ask, NULL, &t->version);

	while (t->version.len && t->version.data[t->version.len - 1] == '\n')
		buf_resize(&t->version, t->version.len - 1);
	if (r == 0)
		r = strv_add(&t->argv, python);
	if (r == 0)
		r = strv_add(&t->argv, "-m");
	return r < 0 ? r : strv_add(&t->argv, "tensorboard.main");
}

int tensorboard_find(struct tensorboard *t, const struct guild *g)
{
	_cleanup_buf_ struct buf python = BUF_INIT, program = BUF_INIT;
	bool has_python = python_find(g->cwd, &g->env, &python) == 0;

	if (has_python && find_module(t, buf_str(&python)) == 0)
		return EXIT_OK;
	strv_release(&t->argv);
	buf_clear(&t->version);
	if (program_find("tensorboard", &g->env, &program) == 0 &&
		strv_add(&t->argv, buf_str(&program)) == 0)
		return EXIT_OK;
	if (has_python)
		return complain("there is no TensorBoard: %s does not have it, and there is no "
				"'tensorboard' on the PATH\n"
				"Install it with '%s -m pip install tensorboard'.",
			buf_str(&python), buf_str(&python));
	return complain("there is no TensorBoard: there is neither a Python (GUILD_PYTHON_EXE, "
			".venv in this directory, 'python' or 'python3' on the PATH) nor a "
			"'tensorboard' on the PATH");
}

/* --- where ------------------------------------------------------------------ */

static int free_port(unsigned *ret)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in any = {.sin_family = AF_INET};
	socklen_t len = sizeof(any);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
		getsockname(fd, (struct sockaddr *)&any, &len) < 0)
		return -errno;
	*ret = ntohs(any.sin_port);
	return 0;
}

bool tensorboard_answers(const struct tensorboard *t)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	_cleanup_buf_ struct buf host = BUF_INIT;
	const char *start = buf_str(&t->url) + strlen("http://");
	const char *end = strrchr(start, ':');
	struct addrinfo *found = NULL;
	bool answers = false;

	if (*start == '[')
		buf_add(&host, start + 1, (size_t)(end - start) - 2);
	else
		buf_add(&host, start, (size_t)(end - start));
	if (getaddrinfo(buf_str(&host), end + 1, &hints, &found) != 0)
		return false;
	for (const struct addrinfo *a = found; a && !answers; a = a->ai_next) {
		_cleanup_close_ int fd =
			socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, a->ai_protocol);

		answers = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0;
	}
	freeaddrinfo(found);
	return answers;
}

/* --- the process ------------------------------------------------------------- */

static int add_options(
	struct tensorboard *t, const struct tensorboard_options *o, const char *logdir)
{
	struct strv *argv = &t->argv;
	int r = strv_addf(argv, "--logdir=%s", logdir);

	if (r == 0)
		r = strv_addf(
			argv, "--host=%s", web_is_everywhere(o->host) ? WEB_EVERYWHERE : o->host);
	if (r == 0)
		r = strv_addf(argv, "--port=%u", t->port);
	if (r == 0)
		r = strv_addf(argv, "--reload_interval=%u", o->reload_seconds);
	/* Without this the loader that TensorBoard falls back to follows only the last file of a
	 * directory. */
	if (r == 0)
		r = strv_add(argv, "--reload_multifile=true");
	for (size_t i = 0; r == 0 && i < o->more->n; i++)
		r = strv_addf(argv, "--%s", o->more->v[i]);
	return r;
}

static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* In the child: only calls that are safe there. A group of its own, so that Ctrl-C comes to us,
 * and whatever it has started can be ended with it. */
static void become(char **argv, int log, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	raise_descriptors();
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

int tensorboard_start(
	struct tensorboard *t, const struct tensorboard_options *o, const char *logdir)
{
	pid_t self = getpid();
	int r = 0;

	t->port = o->port;
	if (!t->port)
		r = free_port(&t->port);
	if (r < 0)
		return complain("there is no free port: %s", strerror(-r));
	web_url(&t->url, o->host, t->port);
	if (add_options(t, o, logdir) < 0 || buf_error(&t->url))
		return complain("out of memory");
	t->log = memfd_create("tensorboard", MFD_CLOEXEC);
	fflush(NULL);
	t->pid = t->log < 0 ? -1 : fork();
	if (t->pid == 0)
		become(t->argv.v, t->log, self);
	if (t->pid < 0) {
		t->pid = 0;
		return complain("cannot start %s: %s", t->argv.v[0], strerror(errno));
	}
	setpgid(t->pid, t->pid);
	return EXIT_OK;
}

static void print_log(const struct tensorboard *t)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = file_read_fd(t->log, LOG_MAX, &text);

	if (r == 0)
		fwrite(buf_str(&text), 1, text.len, stderr);
}

bool tensorboard_has_ended(struct tensorboard *t)
{
	int status;

	if (waitpid(t->pid, &status, WNOHANG) != t->pid)
		return false;
	/* What it had started may outlive it. */
	kill(-t->pid, SIGKILL);
	t->pid = 0;
	print_log(t);
	if (WIFEXITED(status))
		complain("TensorBoard has ended with status %d", WEXITSTATUS(status));
	else
		complain("TensorBoard has ended with signal %d", WTERMSIG(status));
	return true;
}

void tensorboard_release(struct tensorboard *t)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};
	int64_t end = clock_monotonic_ms() + END_MS;

	if (t->pid) {
		kill(-t->pid, SIGTERM);
		while (waitpid(t->pid, NULL, WNOHANG) == 0 && clock_monotonic_ms() < end)
			nanosleep(&pause, NULL);
		kill(-t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	if (t->log >= 0)
		close(t->log);
	strv_release(&t->argv);
	buf_release(&t->version);
	buf_release(&t->url);
	*t = TENSORBOARD_INIT;
}

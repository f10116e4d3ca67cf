/* SPDX-License-Identifier: MIT */
/* A child on two pipes, and a line for each message. */
#include "process/proposer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "term/child.h"
#include "runs/follow.h"
#include "base/cleanup.h"
#include "base/libexec.h"
#include "project/command.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

enum { LOOK_MS = 500, LINE_MAX_LEN = 1 << 20 };

struct proposer {
	pid_t pid;
	int to, from;
	struct buf text; /* what has come and was not looked at */
};

/* --- starting it ---------------------------------------------------------------- */

static int start(const char *python, const struct strv *env, struct proposer *p)
{
	const char *const argv[] = {python, "-um", "guild.propose", NULL};
	_cleanup_strv_ struct strv own = STRV_INIT;
	struct child child = {.argv = argv};
	int in[2] = {-1, -1}, out[2] = {-1, -1}, r = libexec_python_env(env, &own);

	if (r == 0 && (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0))
		r = -errno;
	/* A batch does not mind who stops to read it; Python knows what to do. */
	sigemptyset(&child.defaults);
	sigaddset(&child.defaults, SIGPIPE);
	child.env = own.v;
	child.stdin_fd = in[0];
	child.stdout_fd = out[1];
	if (r == 0)
		r = child_start(&child, &p->pid);
	p->to = in[1];
	p->from = out[0];
	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	return r;
}

void proposer_close(struct proposer *p)
{
	if (!p)
		return;
	if (p->to >= 0)
		close(p->to);
	if (p->from >= 0)
		close(p->from);
	if (p->pid > 0) {
		/* It keeps nothing, and may be in the middle of a long computation. */
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	buf_release(&p->text);
	free(p);
}

/* --- messages --------------------------------------------------------------------- */

/* {"VERB": WHAT} */
static int say(struct proposer *p, const char *verb, const struct value *what)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	size_t done = 0;

	buf_printf(&line, "{\"%s\": ", verb);
	json_emit(&line, what);
	buf_puts(&line, "}\n");
	if (buf_error(&line))
		return -ENOMEM;
	while (done < line.len) {
		ssize_t n = write(p->to, line.data + done, line.len - done);

		if (n < 0 && errno != EINTR)
			return -EPIPE;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int read_some(struct proposer *p)
{
	struct pollfd fd = {.fd = p->from, .events = POLLIN};
	char block[4096];
	ssize_t n;

	while (poll(&fd, 1, LOOK_MS) <= 0)
		if (follow_interrupts())
			return -EINTR;
	n = read(p->from, block, sizeof(block));
	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : -EPIPE;
	buf_add(&p->text, block, (size_t)n);
	return p->text.len > LINE_MAX_LEN ? -EPIPE : buf_error(&p->text);
}

/* The next line, a mapping. */
static int hear(struct proposer *p, struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *v = NULL;
	const char *end, *problem;
	size_t len;
	int r = 0;

	while (r == 0 && !memchr(buf_str(&p->text), '\n', p->text.len))
		r = read_some(p);
	if (r < 0)
		return r;
	end = memchr(p->text.data, '\n', p->text.len);
	len = (size_t)(end - p->text.data) + 1;
	r = yaml_parse(p->text.data, len, &v, err);
	memmove(p->text.data, p->text.data + len, p->text.len - len);
	buf_resize(&p->text, p->text.len - len);
	if (r < 0)
		return r;
	problem = value_str(value_get(v, "error"));
	if (problem)
		return err_set(err, -EINVAL, "%s", problem);
	*ret = STEAL(v);
	return 0;
}

int proposer_open(const char *project_dir, const struct strv *env, const struct value *begin,
	struct proposer **ret, struct err *err)
{
	struct proposer *p = calloc(1, sizeof(*p));
	_cleanup_buf_ struct buf python = BUF_INIT;
	_cleanup_value_ struct value *ready = NULL;
	int r;

	if (!p)
		return -ENOMEM;
	p->to = p->from = -1;
	if (python_find(project_dir, env, &python) < 0)
		r = err_set(err, -ENOENT, "an optimizer needs Python, and there is none");
	else
		r = start(buf_str(&python), env, p);
	if (r == 0)
		r = say(p, "begin", begin);
	if (r == 0)
		r = hear(p, &ready, err);
	if (r == 0) {
		*ret = p;
		return 0;
	}
	proposer_close(p);
	if (r == -EPIPE || r == -EINTR || (err && err->code))
		return r;
	return err_set(err, r, "cannot run %s: %s", buf_str(&python), strerror(-r));
}

int proposer_tell(struct proposer *p, const struct value *told)
{
	return say(p, "tell", told);
}

int proposer_ask(
	struct proposer *p, const struct value *question, struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *answer = NULL;
	int r = say(p, "ask", question);

	if (r == 0)
		r = hear(p, &answer, err);
	if (r < 0)
		return r;
	*ret = value_copy(value_get(answer, "point") ? value_get(answer, "point") : answer);
	return *ret ? 0 : -ENOMEM;
}

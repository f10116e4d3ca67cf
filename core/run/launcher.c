/* SPDX-License-Identifier: MIT */
/*
 * Starting many runs. A request is one message on a socket, the run's id, with the end of a pipe
 * for the answer: whoever has died meanwhile, the pipe ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/launch_internal.h"

struct launcher {
	int fd;
	pid_t pid;
};

static int spawn(const struct home *home, const struct launch_spec *spec, int fd, pid_t *ret_pid)
{
	_cleanup_buf_ struct buf program = BUF_INIT;
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int r = launch_program(&program);

	if (r == 0)
		r = strv_add(&argv, buf_str(&program));
	if (r == 0)
		r = strv_add(&argv, "--serve");
	if (r == 0)
		r = strv_add(&argv, home->path);
	if (r == 0)
		r = strv_add(&argv, spec->cmd_dir ? spec->cmd_dir : "/");
	return r < 0 ? r : launch_spawn(argv.v, spec, fd, ret_pid);
}

struct launcher *launcher_new(const struct home *home, const struct launch_spec *spec)
{
	struct launcher *l = calloc(1, sizeof(*l));
	int fds[2], r;

	if (!l)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		free(l);
		return NULL;
	}
	fds[1] = launch_high_fd(fds[1]);
	r = spawn(home, spec, fds[1], &l->pid);
	close(fds[1]);
	l->fd = fds[0];
	if (r == 0)
		return l;
	close(l->fd);
	free(l);
	return NULL;
}

void launcher_free(struct launcher *l)
{
	if (!l)
		return;
	close(l->fd);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(l);
}

/* The id, and with it the descriptor. */
static int request(const struct launcher *l, const char *id, int fd)
{
	struct iovec text = {.iov_base = (char *)id, .iov_len = strlen(id)};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr message = {.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	ssize_t n;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	while ((n = sendmsg(l->fd, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n < 0 ? -errno : 0;
}

int launcher_run(struct launcher *l, const struct home *home, const char *id,
	const struct launch_spec *spec, struct err *err)
{
	int fds[2], r;

	if (!l || launch_is_elsewhere(home, id))
		return launch_run(home, id, spec, err);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "cannot start the run: %s", strerror(errno));
	r = request(l, id, fds[1]);
	close(fds[1]);
	if (r == 0)
		r = launch_read_reply(fds[0], err);
	else
		r = launch_run(home, id, spec, err);
	close(fds[0]);
	return r;
}

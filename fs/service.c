/* SPDX-License-Identifier: MIT */
/* One datagram a message. */
#include "service.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

static struct {
	struct sockaddr_un address;
	socklen_t len; /* 0: nobody listens */
} manager;

void service_take(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (len > 1 && len < sizeof(manager.address.sun_path)) {
		manager.address.sun_family = AF_UNIX;
		memcpy(manager.address.sun_path, path, len);
		/* An abstract one is written with an @. */
		if (*path == '@')
			manager.address.sun_path[0] = '\0';
		manager.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	}
	unsetenv("NOTIFY_SOCKET");
}

void service_say(const char *state)
{
	_cleanup_close_ int fd =
		manager.len ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

	/* Nothing is lost but a word: whoever listened has ended. */
	if (fd >= 0)
		(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
			(const struct sockaddr *)&manager.address, manager.len);
}

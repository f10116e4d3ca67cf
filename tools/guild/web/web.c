/* SPDX-License-Identifier: MIT */
/* Addresses, and a browser that is started for one. */
#include "web/web.h"

#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "project/command.h"

enum { MAX_PORT = 65535 };

bool web_is_everywhere(const char *host)
{
	return !host || !*host || strcmp(host, WEB_EVERYWHERE) == 0;
}

int web_port(const char *text, unsigned *ret)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || port > MAX_PORT)
		return complain("invalid value '%s' for --port: a number from 0 to %d is needed",
			text, MAX_PORT);
	*ret = (unsigned)port;
	return EXIT_OK;
}

void web_url(struct buf *b, const char *host, unsigned port)
{
	struct addrinfo *found = NULL;
	char name[HOST_NAME_MAX + 1] = "";

	if (web_is_everywhere(host)) {
		host = "localhost";
		if (gethostname(name, sizeof(name) - 1) == 0 &&
			getaddrinfo(name, NULL, NULL, &found) == 0)
			host = name;
	}
	if (found)
		freeaddrinfo(found);
	buf_printf(b, strchr(host, ':') ? "http://[%s]:%u" : "http://%s:%u", host, port);
}

static void run_apart(const char *program, const char *url)
{
	sigset_t none;
	int null;

	if (!proc_split_off())
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	execl(program, program, url, (char *)NULL);
	_exit(0);
}

void browser_open(const struct guild *g, const char *url)
{
	_cleanup_buf_ struct buf program = BUF_INIT;
	const char *browser = strv_env_get(&g->env, "BROWSER");
	bool screen = strv_env_get(&g->env, "DISPLAY") || strv_env_get(&g->env, "WAYLAND_DISPLAY");

	if (browser && *browser && program_find(browser, &g->env, &program) == 0)
		run_apart(buf_str(&program), url);
	else if (screen && program_find("xdg-open", &g->env, &program) == 0)
		run_apart(buf_str(&program), url);
}

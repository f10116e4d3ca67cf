/* SPDX-License-Identifier: MIT */
/* A version on what rclone reaches: taken there under a name that nobody looks at, then renamed. */
#include "models/deploying.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "term/child.h"
#include "base/output_of.h"
#include "run/deploy.h"

extern char **environ;

static int rclone(const char *verb, const char *from, const char *to)
{
	/* What a link leads to is the model's. */
	const char *const argv[] = {"rclone", verb, "--copy-links", from, to, NULL};
	int status = run_child(argv, NULL);

	if (status == -ENOENT)
		return complain("rclone is not on PATH: it takes models to remotes");
	if (status < 0)
		return complain("cannot run rclone: %s", strerror(-status));
	return status ? complain("rclone %s %s failed with exit status %d (see above)", verb, to,
				status)
		      : EXIT_OK;
}

/* Nothing is there, or not even the directory, before the first time: rclone says 3. */
static int list_versions(struct deploying *d)
{
	const char *const argv[] = {"rclone", "lsf", "--dirs-only", buf_str(&d->where), NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	int status = output_of_env(argv, NULL, environ, STDERR_DROPPED, &out);

	if (status == -ENOENT)
		return complain("rclone is not on PATH: it takes models to remotes");
	if (status && status != 3)
		return complain("rclone cannot list %s: it failed with exit status %d; try "
				"'rclone lsf %s'",
			buf_str(&d->where), status, buf_str(&d->where));
	for (const char *line = buf_str(&out); *line;) {
		_cleanup_free_ char *name = strndup(line, strcspn(line, "\n"));

		if (name)
			deploying_take_version(d, name);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return EXIT_OK;
}

int deploy_to_remote(struct deploying *d)
{
	_cleanup_buf_ struct buf aside = BUF_INIT, to = BUF_INIT, version = BUF_INIT;
	const char *versions = deploy_versions(d->flags), *remote = deploying_flag(d, "remote");
	struct stat st;
	int status;

	buf_puts(&d->where, remote);
	if (*versions && remote[strlen(remote) - 1] != ':')
		buf_putc(&d->where, '/');
	buf_puts(&d->where, versions);
	status = list_versions(d);
	if (status != EXIT_OK)
		return status;
	buf_printf(&version, "%s/%jd", buf_str(&d->where), (intmax_t)d->version);
	buf_printf(&aside, "%s/.guild-%s", buf_str(&d->where), getenv("RUN_ID"));
	buf_printf(&to, "%s%s%s", buf_str(&aside), d->member.len ? "/" : "", buf_str(&d->member));
	if (stat(buf_str(&d->model), &st) < 0)
		return complain("cannot read %s: %s", buf_str(&d->model), strerror(errno));
	status = rclone(S_ISDIR(st.st_mode) ? "copy" : "copyto", buf_str(&d->model), buf_str(&to));
	if (status == EXIT_OK)
		status = rclone("moveto", buf_str(&aside), buf_str(&version));
	buf_clear(&d->where);
	buf_puts(&d->where, buf_str(&version));
	return status == EXIT_OK ? deploying_record(d) : status;
}

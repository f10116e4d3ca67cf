/* SPDX-License-Identifier: MIT */
/* A file, an editor, and what it left. */
#include "edit.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guild.h"
#include "base/file.h"

enum { TEXT_MAX = 1024 * 1024 };

extern char **environ;

static const char *editor(void)
{
	const char *visual = getenv("VISUAL"), *own = getenv("EDITOR");

	return visual && *visual ? visual : own && *own ? own : "vi";
}

/* An editor is a command line: "code --wait". */
static int run_editor(const char *path)
{
	_cleanup_buf_ struct buf script = BUF_INIT;
	pid_t pid;
	int status;

	buf_printf(&script, "%s \"$1\"", editor());
	const char *const argv[] = {"sh", "-c", buf_str(&script), "sh", path, NULL};
	if (posix_spawnp(&pid, "sh", NULL, NULL, (char *const *)argv, environ) != 0)
		return complain("cannot start the editor '%s'", editor());
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return complain("cannot wait for the editor: %s", strerror(errno));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0
		       ? EXIT_OK
		       : complain("the editor '%s' failed", editor());
}

int edit_text(const char *what, const char *text, struct buf *ret)
{
	const char *tmp = getenv("TMPDIR");
	_cleanup_buf_ struct buf path = BUF_INIT;
	int fd, r, status;

	buf_printf(&path, "%s/guild-%s-XXXXXX.yml", tmp && *tmp ? tmp : "/tmp", what);
	if (buf_error(&path))
		return complain("out of memory");
	fd = mkostemps(path.data, strlen(".yml"), O_CLOEXEC);
	if (fd < 0)
		return complain("cannot make %s: %s", buf_str(&path), strerror(errno));
	r = file_write_all(fd, text, strlen(text));
	close(fd);
	status = r < 0 ? complain("cannot write %s: %s", buf_str(&path), strerror(-r))
		       : run_editor(buf_str(&path));
	if (status == EXIT_OK && file_read(AT_FDCWD, buf_str(&path), TEXT_MAX, ret) < 0)
		status = complain("cannot read %s", buf_str(&path));
	unlink(buf_str(&path));
	return status;
}

/* SPDX-License-Identifier: MIT */
/* A file, an editor, and what it left. */
#include "term/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "term/child.h"
#include "guild.h"
#include "base/file.h"

enum { TEXT_MAX = 1024 * 1024 };

static const char *named_editor(void)
{
	const char *visual = getenv("VISUAL"), *own = getenv("EDITOR");

	return visual && *visual ? visual : own && *own ? own : NULL;
}

static const char *editor(void)
{
	const char *named = named_editor();

	return named ? named : "vi";
}

/* An editor is a command line: "code --wait". */
static int run_editor(const char *path)
{
	_cleanup_buf_ struct buf script = BUF_INIT;
	int status;

	buf_printf(&script, "%s \"$1\"", editor());
	const char *const argv[] = {"sh", "-c", buf_str(&script), "sh", path, NULL};
	status = run_child(argv, NULL);
	if (status < 0)
		return complain("cannot start the editor '%s': %s", editor(), strerror(-status));
	return status == 0 ? EXIT_OK : complain("the editor '%s' failed", editor());
}

int edit_text(const char *what, const char *text, struct buf *ret)
{
	const char *tmp = getenv("TMPDIR");
	_cleanup_buf_ struct buf path = BUF_INIT;
	int fd, r, status;

	buf_printf(&path, "%s/guild-%s-XXXXXX.yml", tmp && *tmp ? tmp : "/tmp", what);
	if (buf_error(&path))
		return complain("out of memory");
	/* vi would wait for ever; what somebody has named may need no terminal. */
	if (!named_editor() && !isatty(STDIN_FILENO))
		return complain("there is no terminal to edit the %s in: say it by an option, "
				"or name an editor in EDITOR",
			what);
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

/* SPDX-License-Identifier: MIT */
/* Asking Python for its path, once. */
#include "project/python_path.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/output_of.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct buf answer; /* a path a line */
static struct buf asked;  /* the environment that it was the answer for */

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static int ask(struct buf *b)
{
	static const char program[] = "import sys; print('\\n'.join(p for p in sys.path if p))";
	const char *exe = env("GUILD_PYTHON_EXE");
	const char *const pythons[] = {exe, "python", "python3"};

	for (size_t i = 0; i < ARRAY_SIZE(pythons); i++) {
		const char *const argv[] = {pythons[i], "-c", program, NULL};

		buf_clear(b);
		if (*pythons[i] && output_of(argv, NULL, b) == 0)
			return 0;
	}
	return -ENOENT;
}

int python_path(struct strv *ret)
{
	LOCK_SCOPE(&lock);
	_cleanup_buf_ struct buf now = BUF_INIT;
	int r = 0;

	buf_printf(&now, "%s\n%s\n%s", env("PATH"), env("PYTHONPATH"), env("GUILD_PYTHON_EXE"));
	if (!asked.len || strcmp(buf_str(&now), buf_str(&asked)) != 0) {
		r = ask(&answer);
		buf_clear(&asked);
		buf_puts(&asked, buf_str(&now));
	}
	for (const char *line = buf_str(&answer); r == 0 && *line;) {
		size_t len = strcspn(line, "\n");

		if (len)
			r = strv_add_len(ret, line, len);
		line += len + (line[len] == '\n');
	}
	return r;
}

/* SPDX-License-Identifier: MIT */
/* Places that are found from where this program is. */
#include "base/libexec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

int libexec_dir(struct buf *ret_path)
{
	_cleanup_buf_ struct buf exe = BUF_INIT, beside = BUF_INIT;
	char *slash;
	int r = proc_self_exe(&exe);

	if (r < 0)
		return r;
	slash = strrchr(exe.data, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	buf_printf(&beside, "%s/guild-supervise", exe.data);
	if (access(buf_str(&beside), X_OK) == 0) {
		buf_puts(ret_path, exe.data);
		return buf_error(ret_path);
	}
	slash = strrchr(exe.data, '/');
	if (!slash)
		return -ENOENT;
	buf_printf(ret_path, "%.*s/libexec/guildfs", (int)(slash - exe.data), exe.data);
	return buf_error(ret_path);
}

int libexec_python_path(const struct strv *env, struct buf *ret)
{
	const char *own = strv_env_get(env, "PYTHONPATH");
	int r = libexec_dir(ret);

	buf_puts(ret, "/python");
	if (own && *own)
		buf_printf(ret, ":%s", own);
	return r < 0 ? r : buf_error(ret);
}

int libexec_python_env(const struct strv *env, struct strv *ret)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = libexec_python_path(env, &path);

	if (r == 0)
		r = strv_copy(ret, env);
	return r < 0 ? r : strv_env_set(ret, "PYTHONPATH", buf_str(&path));
}

int libexec_guild(struct buf *ret_path)
{
	_cleanup_buf_ struct buf exe = BUF_INIT, beside = BUF_INIT;
	const char *slash;
	int r = proc_self_exe(&exe);

	if (r < 0)
		return r;
	slash = strrchr(buf_str(&exe), '/');
	if (!slash)
		return -ENOENT;
	buf_printf(&beside, "%.*s/guild", (int)(slash - buf_str(&exe)), buf_str(&exe));
	if (access(buf_str(&beside), X_OK) == 0)
		buf_puts(ret_path, buf_str(&beside));
	else
		/* This program is in libexec/guildfs; the commands are in bin. */
		buf_printf(ret_path, "%.*s/../../bin/guild", (int)(slash - buf_str(&exe)),
			buf_str(&exe));
	return buf_error(ret_path);
}

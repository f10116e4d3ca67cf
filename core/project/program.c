/* SPDX-License-Identifier: MIT */
/* Which Python, and where programs are. */
#include "project/command.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int program_find(const char *name, const struct strv *env, struct buf *ret_path)
{
	const char *path = strv_env_get(env, "PATH");

	if (strchr(name, '/')) {
		buf_puts(ret_path, name);
		return is_program(name) ? buf_error(ret_path) : -ENOENT;
	}
	for (path = path ? path : DEFAULT_PATH; *path;) {
		size_t len = strcspn(path, ":");
		_cleanup_buf_ struct buf candidate = BUF_INIT;

		/* An empty entry means the current directory: never where programs come from here.
		 */
		if (len) {
			buf_printf(&candidate, "%.*s/%s", (int)len, path, name);
			if (*path == '/' && is_program(buf_str(&candidate))) {
				buf_puts(ret_path, buf_str(&candidate));
				return buf_error(ret_path);
			}
		}
		path += len + (path[len] == ':');
	}
	return -ENOENT;
}

/* ENV/lib/pythonN.N/site-packages/... is ENV's, and what it imports is beside it. */
static bool find_environment(const char *dir, struct buf *ret_python)
{
	const char *below = strstr(dir, "/site-packages/");
	_cleanup_buf_ struct buf env = BUF_INIT, config = BUF_INIT;

	for (int up = 0; below && up < 2; up++)
		below = memrchr(dir, '/', (size_t)(below - dir));
	if (!below)
		return false;
	buf_printf(&env, "%.*s", (int)(below - dir), dir);
	buf_printf(&config, "%s/pyvenv.cfg", buf_str(&env));
	buf_puts(&env, "/bin/python");
	if (access(buf_str(&config), F_OK) < 0 || !is_program(buf_str(&env)))
		return false;
	buf_puts(ret_python, buf_str(&env));
	return true;
}

int python_find(const char *project_dir, const struct strv *env, struct buf *ret_path)
{
	const char *exe = strv_env_get(env, "GUILD_PYTHON_EXE");
	_cleanup_buf_ struct buf venv = BUF_INIT;

	if (exe && *exe)
		return program_find(exe, env, ret_path);
	if (*project_dir) {
		buf_printf(&venv, "%s/.venv/bin/python", project_dir);
		if (is_program(buf_str(&venv))) {
			buf_puts(ret_path, buf_str(&venv));
			return buf_error(ret_path);
		}
	}
	if (find_environment(project_dir, ret_path))
		return buf_error(ret_path);
	if (program_find("python", env, ret_path) == 0)
		return 0;
	return program_find("python3", env, ret_path);
}

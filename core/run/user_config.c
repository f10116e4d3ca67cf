/* SPDX-License-Identifier: MIT */
/* Which file, and what it says. */
#include "run/user_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

void user_config_path(const struct home *home, const char *cwd, struct buf *b)
{
	const char *own = getenv("GUILD_CONFIG"), *user_home = getenv("HOME");
	const char *dirs[][2] = {{cwd, "guild-config.yml"}, {home->path, "config.yml"}};

	if (own && *own) {
		buf_puts(b, own);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_printf(&path, "%s/%s", dirs[i][0], dirs[i][1]);
		if (file_exists(AT_FDCWD, buf_str(&path))) {
			buf_puts(b, buf_str(&path));
			return;
		}
	}
	buf_printf(b, "%s/.guild/config.yml", user_home ? user_home : "");
}

void user_config_beside(const struct home *home, const char *cwd, const char *name, struct buf *b)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *slash;

	user_config_path(home, cwd, &path);
	slash = strrchr(buf_str(&path), '/');
	if (slash)
		buf_add(b, buf_str(&path), (size_t)(slash + 1 - buf_str(&path)));
	buf_puts(b, name);
}

int user_config_load(const struct home *home, const char *cwd, struct value **ret, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_value_ struct value *v = NULL;
	int r;

	user_config_path(home, cwd, &path);
	r = yaml_parse_file(AT_FDCWD, buf_str(&path), &v, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT || v->type != VALUE_MAP) {
		if (r == 0 && v->type != VALUE_NULL)
			return err_set(
				err, -EINVAL, "%s: expected names and values", buf_str(&path));
		if (err)
			*err = ERR_INIT;
		value_free(v);
		v = value_map();
	}
	*ret = v;
	v = NULL;
	return *ret ? 0 : -ENOMEM;
}

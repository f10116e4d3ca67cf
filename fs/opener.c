/* SPDX-License-Identifier: MIT */
/* Users: names, environments, and starting runs in their name. */
#include "opener.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

#include "guildfs.h"

enum { PASSWD_TEXT = 16384 };

int opener_may_start(struct guildfs *fs, const struct opener *who, struct err *err)
{
	if (who->uid == fs->uid || fs->uid == 0)
		return 0;
	return err_set(err, -EACCES,
		"this mount belongs to user %u, who can only start runs of their own; mount as "
		"root "
		"to share it",
		(unsigned)fs->uid);
}

void opener_name(const struct opener *who, struct buf *b)
{
	_cleanup_free_ char *text = malloc(PASSWD_TEXT);
	struct passwd pw, *found = NULL;

	if (text && getpwuid_r(who->uid, &pw, text, PASSWD_TEXT, &found) == 0 && found)
		buf_puts(b, found->pw_name);
	else
		buf_printf(b, "%u", (unsigned)who->uid);
}

static int login_env(const struct opener *who, struct strv *env)
{
	_cleanup_free_ char *text = malloc(PASSWD_TEXT);
	struct passwd pw, *found = NULL;
	int r;

	if (!text)
		return -ENOMEM;
	r = strv_env_set(env, "PATH", "/usr/local/bin:/usr/bin:/bin");
	if (r < 0 || getpwuid_r(who->uid, &pw, text, PASSWD_TEXT, &found) != 0 || !found)
		return r;
	r = strv_env_set(env, "HOME", found->pw_dir);
	if (r == 0)
		r = strv_env_set(env, "SHELL", found->pw_shell);
	if (r == 0)
		r = strv_env_set(env, "USER", found->pw_name);
	return r < 0 ? r : strv_env_set(env, "LOGNAME", found->pw_name);
}

int opener_env(struct guildfs *fs, const struct opener *who, struct strv *env)
{
	return who->uid == fs->uid ? strv_copy(env, &fs->env) : login_env(who, env);
}

int opener_launch(struct guildfs *fs, const struct opener *who, const char *id, struct err *err)
{
	_cleanup_strv_ struct strv env = STRV_INIT;
	struct launch_spec spec = {
		.uid = who->uid,
		.gid = who->gid,
		.env = &env,
		.stdin_fd = -1,
		.background = true,
		.cmd_dir = fs->cwd,
	};
	int r = opener_env(fs, who, &env);

	return r < 0 ? err_set(err, r, "out of memory") : launch_run(fs->home, id, &spec, err);
}

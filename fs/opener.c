/* SPDX-License-Identifier: MIT */
/* Users: names, environments, and starting runs in their name. */
#include "opener.h"

#include <errno.h>

#include "guildfs.h"
#include "base/user.h"

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
	user_name(who->uid, b);
}

int opener_env(struct guildfs *fs, const struct opener *who, struct strv *env)
{
	return who->uid == fs->uid ? strv_copy(env, &fs->env) : user_login_env(who->uid, env);
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

/* SPDX-License-Identifier: MIT */
/* getpwuid_r with room for long entries. */
#include "base/user.h"

#include <pwd.h>

#define LOGIN_PATH "/usr/local/bin:/usr/bin:/bin"

enum { ENTRY_TEXT = 16384 };

/* NULL when the user is not known. The entry points into *ret_text, which the caller frees. */
static const struct passwd *look_up(uid_t uid, struct passwd *pw, char **ret_text)
{
	struct passwd *found = NULL;

	*ret_text = malloc(ENTRY_TEXT);
	if (!*ret_text || getpwuid_r(uid, pw, *ret_text, ENTRY_TEXT, &found) != 0)
		return NULL;
	return found;
}

void user_name(uid_t uid, struct buf *b)
{
	_cleanup_free_ char *text = NULL;
	struct passwd pw;

	if (look_up(uid, &pw, &text))
		buf_puts(b, pw.pw_name);
	else
		buf_printf(b, "%u", (unsigned)uid);
}

int user_login_env(uid_t uid, struct strv *env)
{
	_cleanup_free_ char *text = NULL;
	struct passwd pw;
	int r = strv_env_set(env, "PATH", LOGIN_PATH);

	if (r < 0 || !look_up(uid, &pw, &text))
		return r;
	r = strv_env_set(env, "HOME", pw.pw_dir);
	if (r == 0)
		r = strv_env_set(env, "SHELL", pw.pw_shell);
	if (r == 0)
		r = strv_env_set(env, "USER", pw.pw_name);
	return r < 0 ? r : strv_env_set(env, "LOGNAME", pw.pw_name);
}

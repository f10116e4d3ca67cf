/* SPDX-License-Identifier: MIT */
/* sbatch, squeue, scancel and scontrol, and what they complain of. */
#include "run/slurm_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/talk.h"
#include "project/command.h"

extern char **environ;

int slurm_call(
	const struct slurm_command *c, struct buf *out, struct buf *messages, struct err *err)
{
	_cleanup_buf_ struct buf program = BUF_INIT;
	int r = program_find(c->argv[0], c->env, &program);

	if (r < 0)
		return err_set(err, -ENOENT,
			"there is no %s on the PATH: Slurm's commands are needed here, or another "
			"executor",
			c->argv[0]);
	r = talk(
		&(struct talk){
			.argv = c->argv,
			.program = buf_str(&program),
			.env = c->env->v,
			.dir = c->dir,
			.input = c->input ? c->input->data : NULL,
			.input_len = c->input ? c->input->len : 0,
			.uid = c->uid,
			.gid = c->gid,
			.timeout_ms = c->timeout_ms,
		},
		out, messages);
	if (r == -ETIME)
		return err_set(err, -EAGAIN, "%s does not answer", c->argv[0]);
	return r < 0 ? err_set(err, r, "cannot run %s: %s", c->argv[0], strerror(-r)) : r;
}

int slurm_call_here(const char *const *argv, int timeout_ms, struct buf *out, struct buf *messages,
	struct err *err)
{
	_cleanup_strv_ struct strv env = STRV_INIT;
	int r = 0;

	for (char **e = environ; r == 0 && *e; e++)
		r = strv_add(&env, *e);
	if (r < 0)
		return err_set(err, r, "out of memory");
	return slurm_call(&(struct slurm_command){.argv = argv,
				  .env = &env,
				  .dir = "/",
				  .uid = geteuid(),
				  .gid = getegid(),
				  .timeout_ms = timeout_ms},
		out, messages, err);
}

/* What a command complains of, on one line and without its own name. */
static void last_message(const struct buf *messages, struct buf *ret)
{
	const char *text = buf_str(messages);

	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *mark = memmem(text, len, "error: ", strlen("error: "));
		const char *from = mark ? mark + strlen("error: ") : text;

		if (len) {
			buf_puts(ret, ret->len ? "; " : "");
			buf_add(ret, from, (size_t)(text + len - from));
		}
		text += len + (text[len] == '\n');
	}
}

/* The controller was not reached: the same may do another time. */
static bool is_no_answer(const char *messages)
{
	static const char *const signs[] = {"Unable to contact slurm controller",
		"Socket timed out", "Zero Bytes were transmitted", "Connection refused",
		"Connection reset", "Unable to connect", "Slurm temporarily unable",
		"Communication connection failure", "Munge", "Authentication"};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strcasestr(messages, signs[i]))
			return true;
	return false;
}

int slurm_refused(const char *what, const struct buf *messages, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	last_message(messages, &text);
	if (is_no_answer(buf_str(messages)))
		return err_set(
			err, -EAGAIN, "Slurm does not answer (%s: %s)", what, buf_str(&text));
	return err_set(err, -EINVAL, "Slurm's %s refuses: %s", what,
		text.len ? buf_str(&text) : "it does not say why");
}

long slurm_config_number(const char *name, int timeout_ms, long otherwise)
{
	static const char *const argv[] = {"scontrol", "show", "config", NULL};
	_cleanup_buf_ struct buf out = BUF_INIT, messages = BUF_INIT;
	const char *at;

	if (slurm_call_here(argv, timeout_ms, &out, &messages, NULL) != 0)
		return otherwise;
	at = strstr(buf_str(&out), name);
	at = at ? strchr(at, '=') : NULL;
	return at ? strtol(at + 1, NULL, 10) : otherwise;
}

/* SPDX-License-Identifier: MIT */
/* A Guild home and a project in a private directory, for tests that need runs. */
#ifndef STORE_H
#define STORE_H

#include "support.h"

#include "base/strv.h"
#include "project/flags.h"
#include "project/project.h"
#include "run/attr.h"
#include "run/birth.h"

struct store {
	struct home *home;
	struct guildfile *file;
	struct strv env;
};

#define STORE_GUILDFILE                                                                            \
	"- model: m\n  description: D\n  operations:\n"                                            \
	"    op: {exec: sh op.sh, flags: {x: 1, name: {default: n, choices: [n, k]}}}\n"           \
	"    other: {exec: 'true', label: 'L ${x}', flags: {x: 2}}\n"

static inline void store_open(struct store *s, const char *dir)
{
	_cleanup_buf_ struct buf home = BUF_INIT, path = BUF_INIT;

	*s = (struct store){0};
	buf_printf(&home, "%s/home", dir);
	buf_printf(&path, "%s/project", dir);
	assert_int_equal(file_mkdirs(AT_FDCWD, buf_str(&path), 0755), 0);
	buf_puts(&path, "/guild.yml");
	support_write(buf_str(&path), STORE_GUILDFILE);
	buf_resize(&path, path.len - strlen("guild.yml"));
	buf_puts(&path, "op.sh");
	support_write(buf_str(&path), "echo hello\n");
	buf_resize(&path, path.len - strlen("op.sh"));
	assert_int_equal(home_open(buf_str(&home), &s->home, NULL), 0);
	assert_int_equal(guildfile_load(buf_str(&path), &s->file, NULL), 0);
	assert_int_equal(strv_add(&s->env, "PATH=/usr/bin:/bin"), 0);
}

static inline void store_close(struct store *s)
{
	home_close(s->home);
	guildfile_unref(s->file);
	strv_release(&s->env);
}

/* A run that nobody has started; its id. What `id` holds already, but for "", is replaced. */
static inline void store_birth(
	struct store *s, const char *op_name, bool stage, char id[RUN_ID_LEN + 1])
{
	const struct operation *op = model_operation(&s->file->models[0], op_name);
	_cleanup_value_ struct value *flags = flags_defaults(op);
	struct birth_spec spec = {
		.op = op,
		.proto_fd = -1,
		.flags = flags,
		.stage = stage,
		.uid = getuid(),
		.gid = getgid(),
		.user = "tester",
		.env = &s->env,
	};
	struct err err = ERR_INIT;

	if (birth_create(s->home, &spec, id, &err) < 0)
		fail_msg("%s", err_text(&err));
}

static inline void store_touch(int run_fd, const char *name, const char *text)
{
	assert_int_equal(file_write(run_fd, name, text, strlen(text), 0644, FILE_NOSYNC), 0);
}

#endif

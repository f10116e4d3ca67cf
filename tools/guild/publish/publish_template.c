/* SPDX-License-Identifier: MIT */
/* A line of JSON for each template that is to be rendered, and one in answer. */
#include "publish/publish_template.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "publish/publish_report.h"
#include "base/libexec.h"
#include "yaml/json.h"
#include "yaml/yaml.h"

enum { ANSWER_MAX = 64 * 1024 * 1024 };

/* --- where they are ------------------------------------------------------- */

static bool is_dir_at(struct buf *path, const char *dir, const char *name)
{
	struct stat st;

	buf_clear(path);
	buf_printf(path, "%s%s%s", *name == '/' ? "" : dir, *name == '/' ? "" : "/", name);
	return stat(buf_str(path), &st) == 0 && S_ISDIR(st.st_mode);
}

int template_find(const struct guild *g, const char *name, const struct publish_def *def,
	struct buf *ret_dir, struct err *err)
{
	if (name[0] != '.' && def->file && is_dir_at(ret_dir, def->file->dir, name))
		return 0;
	if (is_dir_at(ret_dir, g->cwd, name))
		return 0;
	return err_set(err, -ENOENT, "cannot find template %s", name);
}

/* --- its Python ----------------------------------------------------------- */

void renderer_release(struct renderer *r)
{
	if (r->pid) {
		close(r->fd);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	buf_release(&r->python);
	r->pid = 0;
}

/* The shim first, as in runs. */
static int make_env(const struct guild *g, struct strv *env)
{
	int r = libexec_python_env(&g->env, env);

	return r < 0 ? r : strv_env_set(env, "PYTHONDONTWRITEBYTECODE", "1");
}

/* In a group of its own, since Ctrl-C is for who waits for it, and elsewhere, so that no file of
 * the current directory is taken for a module. */
static int spawn(struct renderer *r, const struct strv *env, int fd)
{
	const char *const argv[] = {buf_str(&r->python), "-um", "guild.render_templates", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return -error;
	error = posix_spawnattr_init(&attr);
	if (error == 0) {
		posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
		error = posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
		if (error == 0)
			error = posix_spawn_file_actions_addchdir_np(&actions, "/");
		if (error == 0)
			error = posix_spawn(
				&r->pid, argv[0], &actions, &attr, (char *const *)argv, env->v);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

static int start(struct renderer *r, struct err *err)
{
	_cleanup_strv_ struct strv env = STRV_INIT;
	int fds[2], error;

	if (r->pid)
		return 0;
	if (guild_find_python(r->g, &r->python) != EXIT_OK)
		return err_set(err, -ENOENT, "templates of one's own are rendered by Python");
	error = make_env(r->g, &env);
	if (error == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		error = -errno;
	if (error < 0)
		return err_set(err, error, "cannot start Python: %s", strerror(-error));
	error = spawn(r, &env, fds[1]);
	close(fds[1]);
	r->fd = fds[0];
	if (error < 0) {
		close(r->fd);
		r->pid = 0;
	}
	return error < 0 ? err_set(err, error, "cannot start %s: %s", buf_str(&r->python),
				   strerror(-error))
			 : 0;
}

/* --- asking it ------------------------------------------------------------ */

static int lost(const struct renderer *r, struct err *err)
{
	return err_set(err, -EIO, "%s, which renders templates, has ended", buf_str(&r->python));
}

/* What is not over when the user wants to go is ended. */
static bool is_interrupted(struct renderer *r)
{
	if (progress_go_on(r->progress, 0))
		return false;
	kill(r->pid, SIGTERM);
	return true;
}

static int send_line(struct renderer *r, const struct buf *line, struct err *err)
{
	for (size_t sent = 0; sent < line->len;) {
		ssize_t n = send(r->fd, line->data + sent, line->len - sent, MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		else if (is_interrupted(r))
			return -EINTR;
		else if (errno != EINTR)
			return lost(r, err);
	}
	return 0;
}

static int receive_line(struct renderer *r, struct buf *line, struct err *err)
{
	char block[65536];

	while (!line->len || line->data[line->len - 1] != '\n') {
		ssize_t n = read(r->fd, block, sizeof(block));

		if (n > 0)
			buf_add(line, block, (size_t)n);
		else if (is_interrupted(r))
			return -EINTR;
		else if (n == 0 || errno != EINTR)
			return lost(r, err);
		if (line->len > ANSWER_MAX || buf_error(line))
			return err_set(err, -EFBIG, "what the template makes is too long");
	}
	return 0;
}

/* {}, {"text": TEXT}, {"error": SENTENCE} or {"missing": MODULE}. */
static int check_answer(const struct renderer *r, const struct value *answer, struct err *err)
{
	const char *error = value_str(value_get(answer, "error"));

	if (value_get(answer, "missing"))
		return err_set(err, -ENOENT,
			"templates of one's own need Jinja, which %s does not have\n"
			"'%s -m pip install jinja2' installs it.",
			buf_str(&r->python), buf_str(&r->python));
	return error ? err_set(err, -EINVAL, "%s", error) : 0;
}

static int ask(
	struct renderer *r, const struct value *request, struct value **ret_answer, struct err *err)
{
	_cleanup_buf_ struct buf line = BUF_INIT, answer = BUF_INIT;
	int error;

	json_emit(&line, request);
	buf_putc(&line, '\n');
	error = buf_error(&line) ? err_set(err, -ENOMEM, "out of memory") : start(r, err);
	if (error == 0)
		error = send_line(r, &line, err);
	if (error == 0)
		error = receive_line(r, &answer, err);
	if (error == 0)
		error = yaml_parse(buf_str(&answer), answer.len, ret_answer, err);
	if (error == 0)
		error = check_answer(r, *ret_answer, err);
	return error;
}

/* [[NAME, VALUE], ...]: a template may go through them in their order. */
static struct value *pairs_of(const struct value *map)
{
	struct value *pairs = value_list();
	int r = pairs ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < map->map.n; i++) {
		struct value *pair = value_list();

		r = pair ? value_list_add(pair, value_string(map->map.pairs[i].key)) : -ENOMEM;
		if (r == 0)
			r = value_list_add(pair, value_copy(map->map.pairs[i].value));
		if (r == 0)
			r = value_list_add(pairs, pair);
		else
			value_free(pair);
	}
	if (r == 0)
		return pairs;
	value_free(pairs);
	return NULL;
}

static struct value *all_pairs(const struct value *maps)
{
	struct value *all = value_list();
	int r = all ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < maps->list.n; i++)
		r = value_list_add(all, pairs_of(maps->list.items[i]));
	if (r == 0)
		return all;
	value_free(all);
	return NULL;
}

static int out_of_memory(struct err *err)
{
	return err_set(err, -ENOMEM, "out of memory");
}

int template_render(struct renderer *r, const char *dir, const struct published_run *run,
	int into_fd, const char *into, struct err *err)
{
	_cleanup_value_ struct value *request = value_map(), *answer = NULL;
	int error = request ? 0 : -ENOMEM;

	if (error == 0)
		error = value_map_set(request, "template", value_string(dir));
	if (error == 0)
		error = value_map_set(request, "into", value_string(into));
	if (error == 0)
		error = value_map_set(request, "run", pairs_of(run->run));
	if (error == 0)
		error = value_map_set(request, "flags", pairs_of(run->flags));
	if (error == 0)
		error = value_map_set(request, "parts", report_parts(run, into_fd));
	return error < 0 ? out_of_memory(err) : ask(r, request, &answer, err);
}

int template_render_index(struct renderer *r, const char *file, const struct value *runs,
	struct buf *ret_text, struct err *err)
{
	_cleanup_value_ struct value *request = value_map(), *answer = NULL;
	_cleanup_buf_ struct buf index = BUF_INIT;
	int error = request ? 0 : -ENOMEM;

	report_index(&index, runs);
	if (error == 0)
		error = buf_error(&index);
	if (error == 0)
		error = value_map_set(request, "index", value_string(file));
	if (error == 0)
		error = value_map_set(request, "runs", all_pairs(runs));
	if (error == 0)
		error = value_map_set(request, "default", value_string(buf_str(&index)));
	if (error < 0)
		return out_of_memory(err);
	error = ask(r, request, &answer, err);
	if (error == 0 && value_str(value_get(answer, "text")))
		buf_puts(ret_text, value_str(value_get(answer, "text")));
	return error;
}

/* SPDX-License-Identifier: MIT */
/* What lists and infos say of a run: rows, and fields by Guild AI's names for them. */
#include "runs/select.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/table.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "base/shell.h"
#include "run/attr.h"
#include "run/batch.h"
#include "run/executor.h"
#include "run/summary_field.h"
#include "run/waiting.h"

enum { DIR_MAX = 28, REMOTE_MAX = 256, COMPARED_ROWS = 500 };

/* --- one run -------------------------------------------------------------- */

/* A copy of a run that goes on elsewhere says where; one that waits, why. */
static void print_status(
	struct guild *g, const char *id, const struct run_summary *s, struct buf *b)
{
	bool may_say_more = s->status == RUN_RUNNING || s->status == RUN_PENDING;
	_cleanup_close_ int fd = may_say_more ? home_open_run(g->home, id) : -1;
	_cleanup_buf_ struct buf remote = BUF_INIT, reason = BUF_INIT;

	buf_puts(b, run_status_name(s->status));
	if (fd >= 0 && s->status == RUN_PENDING)
		run_reason(fd, &reason);
	if (reason.len)
		buf_printf(b, " (%s)", buf_str(&reason));
	else if (fd >= 0 && file_read(fd, RUN_GUILD_DIR "/LOCK.remote", REMOTE_MAX, &remote) == 0)
		buf_printf(b, " (%.*s)", (int)strcspn(buf_str(&remote), ":\n"), buf_str(&remote));
}

int run_view_try(struct guild *g, uint64_t serial, struct run_view *ret)
{
	int r;

	*ret = RUN_VIEW_INIT;
	ret->id = catalog_id(g->catalog, serial);
	r = run_view_open_dir(g, ret);
	return r < 0 ? r : catalog_summary(g->catalog, serial, &ret->summary);
}

int run_view_open(struct guild *g, uint64_t serial, struct run_view *ret)
{
	int r = run_view_try(g, serial, ret);

	return r < 0 ? complain("cannot read run %s: %s", ret->id, strerror(-r)) : EXIT_OK;
}

int run_view_list(struct guild *g, uint64_t serial, struct run_view *ret)
{
	*ret = RUN_VIEW_INIT;
	ret->id = catalog_id(g->catalog, serial);
	return catalog_listed(g->catalog, serial, &ret->summary);
}

int run_view_open_dir(struct guild *g, struct run_view *v)
{
	if (v->fd >= 0)
		return 0;
	v->fd = home_open_run(g->home, v->id);
	home_run_path(g->home, v->id, &v->path);
	return v->fd < 0 ? v->fd : 0;
}

void run_view_release(struct run_view *v)
{
	if (v->fd >= 0)
		close(v->fd);
	buf_release(&v->path);
	run_summary_release(&v->summary);
	*v = RUN_VIEW_INIT;
}

void run_source_dest(int run_fd, struct buf *b)
{
	_cleanup_value_ struct value *op = NULL;
	const char *dest;

	if (attr_read(run_fd, "op", &op, NULL) < 0)
		return;
	dest = value_str(value_get(value_get(op, "sourcecode"), "dest"));
	if (dest && name_is_safe_path(dest) && strcmp(dest, ".") != 0)
		buf_printf(b, "%s/", dest);
}

void run_view_source_dir(const struct run_view *v, struct buf *b)
{
	buf_printf(b, "%s/", buf_str(&v->path));
	run_source_dest(v->fd, b);
	buf_resize(b, b->len - 1);
}

static void print_attr(const struct run_view *v, const char *name, struct buf *b)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	attr_read_text(v->fd, name, &text);
	buf_puts(b, strcmp(buf_str(&text), "null") == 0 ? "" : buf_str(&text));
}

static void field_digest(const struct run_view *v, struct buf *b)
{
	print_attr(v, "sourcecode_digest", b);
}

static void field_commit(const struct run_view *v, struct buf *b)
{
	print_attr(v, "vcs_commit", b);
}

static void field_run_dir(const struct run_view *v, struct buf *b)
{
	name_user_path(b, buf_str(&v->path));
}

/* To be read: quotes only where a blank would mislead, as in Guild AI, or where quotes would. */
static void print_word(struct buf *b, const char *word)
{
	const char *quote = !*word || strchr(word, ' ') ? "\"" : "";

	if (strpbrk(word, "'\"\\\n"))
		shell_quote(b, word);
	else
		buf_printf(b, "%s%s%s", quote, word, quote);
}

static void field_command(const struct run_view *v, struct buf *b)
{
	_cleanup_value_ struct value *cmd = NULL;

	if (!attr_read_as(v->fd, "cmd", VALUE_LIST, &cmd))
		return;
	for (size_t i = 0; i < cmd->list.n; i++) {
		const struct value *item = cmd->list.items[i];

		buf_puts(b, i ? " " : "");
		print_word(b, value_str(item) ? value_str(item) : item->source ? item->source : "");
	}
}

static void field_pid(const struct run_view *v, struct buf *b)
{
	struct proc_ref process;

	if (run_process(v->fd, &process) == 0)
		buf_printf(b, "%d", (int)process.pid);
}

const char *const run_fields[] = {"id", "operation", "from", "status", "started", "stopped",
	"marked", "label", "sourcecode_digest", "vcs_commit", "run_dir", "command", "exit_status",
	"pid", NULL};

/* What is not in the summary. */
static const struct field {
	const char *name;
	void (*print)(const struct run_view *v, struct buf *b);
} fields[] = {
	{"command", field_command},
	{"pid", field_pid},
	{"run_dir", field_run_dir},
	{"sourcecode_digest", field_digest},
	{"vcs_commit", field_commit},
};

bool run_field(const struct run_view *v, const char *name, struct buf *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		fields[i].print(v, b);
		return true;
	}
	return summary_field(&v->summary, v->id, name, b);
}

/* --- rows ----------------------------------------------------------------- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

void run_project_dir(int run_fd, const struct run_summary *s, struct buf *b)
{
	_cleanup_(opref_release) struct opref proto = {0};
	_cleanup_close_ int proto_fd = s->proto ? batch_open_proto(run_fd) : -1;

	if (!s->proto)
		opref_project_dir(b, &s->opref);
	else if (proto_fd >= 0 && opref_read(proto_fd, &proto, NULL) == 0)
		opref_project_dir(b, &proto);
}

static void print_project(
	struct guild *g, uint64_t serial, const struct run_summary *s, struct buf *b)
{
	_cleanup_close_ int run_fd =
		s->proto ? home_open_run(g->home, catalog_id(g->catalog, serial)) : -1;

	run_project_dir(run_fd, s, b);
}

/* The project's directory, when it is not the current one: from here if it is near. */
static void print_dir(struct guild *g, uint64_t serial, const struct run_summary *s, struct buf *b)
{
	_cleanup_buf_ struct buf dir = BUF_INIT, shown = BUF_INIT;
	const char *slash = strrchr(g->cwd, '/'), *path;
	_cleanup_free_ char *parent =
		slash > g->cwd ? strndup(g->cwd, (size_t)(slash - g->cwd)) : NULL;

	print_project(g, serial, s, &dir);
	path = buf_str(&dir);
	if (!*path || strcmp(path, g->cwd) == 0)
		return;
	if (is_below(path, g->cwd))
		buf_puts(&shown, path + strlen(g->cwd) + 1);
	else if (parent && strcmp(path, parent) == 0)
		buf_puts(&shown, "../");
	else if (parent && is_below(path, parent))
		buf_printf(&shown, "../%s", path + strlen(parent) + 1);
	else
		name_user_path(&shown, path);
	buf_puts(b, " (");
	name_shorten_path(b, buf_str(&shown), DIR_MAX);
	buf_putc(b, ')');
}

/*
 * What somebody looks at is as it is in the store. The rows of a long list that come after those
 * are as they are known: what others than our programs have changed in them shows after a sweep.
 */
static int look_at(
	const struct guild *g, uint64_t serial, const struct table *t, struct run_summary *ret)
{
	return t->cells.n < COMPARED_ROWS * t->columns ? catalog_summary(g->catalog, serial, ret)
						       : catalog_listed(g->catalog, serial, ret);
}

static int add_cells(
	struct guild *g, uint64_t serial, const char *index, bool simple, struct table *t)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf operation = BUF_INIT, time = BUF_INIT, status = BUF_INIT;
	int r = look_at(g, serial, t, &s);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	run_summary_operation(&s, &operation);
	print_dir(g, serial, &s, &operation);
	if (s.marked)
		buf_puts(&operation, " [marked]");
	if (s.started)
		clock_format_local(&time, s.started);
	print_status(g, catalog_id(g->catalog, serial), &s, &status);
	r = table_add(t, index);
	if (r == 0)
		r = table_add(t, buf_str(&operation));
	if (r == 0 && !simple)
		r = table_add(t, buf_str(&time));
	if (r == 0)
		r = table_add(t, buf_str(&status));
	return r < 0 ? r : table_add(t, s.label);
}

int select_add_row(struct guild *g, uint64_t serial, size_t index, struct table *t)
{
	_cleanup_buf_ struct buf id = BUF_INIT;

	if (index)
		buf_printf(&id, "[%zu:%.8s]", index, catalog_id(g->catalog, serial));
	else
		buf_printf(&id, "[%.8s]", catalog_id(g->catalog, serial));
	return add_cells(g, serial, buf_str(&id), false, t);
}

int select_add_bare_row(struct guild *g, uint64_t serial, struct table *t)
{
	_cleanup_buf_ struct buf id = BUF_INIT;

	buf_printf(&id, "%.8s", catalog_id(g->catalog, serial));
	return add_cells(g, serial, buf_str(&id), false, t);
}

int select_add_simple_row(struct guild *g, uint64_t serial, size_t index, struct table *t)
{
	_cleanup_buf_ struct buf number = BUF_INIT;

	buf_printf(&number, "[%zu]", index);
	return add_cells(g, serial, buf_str(&number), true, t);
}

void select_look_at_waiting(struct guild *g, const uint64_t *serials, size_t n)
{
	_cleanup_free_ const char **ids = NULL;
	size_t waiting = 0;

	for (size_t i = 0; i < n; i++) {
		_cleanup_summary_ struct run_summary s = {0};

		if (catalog_listed(g->catalog, serials[i], &s) < 0 || s.status != RUN_PENDING)
			continue;
		if (!ids)
			ids = calloc(n, sizeof(*ids));
		if (ids)
			ids[waiting++] = catalog_id(g->catalog, serials[i]);
	}
	if (waiting)
		waiting_look(g->home, ids, waiting, NULL);
}

int select_preview(struct guild *g, const char *heading, const struct selected *runs)
{
	_cleanup_(table_release) struct table t = {.columns = SELECT_COLUMNS};

	fprintf(stderr, "%s\n", heading);
	for (size_t i = 0; i < runs->n; i++)
		if (select_add_row(g, runs->serials[i], 0, &t) < 0)
			return complain("cannot read the runs");
	table_print(&t, "  ", stderr);
	return EXIT_OK;
}

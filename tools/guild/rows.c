/* SPDX-License-Identifier: MIT */
/* What lists and infos say of a run: rows, and fields by Guild AI's names for them. */
#include "select.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "table.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"
#include "run/attr.h"

enum { DIR_MAX = 28, REMOTE_MAX = 256 };

/* --- text ----------------------------------------------------------------- */

void print_user_path(struct buf *b, const char *path)
{
	const char *home = getenv("HOME");
	size_t len = home ? strlen(home) : 0;

	if (len > 1 && strncmp(path, home, len) == 0 && (path[len] == '/' || !path[len]))
		buf_printf(b, "~%s", path + len);
	else
		buf_puts(b, path);
}

/* --- one run -------------------------------------------------------------- */

void select_operation(const struct run_summary *s, struct buf *b)
{
	_cleanup_buf_ struct buf base = BUF_INIT;

	opref_display(&base, &s->opref);
	if (s->proto)
		buf_printf(b, "%s%s", s->proto, *buf_str(&base) == '+' ? "" : "+");
	buf_puts(b, buf_str(&base));
}

/* A copy of a run that goes on elsewhere says where. */
static void print_status(
	struct guild *g, const char *id, const struct run_summary *s, struct buf *b)
{
	_cleanup_close_ int fd = s->status == RUN_RUNNING ? home_open_run(g->home, id) : -1;
	_cleanup_buf_ struct buf remote = BUF_INIT;

	buf_puts(b, run_status_name(s->status));
	if (fd >= 0 && file_read(fd, RUN_GUILD_DIR "/LOCK.remote", REMOTE_MAX, &remote) == 0)
		buf_printf(b, " (%.*s)", (int)strcspn(buf_str(&remote), ":\n"), buf_str(&remote));
}

int run_view_open(struct guild *g, uint64_t serial, struct run_view *ret)
{
	int r;

	*ret = RUN_VIEW_INIT;
	ret->id = catalog_id(g->catalog, serial);
	ret->fd = home_open_run(g->home, ret->id);
	home_run_path(g->home, ret->id, &ret->path);
	r = ret->fd < 0 ? ret->fd : catalog_summary(g->catalog, serial, &ret->summary);
	return r < 0 ? complain("cannot read run %s: %s", ret->id, strerror(-r)) : EXIT_OK;
}

void run_view_release(struct run_view *v)
{
	if (v->fd >= 0)
		close(v->fd);
	buf_release(&v->path);
	run_summary_release(&v->summary);
	*v = RUN_VIEW_INIT;
}

static void field_id(const struct run_view *v, struct buf *b)
{
	buf_puts(b, v->id);
}

static void field_short_id(const struct run_view *v, struct buf *b)
{
	buf_printf(b, "%.8s", v->id);
}

static void field_operation(const struct run_view *v, struct buf *b)
{
	select_operation(&v->summary, b);
}

static void field_op_name(const struct run_view *v, struct buf *b)
{
	buf_puts(b, v->summary.opref.op);
}

static void field_model(const struct run_view *v, struct buf *b)
{
	buf_puts(b, v->summary.opref.model);
}

static void field_pkg_name(const struct run_view *v, struct buf *b)
{
	buf_puts(b, v->summary.opref.pkg_name);
}

static void field_from(const struct run_view *v, struct buf *b)
{
	const struct opref *ref = &v->summary.opref;

	if (strcmp(ref->pkg_type, "package") == 0)
		buf_printf(b, "%s==%s", ref->pkg_name, ref->pkg_version);
	else if (ref->pkg_name[0] == '/')
		print_user_path(b, ref->pkg_name);
	else
		buf_puts(b, ref->pkg_name);
}

static void field_status(const struct run_view *v, struct buf *b)
{
	buf_puts(b, run_status_name(v->summary.status));
}

static void field_started(const struct run_view *v, struct buf *b)
{
	if (v->summary.started)
		clock_format_local(b, v->summary.started);
}

static void field_stopped(const struct run_view *v, struct buf *b)
{
	if (v->summary.stopped)
		clock_format_local(b, v->summary.stopped);
}

/* H:MM:SS of a run that is over. */
static void field_duration(const struct run_view *v, struct buf *b)
{
	const struct run_summary *s = &v->summary;
	long seconds = (long)((s->stopped - s->started) / 1000000);

	if (s->started && s->stopped)
		buf_printf(b, "%ld:%02ld:%02ld", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static void field_marked(const struct run_view *v, struct buf *b)
{
	buf_puts(b, v->summary.marked ? "yes" : "no");
}

static void field_label(const struct run_view *v, struct buf *b)
{
	buf_puts(b, v->summary.label);
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
	print_user_path(b, buf_str(&v->path));
}

/* To be read, not to be run: quotes only where a blank would mislead. */
static void field_command(const struct run_view *v, struct buf *b)
{
	_cleanup_value_ struct value *cmd = NULL;

	if (attr_read(v->fd, "cmd", &cmd, NULL) < 0 || cmd->type != VALUE_LIST)
		return;
	for (size_t i = 0; i < cmd->list.n; i++) {
		const struct value *item = cmd->list.items[i];
		const char *word = value_str(item) ? value_str(item)
				   : item->source  ? item->source
						   : "";
		const char *quote = !*word || strchr(word, ' ') ? "\"" : "";

		buf_printf(b, "%s%s%s%s", i ? " " : "", quote, word, quote);
	}
}

static void field_exit_status(const struct run_view *v, struct buf *b)
{
	if (v->summary.has_exit_status)
		buf_printf(b, "%d", v->summary.exit_status);
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

bool run_field(const struct run_view *v, const char *name, struct buf *b)
{
	static const struct {
		const char *name;
		void (*print)(const struct run_view *v, struct buf *b);
	} fields[] = {
		{"command", field_command},
		{"duration", field_duration},
		{"exit_status", field_exit_status},
		{"from", field_from},
		{"id", field_id},
		{"label", field_label},
		{"marked", field_marked},
		{"model", field_model},
		{"op_name", field_op_name},
		{"operation", field_operation},
		{"pid", field_pid},
		{"pkg_name", field_pkg_name},
		{"run_dir", field_run_dir},
		{"short_id", field_short_id},
		{"sourcecode_digest", field_digest},
		{"started", field_started},
		{"status", field_status},
		{"stopped", field_stopped},
		{"vcs_commit", field_commit},
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		fields[i].print(v, b);
		return true;
	}
	return false;
}

/* --- rows ----------------------------------------------------------------- */

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* The project's directory, when it is not the current one: from here if it is near. */
static void print_dir(struct guild *g, const struct run_summary *s, struct buf *b)
{
	_cleanup_buf_ struct buf dir = BUF_INIT, shown = BUF_INIT;
	const char *slash = strrchr(g->cwd, '/'), *path;
	_cleanup_free_ char *parent =
		slash > g->cwd ? strndup(g->cwd, (size_t)(slash - g->cwd)) : NULL;

	opref_project_dir(&dir, &s->opref);
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
		print_user_path(&shown, path);
	buf_puts(b, " (");
	name_shorten_path(b, buf_str(&shown), DIR_MAX);
	buf_putc(b, ')');
}

static int add_cells(
	struct guild *g, uint64_t serial, const char *index, bool simple, struct table *t)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf operation = BUF_INIT, time = BUF_INIT, status = BUF_INIT;
	int r = catalog_summary(g->catalog, serial, &s);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	select_operation(&s, &operation);
	print_dir(g, &s, &operation);
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

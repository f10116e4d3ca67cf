/* SPDX-License-Identifier: MIT */
/* What is said of one run. */
#include "run/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/shell.h"
#include "project/flags.h"
#include "run/annotate.h"
#include "run/attr.h"
#include "run/executor.h"
#include "run/batch.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

/*
 * The attribute when it is what it should be. Else NULL: a damaged one was printed as its file has
 * it, and the buffer has failed when there is none.
 */
static struct value *read_attr(int run_fd, const char *name, enum value_type type, struct buf *b)
{
	struct value *v = NULL;
	int r = attr_read(run_fd, name, &v, NULL);

	if (r == 0 && v->type == type)
		return v;
	value_free(v);
	if (r == 0 || r == -EINVAL || r == -EFBIG) {
		r = attr_read_text(run_fd, name, b);
		buf_putc(b, '\n');
	}
	if (r < 0)
		buf_fail(b, r);
	return NULL;
}

void report_flags(int run_fd, struct buf *b)
{
	_cleanup_close_ int proto_fd = batch_open_proto(run_fd);
	_cleanup_value_ struct value *flags =
		read_attr(proto_fd >= 0 ? proto_fd : run_fd, "flags", VALUE_MAP, b);

	if (!flags)
		return;
	if (proto_fd >= 0 && batch_describe_options(run_fd, flags) < 0)
		buf_fail(b, -ENOMEM);
	flags_print(b, flags);
}

/* The words of the command; without them nothing is added. */
static void print_cmd(const struct value *cmd, struct buf *b)
{
	for (size_t i = 0; cmd && cmd->type == VALUE_LIST && i < cmd->list.n; i++) {
		const struct value *word = cmd->list.items[i];

		if (i)
			buf_putc(b, ' ');
		shell_quote(b, value_str(word) ? value_str(word)
			       : word->source  ? word->source
					       : "");
	}
}

void report_cmd(int run_fd, struct buf *b)
{
	_cleanup_value_ struct value *cmd = read_attr(run_fd, "cmd", VALUE_LIST, b);

	if (!cmd)
		return;
	print_cmd(cmd, b);
	buf_putc(b, '\n');
}

void report_env(int run_fd, struct buf *b)
{
	_cleanup_value_ struct value *env = read_attr(run_fd, "env", VALUE_MAP, b);

	if (!env)
		return;
	value_map_sort(env);
	for (size_t i = 0; i < env->map.n; i++) {
		const struct value *v = env->map.pairs[i].value;
		const char *text = value_str(v) ? value_str(v) : v->source ? v->source : "";

		buf_printf(b, "%s=", env->map.pairs[i].key);
		/* One line each, whatever the value holds. */
		for (; *text; text++) {
			if (*text == '\n')
				buf_puts(b, "\\n");
			else if (*text == '\\')
				buf_puts(b, "\\\\");
			else
				buf_putc(b, *text);
		}
		buf_putc(b, '\n');
	}
}

/* A scalar on one line; a float as Python prints it. */
static void print_scalar(struct buf *b, const struct value *v)
{
	if (value_str(v))
		buf_puts(b, v->string);
	else if (v->type == VALUE_FLOAT)
		scalar_format_float(b, v->number);
	else
		yaml_emit_flow(b, v);
}

void report_attr(int run_fd, const char *name, struct buf *b)
{
	_cleanup_value_ struct value *v = NULL;
	int r = attr_read(run_fd, name, &v, NULL);

	/* A damaged attribute is shown as its file has it. */
	if (r == -EINVAL || r == -EFBIG)
		r = attr_read_text(run_fd, name, b);
	if (r < 0)
		buf_fail(b, r);
	else if (!v)
		buf_putc(b, '\n');
	else if ((v->type == VALUE_MAP && v->map.n) || (v->type == VALUE_LIST && v->list.n))
		yaml_emit(b, v);
	else {
		print_scalar(b, v);
		if (!b->len || b->data[b->len - 1] != '\n')
			buf_putc(b, '\n');
	}
}

void report_time(int run_fd, const char *name, struct buf *b)
{
	int64_t usec;
	int r = attr_read_int(run_fd, name, &usec);

	if (r == -EINVAL) {
		report_attr(run_fd, name, b);
		return;
	}
	if (r < 0) {
		buf_fail(b, r);
		return;
	}
	clock_format_utc(b, usec);
	buf_putc(b, '\n');
}

void report_duration(int run_fd, struct buf *b)
{
	int64_t started, stopped;

	if (attr_read_int(run_fd, "started", &started) < 0 ||
		attr_read_int(run_fd, "stopped", &stopped) < 0 || stopped < started) {
		buf_fail(b, -ENOENT);
		return;
	}
	buf_printf(b, "%" PRId64 ".%06" PRId64 "\n", (stopped - started) / 1000000,
		(stopped - started) % 1000000);
}

/* --- info ----------------------------------------------------------------- */

static void info_line(struct buf *b, const char *name, const char *text)
{
	buf_printf(b, "%s:%s%s\n", name, *text ? " " : "", text);
}

static void info_time(struct buf *b, const char *name, int64_t usec)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (usec)
		clock_format_local(&text, usec);
	info_line(b, name, buf_str(&text));
}

static void info_attr(struct buf *b, int run_fd, const char *name, const char *attr)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	attr_read_text(run_fd, attr, &text);
	info_line(b, name, strcmp(buf_str(&text), "null") == 0 ? "" : buf_str(&text));
}

/* What is below the user's home is shown with ~. */
static void info_path(struct buf *b, const char *name, const char *path)
{
	const char *home = getenv("HOME");
	size_t len = home ? strlen(home) : 0;
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (len > 1 && strncmp(path, home, len) == 0 && (path[len] == '/' || !path[len]))
		buf_printf(&text, "~%s", path + len);
	else
		buf_puts(&text, path);
	info_line(b, name, buf_str(&text));
}

static void info_pid(struct buf *b, int run_fd)
{
	struct proc_ref process;

	if (run_process(run_fd, &process) == 0)
		buf_printf(b, "pid: %d\n", (int)process.pid);
	else
		buf_puts(b, "pid:\n");
}

static void info_flags(struct buf *b, const char *heading, int run_fd)
{
	_cleanup_value_ struct value *flags = NULL;

	buf_printf(b, "%s:\n", heading);
	if (attr_read_as(run_fd, "flags", VALUE_MAP, &flags))
		value_map_sort(flags);
	for (size_t i = 0; flags && i < flags->map.n; i++) {
		buf_printf(b, "  %s: ", flags->map.pairs[i].key);
		yaml_emit_flow(b, flags->map.pairs[i].value);
		buf_putc(b, '\n');
	}
}

static void info_lists(struct buf *b, int run_fd)
{
	_cleanup_close_ int proto_fd = batch_open_proto(run_fd);
	_cleanup_strv_ struct strv tags = STRV_INIT;

	annotate_get_tags(run_fd, &tags);
	buf_puts(b, "tags:\n");
	for (size_t i = 0; i < tags.n; i++)
		buf_printf(b, "  - %s\n", tags.v[i]);
	info_flags(b, "flags", run_fd);
	if (proto_fd >= 0)
		info_flags(b, "proto-flags", proto_fd);
}

void report_info(int run_fd, const char *id, const char *path, const struct run_summary *summary,
	struct buf *b)
{
	_cleanup_buf_ struct buf operation = BUF_INIT, command = BUF_INIT, reason = BUF_INIT;
	_cleanup_value_ struct value *cmd = NULL;

	opref_display(&operation, &summary->opref);
	attr_read(run_fd, "cmd", &cmd, NULL);
	print_cmd(cmd, &command);
	info_line(b, "id", id);
	info_line(b, "operation", buf_str(&operation));
	info_path(b, "from", summary->opref.pkg_name);
	info_line(b, "status", run_status_name(summary->status));
	run_reason(run_fd, &reason);
	if (reason.len)
		info_line(b, "reason", buf_str(&reason));
	info_time(b, "started", run_summary_time(summary));
	info_time(b, "stopped", summary->stopped);
	info_line(b, "marked", summary->marked ? "yes" : "no");
	info_line(b, "label", summary->label);
	info_attr(b, run_fd, "sourcecode_digest", "sourcecode_digest");
	info_attr(b, run_fd, "vcs_commit", "vcs_commit");
	info_path(b, "run_dir", path);
	info_line(b, "command", buf_str(&command));
	if (summary->has_exit_status)
		buf_printf(b, "exit_status: %d\n", summary->exit_status);
	else
		buf_puts(b, "exit_status:\n");
	info_pid(b, run_fd);
	info_lists(b, run_fd);
	if (summary->damage)
		info_line(b, "damaged", summary->damage);
}

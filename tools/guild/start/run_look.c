/* SPDX-License-Identifier: MIT */
/* What guild run shows instead of running. */
#include "start/run_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "models/op_help.h"
#include "base/name.h"
#include "base/shell.h"
#include "metrics/capture.h"
#include "project/command.h"
#include "project/flag_values.h"
#include "run/attr.h"
#include "run/source.h"

/* --- command and environment ---------------------------------------------------- */

int job_op_attr(const struct job *job, struct value **ret)
{
	struct err err = ERR_INIT;

	if (job->op)
		*ret = command_attr(job->op, job->flags, &err);
	else if (attr_read(job->run_fd, "op", ret, &err) < 0)
		*ret = NULL;
	return *ret ? EXIT_OK : complain("%s", err.code ? err_text(&err) : "out of memory");
}

int job_print_command(struct guild *g, const struct job *job, const struct value *attr,
	const struct value *flags)
{
	_cleanup_strv_ struct strv argv = STRV_INIT, warnings = STRV_INIT;
	_cleanup_buf_ struct buf python = BUF_INIT, line = BUF_INIT;
	struct err err = ERR_INIT;

	if (python_find(job->file ? job->file->dir : "", &g->env, &python) < 0)
		buf_puts(&python, "python");
	if (command_argv(attr, flags, buf_str(&python), &argv, &err) < 0)
		return complain("%s", err_text(&err));
	command_shadowed(attr, flags, &warnings);
	print_warnings(&warnings);
	shell_join(&line, argv.v, argv.n);
	puts(buf_str(&line));
	return EXIT_OK;
}

static int print_command(struct guild *g, const struct job *job)
{
	_cleanup_value_ struct value *attr = NULL;

	return job_op_attr(job, &attr) == EXIT_OK ? job_print_command(g, job, attr, job->flags)
						  : EXIT_ERROR;
}

/* What the operation gets for its own sake, sorted. */
static int print_environment(const struct job *job)
{
	_cleanup_value_ struct value *attr = NULL;
	_cleanup_strv_ struct strv env = STRV_INIT;
	struct err err = ERR_INIT;

	if (job_op_attr(job, &attr) != EXIT_OK)
		return EXIT_ERROR;
	if (command_env(attr, job->flags, &env, &err) < 0)
		return complain("%s", err_text(&err));
	if (job->op && strv_env_set(&env, "PROJECT_DIR", job->op->model->file->dir) < 0)
		return complain("out of memory");
	strv_sort(&env);
	for (size_t i = 0; i < env.n; i++) {
		const char *equals = strchr(env.v[i], '=');
		_cleanup_buf_ struct buf quoted = BUF_INIT;

		shell_quote(&quoted, equals + 1);
		printf("%.*s=%s\n", (int)(equals - env.v[i]), env.v[i], buf_str(&quoted));
	}
	return EXIT_OK;
}

/* --- source code ---------------------------------------------------------------- */

static void print_paths(
	const char *heading, const struct strv *paths, const char *root, const char *cwd)
{
	printf("%s\n", heading);
	for (size_t i = 0; i < paths->n; i++) {
		_cleanup_buf_ struct buf full = BUF_INIT, way = BUF_INIT;
		struct stat st;

		buf_printf(&full, "%s/%s", root, paths->v[i]);
		name_relative_path(&way, cwd, buf_str(&full));
		printf("  %s%s\n", buf_str(&way),
			stat(buf_str(&full), &st) == 0 && S_ISDIR(st.st_mode) ? "/" : "");
	}
}

static int test_sourcecode(struct guild *g, const struct job *job)
{
	_cleanup_(source_choice_release) struct source_choice choice;
	_cleanup_buf_ struct buf way = BUF_INIT;
	struct err err = ERR_INIT;

	if (source_choose(job->op, &choice, &err) < 0)
		return complain("%s", err_text(&err));
	name_relative_path(&way, g->start_dir, choice.rules.root);
	if (strcmp(buf_str(&way), ".") == 0)
		puts("Copying from the current directory");
	else
		printf("Copying from '%s'\n", buf_str(&way));
	puts("Rules:");
	for (size_t i = 0; i < choice.rules.n; i++) {
		_cleanup_buf_ struct buf rule = BUF_INIT;

		source_rule_print(&rule, &choice.rules.v[i]);
		printf("  %s\n", buf_str(&rule));
	}
	print_warnings(&choice.warnings);
	if (source_rules_disabled(&choice.rules)) {
		puts("Source code copy disabled");
		return EXIT_OK;
	}
	print_paths("Selected for copy:", &choice.chosen, choice.rules.root, g->start_dir);
	print_paths("Skipped:", &choice.skipped, choice.rules.root, g->start_dir);
	return EXIT_OK;
}

/* --- flags ---------------------------------------------------------------------- */

static void print_attr(int left, const char *name, const struct value *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!value_is_null(v))
		flag_encode(&text, v);
	printf("%*s%s:%s%s\n", left, "", name, text.len ? " " : "", buf_str(&text));
}

static void print_text(int left, const char *name, const char *text)
{
	printf("%*s%s:%s%s\n", left, "", name, text ? " " : "", text ? text : "");
}

static void print_choices(const struct flag *flag)
{
	printf("    choices: [");
	for (size_t i = 0; i < flag->n_choices; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		flag_encode(&text, flag->choices[i].value);
		printf("%s%s", i ? ", " : "", buf_str(&text));
	}
	puts("]");
}

static void print_definition(const struct flag *flag)
{
	printf("  %s:\n", flag->name);
	print_attr(4, "default", flag->default_value);
	print_text(4, "type", flag->type == FLAG_AUTO ? NULL : flag_type_name(flag->type));
	print_text(4, "required", flag->required ? "yes" : "no");
	print_text(4, "arg-name", flag->arg_name);
	print_attr(4, "arg-skip", flag->arg_skip);
	print_attr(4, "arg-switch", flag->arg_switch);
	print_attr(4, "arg-split", flag->arg_split);
	print_attr(4, "arg-encoding", flag->arg_encoding);
	print_text(4, "env-name", flag->env_name);
	print_attr(4, "env-encoding", flag->env_encoding);
	print_choices(flag);
	print_text(4, "allow-other", flag->allow_other ? "yes" : "no");
	print_text(4, "distribution", flag->distribution);
	print_attr(4, "max", flag->max);
	print_attr(4, "min", flag->min);
	print_text(4, "null-label", flag->null_label);
}

static int test_flags(const struct job *job)
{
	const struct operation *op = job->op;

	print_text(0, "flags-dest", op->flags_dest);
	switch (op->flags_import) {
	case IMPORT_DEFINED:
		print_text(0, "flags-import", NULL);
		break;
	case IMPORT_ALL:
		print_text(0, "flags-import", "yes");
		break;
	default:
		printf("flags-import: [");
		for (size_t i = 0; i < op->import_names.n; i++)
			printf("%s%s", i ? ", " : "", op->import_names.v[i]);
		puts("]");
	}
	puts("flags:");
	for (size_t i = 0; i < op->n_flags; i++)
		print_definition(&op->flags[i]);
	return EXIT_OK;
}

/* --- patterns ------------------------------------------------------------------- */

static void print_line(void *arg, const char *line)
{
	(void)arg;
	puts(line);
}

static void print_pattern(void *arg, const char *pattern, const char *groups, const char *assigned)
{
	_cleanup_value_ struct value *v = value_string(pattern);
	_cleanup_buf_ struct buf shown = BUF_INIT;

	(void)arg;
	if (v)
		value_repr(&shown, v);
	if (groups)
		printf("  %s: %s (%s)\n", buf_str(&shown), groups, assigned);
	else
		printf("  %s: <no matches>\n", buf_str(&shown));
}

/* A file, or standard input for "-". */
static int read_lines(const char *path, struct buf *text)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	char block[65536];
	ssize_t n = -1;

	if (fd < 0)
		return errno == ENOENT ? complain("%s does not exist", path)
				       : complain("error opening %s: %s", path, strerror(errno));
	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_add(text, block, (size_t)n);
	close(fd);
	return n < 0 || buf_error(text) ? complain("cannot read %s", path) : EXIT_OK;
}

/* How the lines of a file fare with the operation's patterns. */
static int test_output(const struct job *job, enum capture_kind kind, const char *path)
{
	_cleanup_value_ struct value *wanted = kind == CAPTURE_SCALARS
						       ? command_output_scalars(job->op)
						       : command_output_attrs(job->op);
	const struct capture_trace trace = {.line = print_line, .pattern = print_pattern};
	_cleanup_(capture_patterns_release) struct capture_patterns patterns = {0};
	_cleanup_strv_ struct strv warnings = STRV_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!wanted || capture_patterns_init(&patterns, kind, wanted, &warnings) < 0)
		return complain("out of memory");
	print_warnings(&warnings);
	if (!patterns.n) {
		fprintf(stderr, "Output %s disabled, nothing to test\n",
			kind == CAPTURE_SCALARS ? "scalars" : "attributes");
		return EXIT_OK;
	}
	if (read_lines(path, &text) != EXIT_OK)
		return EXIT_ERROR;
	return capture_test(&patterns, buf_str(&text), text.len, &trace) < 0
		       ? complain("out of memory")
		       : EXIT_OK;
}

/* --- all ------------------------------------------------------------------------ */

int job_look(struct guild *g, struct job *job)
{
	const struct run_options *o = job->o;
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool needs_op = o->help_op || o->help_model || o->test_sourcecode || o->test_flags ||
			o->test_output_scalars || o->test_output_attrs;

	if (needs_op && !job->op)
		return complain("there is no definition of the operation to look at");
	if (o->help_op || o->help_model) {
		if (o->help_op)
			help_operation(&text, job->op);
		else
			help_model(&text, job->op->model);
		fputs(buf_str(&text), stdout);
		return EXIT_OK;
	}
	if (o->test_sourcecode)
		return test_sourcecode(g, job);
	if (o->test_output_scalars)
		return test_output(job, CAPTURE_SCALARS, o->test_output_scalars);
	if (o->test_output_attrs)
		return test_output(job, CAPTURE_ATTRS, o->test_output_attrs);
	if (o->test_flags)
		return test_flags(job);
	if (!o->print_cmd && !o->print_env && !o->print_trials && !o->save_trials)
		return -1;
	if (job_resolve_flags(g, job) != EXIT_OK)
		return EXIT_ERROR;
	if (o->print_cmd)
		return job->batch ? batch_print_commands(g, job) : print_command(g, job);
	if (o->print_env)
		return print_environment(job);
	return o->print_trials ? batch_print_trials(job) : batch_save_trials(g, job);
}

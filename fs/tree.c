/* SPDX-License-Identifier: MIT */
/*
 * The tree: every table, and nothing else. To add an entry, add a row and write its generator.
 * `make golden` prints the tables to tests/golden/tree.txt, which a test compares.
 */
#include "tree.h"

#include <string.h>
#include <sys/stat.h>

#include "opdir.h"
#include "show.h"
#include "walk.h"

/* clang-format off */
#define TEXT(n, fn, d)		{.name = n, .kind = ROW_TEXT, .show = fn, .doc = d}
#define ATTR(n, d)		{.name = n, .kind = ROW_TEXT, .show = run_attr_of_row, \
				 .exists = run_has_attr_of_row, .doc = d}
#define TIME(n, d)		{.name = n, .kind = ROW_TEXT, .show = run_time_of_row, \
				 .exists = run_has_attr_of_row, .doc = d}
#define TEXT_IF(n, fn, ex, d)	{.name = n, .kind = ROW_TEXT, .show = fn, .exists = ex, .doc = d}
#define MOVING(n, fn, d)	{.name = n, .kind = ROW_TEXT, .show = fn, .flags = ROW_MOVES, \
				 .doc = d}
#define PRIVATE(n, fn, ex, d)	{.name = n, .kind = ROW_TEXT, .show = fn, .exists = ex, \
				 .flags = ROW_PRIVATE, .doc = d}
#define DOC(n, sh, st, f, d)	{.name = n, .kind = ROW_DOC, .show = sh, .store = st, \
				 .flags = (f) | ROW_MOVES, .doc = d}
#define CTL(n, sh, st, d)	{.name = n, .kind = ROW_CTL, .show = sh, .store = st, .doc = d}
#define FLAGS(n, f, d)		{.name = n, .kind = ROW_FLAGS, .show = operation_flags_text, \
				 .flags = f, .doc = d}
#define LINK(n, fn, f, d)	{.name = n, .kind = ROW_LINK, .target = fn, .flags = f, .doc = d}
#define DIR(n, r, dyn, ch, d)	{.name = n, .kind = ROW_DIR, .rows = r, .dynamic = dyn, \
				 .child = ch, .doc = d}
#define LOG(n, path, d)		{.name = n, .kind = ROW_LOG, .backing = path, \
				 .exists = run_has_log, .doc = d}
#define WAIT(n, d)		{.name = n, .kind = ROW_WAIT, .flags = ROW_HIDDEN, .doc = d}
#define FILES(n, f, d)		{.name = n, .kind = ROW_FILE, .flags = f, .doc = d}
#define END			{.doc = NULL}

struct row tree_drop[] = {
	LINK(NULL, operation_drop_target, 0, "a flags file that was dropped here, now its run"),
	END,
};

struct row tree_scratch[] = {
	{.kind = ROW_SCRATCH, .doc = "an editor's temporary file, kept in memory"}, END,
};

static struct row operation_rows[] = {
	TEXT("description", operation_description, "what it does"),
	TEXT("cmd",	operation_cmd,		"the command, with ${flag} where flags go"),
	TEXT("requires", operation_requires,	"what a run needs before it can start"),
	TEXT("help",	operation_help,		"flags for people: type, default, choices"),
	FLAGS("flags",	0,			"default flags; writing flags starts a run"),
	FLAGS("stage",	ROW_STAGE,		"the same, but the run waits as staged"),
	TEXT("error",	operation_error,	"why the last write here was refused"),
	LINK("latest",	operation_latest, 0,	"newest run of this operation"),
	END,
};

struct row tree_operation[] = {
	{.kind = ROW_DIR, .rows = operation_rows, .dynamic = &opdir_children,
	 .flags = ROW_OPDIR, .child = tree_drop, .doc = "one operation"}, END,
};

struct row tree_opspec_link[] = {
	LINK(NULL, operation_opspec_target, 0, "operation of a named model"), END,
};

struct row tree_resource[] = {
	MOVING(NULL, model_resource_text, "sources: type, location, whether there"), END,
};

static struct row model_rows[] = {
	TEXT("description", model_description,	"what it is"),
	TEXT_IF("references", model_references, model_has_references, "where it comes from"),
	TEXT("default",	model_default,		"yes for the project's default model"),
	LINK("guildfile", model_guildfile, 0,	"the guild.yml that defines it"),
	DIR("operations", NULL, &operations_children, tree_operation, "what it can do"),
	DIR("resources", NULL, &resources_children, tree_resource, "what operations require"),
	END,
};

struct row tree_model[] = {
	DIR(NULL, model_rows, NULL, NULL, "one model"), END,
};

struct row tree_attr[] = {
	TEXT(NULL, run_attr_of_slot, "a stored attribute"), END,
};

struct row tree_file[] = {
	FILES(NULL, 0, "a file of the run, as it is"), END,
};

struct row tree_source_file[] = {
	FILES(NULL, ROW_SOURCE, "a source file of the run"), END,
};

struct row tree_metric[] = {
	TEXT(NULL, metric_value, "its last value"), END,
};
struct row tree_metric_dir[] = {
	DIR(NULL, NULL, &metrics_children, tree_metric, "metrics whose tags begin so"), END,
};

struct row tree_samples[] = {
	TEXT(NULL, metric_samples, "every sample: step, value, time"), END,
};
struct row tree_samples_dir[] = {
	DIR(NULL, NULL, &scalars_children, tree_samples, "scalars whose tags begin so"), END,
};

struct row tree_plot[] = {
	TEXT(NULL, metric_plot, "its curve"), END,
};
struct row tree_plot_dir[] = {
	DIR(NULL, NULL, &plots_children, tree_plot, "curves of tags that begin so"), END,
};

static struct row run_rows[] = {
	TEXT("id",	run_id,			"32 hex digits"),
	TEXT("operation", run_operation,	"[MODEL:]OPERATION"),
	MOVING("status", run_status,	"pending staged running completed error terminated"),
	ATTR("exit_status",			"of the process; minus the signal that ended it"),
	TIME("started",				"RFC 3339, UTC"),
	TIME("stopped",				"RFC 3339, UTC"),
	TEXT("duration", run_duration,		"seconds, once it has ended"),
	TEXT("pid",	run_pid,		"process, while it runs"),
	ATTR("host",				"machine it was started on"),
	ATTR("user",				"who started it"),
	ATTR("platform",			"system it was started on"),
	ATTR("random_seed",			"seed for whatever draws numbers"),
	TEXT("project",	run_project,		"directory of the Guild file"),
	TEXT("model",	run_model,		"name of its model"),
	TEXT_IF("flags", run_flags, run_has_flags, "YAML; cp it to an operation's flags to repeat"),
	TEXT_IF("cmd",	run_cmd, run_has_cmd,	"the command, one shell-quoted line"),
	PRIVATE("env",	run_env, run_has_env,	"NAME=VALUE lines, secrets removed"),
	DOC("label",	run_label, run_store_label, ROW_EAGER, "one line"),
	DOC("tags",	run_tags, run_store_tags, ROW_APPENDS | ROW_EAGER, "one a line"),
	DOC("comments",	run_comments, run_store_comments, ROW_APPENDS,
						">> adds one, > replaces all"),
	DOC("marked",	run_marked, run_store_marked, ROW_EAGER, "yes or no"),
	DIR("attrs",	NULL, &attrs_children, tree_attr, "every other stored attribute"),
	MOVING("info",	run_info,		"what `guild runs info` prints"),
	LOG("output",	".guild/output",	"stdout and stderr as they come"),
	DIR("metrics",	NULL, &metrics_children, tree_metric, "the last value of each scalar"),
	DIR("scalars",	NULL, &scalars_children, tree_samples, "every sample of each scalar"),
	TEXT_IF("scalars.csv", run_scalars_csv, run_has_csv, "all of them: tag,step,value,time"),
	DIR("plots",	NULL, &plots_children, tree_plot, "the curve of each scalar"),
	FILES("sourcecode", ROW_SOURCE,		"the source files that ran"),
	FILES("files",	0,			"the run directory itself"),
	WAIT("wait",				"blocks until the run ends, gives its exit status"),
	CTL("ctl",	run_ctl, run_store_ctl, "verbs, one a line: start stop kill restart"),
	END,
};

struct row tree_run[] = {
	DIR(NULL, run_rows, NULL, NULL, "one run"), END,
};

struct row tree_run_prefix[] = {
	LINK(NULL, runs_prefix, ROW_HIDDEN, "a unique prefix of a run's id"), END,
};

static struct row runs_rows[] = {
	LINK("latest", runs_latest, ROW_HIDDEN, "newest run"),
	END,
};

static struct row root_rows[] = {
	TEXT("README",	root_readme,	"how to use this tree, in one screen"),
	TEXT("errors",	root_errors,	"the last 64 refused writes"),
	DIR("models",	NULL, &models_children, tree_model, "models of the mounted projects"),
	DIR("operations", NULL, &opspec_children, tree_operation, "every operation, by opspec"),
	DIR("runs",	runs_rows, &runs_children, tree_run, "every run of the Guild home"),
	END,
};

static struct row root[] = {
	DIR("", root_rows, NULL, NULL, "the mount"), END,
};
/* clang-format on */

enum { MAX_ROWS = 256 };
static const struct row *rows_by_id[MAX_ROWS];
static uint16_t n_rows;

static void number_rows(struct row *rows)
{
	for (struct row *r = rows; r && r->doc; r++) {
		if (r->id || n_rows + 1 >= MAX_ROWS)
			continue;
		r->id = ++n_rows;
		rows_by_id[r->id] = r;
		number_rows(r->rows);
		number_rows(r->child);
	}
}

void tree_init(void)
{
	if (n_rows)
		return;
	number_rows(root);
	number_rows(tree_opspec_link);
	number_rows(tree_run_prefix);
	number_rows(tree_metric_dir);
	number_rows(tree_samples_dir);
	number_rows(tree_plot_dir);
	number_rows(tree_scratch);
	number_rows(tree_file);
	number_rows(tree_source_file);
}

const struct row *tree_root(void)
{
	return root;
}

const struct row *tree_row(uint16_t id)
{
	return id && id <= n_rows ? rows_by_id[id] : NULL;
}

static void print_row(struct buf *b, const struct row *row, const char *path)
{
	static const char *const kinds[] = {
		[ROW_DIR] = "dir",
		[ROW_TEXT] = "text",
		[ROW_DOC] = "document",
		[ROW_CTL] = "verbs",
		[ROW_FLAGS] = "flags",
		[ROW_LINK] = "link",
		[ROW_WAIT] = "wait",
		[ROW_LOG] = "log",
		[ROW_FILE] = "store",
		[ROW_SCRATCH] = "scratch",
	};
	const char *writable = row->store || row->kind == ROW_FLAGS ? "w" : "-";

	buf_printf(b, "%-9s%s%s %-44s %s\n", kinds[row->kind], writable,
		row->flags & ROW_HIDDEN ? "h" : "-", path, row->doc);
}

static void print_rows(struct buf *b, const struct row *rows, const char *parent)
{
	for (const struct row *r = rows; r && r->doc; r++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_printf(&path, "%s/%s", parent, r->name);
		print_row(b, r, buf_str(&path));
		print_rows(b, r->rows, buf_str(&path));
		if (r->child) {
			buf_printf(&path, "/%s", r->dynamic->name);
			print_row(b, r->child, buf_str(&path));
			print_rows(b, r->child->rows, buf_str(&path));
		}
	}
}

void tree_print(struct buf *b)
{
	print_rows(b, root_rows, "");
}

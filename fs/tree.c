/* SPDX-License-Identifier: MIT */
/*
 * The tree: every table, and nothing else. To add an entry, add a row and write its generator.
 * `make golden` prints the tables to tests/golden/tree.txt, which a test compares.
 */
#include "tree.h"

#include <string.h>
#include <sys/stat.h>

#include "opdir.h"
#include "run_tables.h"
#include "show.h"
#include "walk.h"
#include "base/roff.h"
#include "metrics/logdir.h"
#include "run/home.h"

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
#define TABLE(n, d)		{.name = n, .kind = ROW_TEXT, .show = run_tables_print, \
				 .exists = always_exists, .flags = ROW_COSTLY, .doc = d}
#define PAGE(n, d)		{.name = n, .kind = ROW_TEXT, .show = run_tables_page, \
				 .exists = always_exists, .flags = ROW_COSTLY, .doc = d}
#define DOC(n, sh, st, f, d)	{.name = n, .kind = ROW_DOC, .show = sh, .store = st, \
				 .flags = (f) | ROW_MOVES, .doc = d}
#define CTL(n, sh, st, d)	{.name = n, .kind = ROW_CTL, .show = sh, .store = st, .doc = d}
#define FLAGS(n, f, d)		{.name = n, .kind = ROW_FLAGS, .show = operation_flags_text, \
				 .flags = f, .doc = d}
#define LINK(n, fn, f, d)	{.name = n, .kind = ROW_LINK, .target = fn, .flags = f, .doc = d}
#define RUN_LINK(up, d)		{.kind = ROW_LINK, .target = link_to_run, .to_root = up, .doc = d}
#define DIR(n, r, dyn, ch, d)	{.name = n, .kind = ROW_DIR, .rows = r, .dynamic = dyn, \
				 .child = ch, .doc = d}
/* What is of a batch changes with its trials, also when it is over itself. */
#define TABLE_OF_BATCH(n, d)	{.name = n, .kind = ROW_TEXT, .show = run_tables_print, \
				 .exists = run_is_batch, .flags = ROW_COSTLY | ROW_MOVES, .doc = d}
#define DIR_OF_BATCH(n, r, dyn, ch, d) {.name = n, .kind = ROW_DIR, .rows = r, .dynamic = dyn, \
				 .child = ch, .exists = run_is_batch, .flags = ROW_MOVES, .doc = d}
#define LOG(n, path, d)		{.name = n, .kind = ROW_LOG, .backing = path, \
				 .exists = run_has_log, .doc = d}
#define WAIT(n, d)		{.name = n, .kind = ROW_WAIT, .flags = ROW_HIDDEN, .doc = d}
#define STREAM(n, d)		{.name = n, .kind = ROW_STREAM, .flags = ROW_HIDDEN, .doc = d}
#define FILES(n, f, d)		{.name = n, .kind = ROW_FILE, .flags = f, .doc = d}
#define EVENTS(n, fn, ex, d)	{.name = n, .kind = ROW_TEXT, .show = fn, .exists = ex, \
				 .flags = ROW_EVENTS, .doc = d}
#define END			{.doc = NULL}

struct row tree_drop[] = {
	LINK(NULL, operation_drop_target, 0, "a flags file that was dropped here, now its run"),
	END,
};

struct row tree_scratch[] = {
	{.kind = ROW_SCRATCH, .doc = "an editor's temporary file, kept in memory"}, END,
};

struct row tree_operation_run[] = {
	RUN_LINK("../../../../../", "a run of the operation"), END,
};
/* Operations of the anonymous model are not below models/. */
struct row tree_anonymous_run[] = {
	RUN_LINK("../../../", "a run of the operation"), END,
};

struct row tree_package_run[] = {
	RUN_LINK("../../../../../../../", "a run of the operation"), END,
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
	DIR("runs",	NULL, &operation_runs_children, tree_operation_run, "its runs"),
	TABLE("index.tsv",			"its runs, one a row: flags, scalars and more"),
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

struct row tree_package_file[] = {
	LINK(NULL, package_file_target, 0, "a file of the package, or a directory with some"),
	END,
};
struct row tree_package_dir[] = {
	DIR(NULL, NULL, &package_files_children, tree_package_file, "files of the package"), END,
};

struct row tree_wheel[] = {
	{.kind = ROW_WHEEL, .doc = "a wheel that is being copied here"}, END,
};

static struct row package_rows[] = {
	TEXT("version",	package_header,		"which one is installed"),
	TEXT("description", package_header,	"what it is, in a line"),
	TEXT("url",	package_header,		"where it comes from"),
	TEXT("author",	package_header,		"who made it"),
	TEXT("license",	package_header,		"what may be done with it"),
	TEXT("requires", package_header,	"what it needs, as pip has it, one a line"),
	TEXT("error",	package_error,		"why its models cannot be read"),
	DIR("models",	NULL, &models_children, tree_model, "its models, as in models/ above"),
	DIR("operations", NULL, &opspec_children, tree_operation, "its operations, by opspec"),
	DIR("files",	NULL, &package_files_children, tree_package_file, "what it installed"),
	END,
};

static struct row tree_package[] = {
	DIR(NULL, package_rows, NULL, NULL, "one package"), END,
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

static struct row trial_rows[] = {
	TABLE_OF_BATCH("index.tsv",		"these runs, one a row"),
	END,
};
static struct row trial_run[] = {
	RUN_LINK("../../../", "a trial of the batch"), END,
};
static struct row trial_logdir[] = {
	LINK(NULL, logdir_link, 0, "one that has started, for TensorBoard"), END,
};

static struct row run_rows[] = {
	TEXT("id",	run_id,			"32 hex digits"),
	TEXT("operation", run_operation,	"[MODEL:]OPERATION"),
	MOVING("status", run_status,	"pending staged running completed error terminated"),
	MOVING("reason", run_why,	"why it waits for its turn, or was ended from outside"),
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
	TEXT_IF("scalars.csv", run_scalars_csv, always_exists, "all of them: tag,step,value,time"),
	DIR("plots",	NULL, &plots_children, tree_plot, "the curve of each scalar"),
	DIR_OF_BATCH("trials", trial_rows, &trials_children, trial_run,
						"of a batch: the runs that it made"),
	LINK("best",	run_best, 0,		"of a batch: the best trial by its objective"),
	TABLE_OF_BATCH("index.tsv",		"of a batch: its trials, one a row"),
	DIR_OF_BATCH("tensorboard", NULL, &logdir_link_children, trial_logdir,
						"of a batch: its trials for TensorBoard"),
	TEXT("queue",	run_queue,		"of a queue that runs: what it does now"),
	FILES("sourcecode", ROW_SOURCE,		"the source files that ran"),
	FILES("files",	0,			"the run directory itself"),
	WAIT("wait",	"blocks until the run ends, gives its exit status; error: it has none, "
			"as when its supervisor was killed"),
	CTL("ctl",	run_ctl, run_store_ctl, "verbs, one a line: start stop kill restart deploy "
						"TARGET; for a queue pause resume drain"),
	END,
};

struct row tree_run[] = {
	DIR(NULL, run_rows, NULL, NULL, "one run"), END,
};

struct row tree_run_prefix[] = {
	LINK(NULL, runs_prefix, ROW_HIDDEN, "a unique prefix of a run's id"), END,
};

struct row tree_event_file[] = {
	FILES(NULL, ROW_EVENTS, "an event file, as an absolute link; or a directory with some"),
	END,
};

static struct row logdir_rows[] = {
	EVENTS(LOGDIR_SESSION_START, logdir_start, NULL, "the run's flags, as HParams"),
	EVENTS(LOGDIR_SESSION_END, logdir_end, logdir_has_end, "how it ended, once it has"),
	END,
};

struct row tree_logdir[] = {
	{.kind = ROW_DIR, .rows = logdir_rows, .dynamic = &event_children,
	 .flags = ROW_EVENTS, .child = tree_event_file, .doc = "one run, for TensorBoard"}, END,
};

static struct row runs_rows[] = {
	LINK("latest", runs_latest, ROW_HIDDEN, "newest run"),
	END,
};

static struct row by_run[] = {
	RUN_LINK("../../../", "a run that has it"), END,
};
static struct row by_value[] = {
	DIR(NULL, NULL, &by_runs_children, by_run, "one value"), END,
};
static struct row by_flag_run[] = {
	RUN_LINK("../../../../", "a run that has it"), END,
};
static struct row by_flag_value[] = {
	DIR(NULL, NULL, &by_runs_children, by_flag_run, "one value of the flag"), END,
};
static struct row by_flag[] = {
	DIR(NULL, NULL, &by_values_children, by_flag_value, "one flag"), END,
};

static struct row by_batch[] = {
	DIR_OF_BATCH(NULL, NULL, &trials_children, by_run, "the trials of one batch"), END,
};

static struct row by_rows[] = {
	DIR("status",	NULL, &by_values_children, by_value, "runs by their status"),
	DIR("operation", NULL, &by_values_children, by_value, "by their operation"),
	DIR("model",	NULL, &by_values_children, by_value, "by the model of that"),
	DIR("label",	NULL, &by_values_children, by_value, "by their label"),
	DIR("tag",	NULL, &by_values_children, by_value, "by each of their tags"),
	DIR("day",	NULL, &by_values_children, by_value, "by the day they were started, UTC"),
	DIR("batch",	NULL, &by_batches_children, by_batch, "by the batch that made them"),
	DIR("flag",	NULL, &by_flags_children, by_flag, "by the values of their flags"),
	END,
};

static struct row where_run[] = {
	RUN_LINK("../../", "a run that it holds for"), END,
};
static struct row where_logdir[] = {
	LINK(NULL, logdir_link, 0, "one that has started, for TensorBoard"), END,
};
static struct row where_rows[] = {
	TABLE("index.tsv",	"these runs, one a row"),
	DIR("tensorboard", NULL, &logdir_link_children, where_logdir, "these runs for TensorBoard"),
	END,
};
static struct row where_expression[] = {
	DIR(NULL, where_rows, &where_runs_children, where_run, "runs that a filter selects"), END,
};

static struct row root_rows[] = {
	TEXT("README",	root_readme,	"how to use this tree, in one screen"),
	TABLE("index.tsv",		"every run, one a row: flags, scalars and more"),
	PAGE("index.html",		"the newest 1,000 for a browser, with their curves"),
	TEXT("errors",	root_errors,	"the last 64 refused writes and faults of Guild files"),
	{.name = HOME_NOCOPY, .kind = ROW_TEXT, .flags = ROW_HIDDEN, .show = root_nocopy,
	 .doc = "keeps the mount from being copied as source code"},
	STREAM("events",		"blocks: what happens to runs, one JSON object a line; "
					"what leaves trash/ for good was deleted before"),
	DIR("models",	NULL, &models_children, tree_model, "models of the mounted projects"),
	DIR("operations", NULL, &opspec_children, tree_operation, "every operation, by opspec"),
	DIR("packages",	NULL, &packages_children, tree_package,
					"installed packages; cp WHEEL here, rmdir one"),
	DIR("runs",	runs_rows, &runs_children, tree_run, "every run of the Guild home"),
	DIR("by",	by_rows, NULL, NULL, "runs by what they have"),
	DIR("where",	NULL, &where_children, where_expression,
					"by lookup: runs as guild runs -F selects them"),
	DIR("trash",	NULL, &trash_children, tree_run, "deleted runs; mv brings them back"),
	DIR("tensorboard", NULL, &logdir_children, tree_logdir,
					"for TensorBoard: every run that has started"),
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
	number_rows(tree_anonymous_run);
	number_rows(tree_package_run);
	number_rows(tree_package_dir);
	number_rows(tree_wheel);
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
		[ROW_STREAM] = "stream",
		[ROW_LOG] = "log",
		[ROW_FILE] = "store",
		[ROW_SCRATCH] = "scratch",
		[ROW_WHEEL] = "wheel",
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

static void add_row(struct buf *b, const struct row *row, const char *path)
{
	bool writable = row->store || row->kind == ROW_FLAGS;
	bool directory = row->kind == ROW_DIR || row->kind == ROW_FILE;
	_cleanup_buf_ struct buf term = BUF_INIT, text = BUF_INIT;

	buf_printf(&term, "%s%s", path, directory ? "/" : row->kind == ROW_LINK ? "@" : "");
	buf_printf(&text, "%s%s%s", row->doc, writable ? " (written, too)" : "",
		row->flags & ROW_HIDDEN ? " (by name, not listed)" : "");
	roff_item(b, buf_str(&term), buf_str(&text));
}

static void add_rows(struct buf *b, const struct row *rows, const char *parent)
{
	for (const struct row *r = rows; r && r->doc; r++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_printf(&path, "%s%s%s", parent, *parent ? "/" : "", r->name);
		add_row(b, r, buf_str(&path));
		add_rows(b, r->rows, buf_str(&path));
		if (!r->child)
			continue;
		buf_printf(&path, "/%s", r->dynamic->name);
		add_row(b, r->child, buf_str(&path));
		/* What a run has is said once. */
		if (r->child != tree_run || strcmp(r->name, "runs") == 0)
			add_rows(b, r->child->rows, buf_str(&path));
	}
}

void tree_print_man(struct buf *b)
{
	roff_begin(b, "guildfs", 5, "the tree of models, operations and runs that guildfs mounts");
	roff_section(b, "DESCRIPTION");
	roff_paragraph(b,
		"guild mount MOUNTPOINT shows the project of the current directory and the runs "
		"of the Guild home as files. Writing flags into an operation's directory "
		"starts a run; what a run has is read. Texts end with a newline, numbers read "
		"back as what they are, times are RFC 3339 in UTC. What cannot be a file name "
		"is percent-encoded.");
	roff_example(b, "echo 'epochs: 5' > models/M/operations/train/flags\n"
			"tail -f runs/latest/output\n"
			"cat runs/latest/metrics/loss");
	roff_section(b, "FILES");
	add_rows(b, root_rows, "");
	roff_section(b, "SEE ALSO");
	roff_paragraph(b, "guild(1), guild-mount(1), guild-unmount(1), guildfs(1)");
}

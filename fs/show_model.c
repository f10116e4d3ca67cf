/* SPDX-License-Identifier: MIT */
/* Models and operations: their texts, and which there are. */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "guildfs.h"
#include "listing.h"
#include "opdir.h"
#include "things.h"
#include "tree.h"
#include "base/name.h"
#include "catalog/catalog.h"
#include "project/command.h"
#include "project/flag_import.h"
#include "project/flags.h"
#include "run/deps.h"

/* --- which there are ------------------------------------------------------ */

/*
 * Every listing here is made by one walk over the Guild files, and a name is found by the same
 * walk, so that they cannot disagree. A visit returns nonzero to stop.
 */
typedef int (*thing_visit)(void *arg, const struct thing *thing);

static int each_model_of(struct guildfs *fs, unsigned scope, thing_visit visit, void *arg)
{
	_cleanup_scope_files_ struct scope_files files = {0};
	int r = scope_files(fs, scope, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++) {
		for (size_t m = 0; r == 0 && m < files.v[i]->n_models; m++) {
			const char *name = files.v[i]->models[m].name;
			struct thing *t = *name ? things_get(fs->things, scope, name, NULL) : NULL;

			r = t ? visit(arg, t) : 0;
		}
	}
	return r;
}

static int each_operation_of_model(
	struct guildfs *fs, unsigned scope, const struct model *model, thing_visit visit, void *arg)
{
	for (size_t i = 0; i < model->n_operations; i++) {
		struct thing *t =
			things_get(fs->things, scope, model->name, model->operations[i].name);
		int r = t ? visit(arg, t) : -ENOMEM;

		if (r)
			return r;
	}
	return 0;
}

static int each_operation_of(struct guildfs *fs, unsigned scope, thing_visit visit, void *arg)
{
	_cleanup_scope_files_ struct scope_files files = {0};
	int r = scope_files(fs, scope, &files);

	for (size_t i = 0; r == 0 && i < files.n; i++)
		for (size_t m = 0; r == 0 && m < files.v[i]->n_models; m++)
			r = each_operation_of_model(fs, scope, &files.v[i]->models[m], visit, arg);
	return r;
}

/* Of the package that a directory belongs to; of all projects in the others. */
static int each_of_scopes(const struct place *dir,
	int (*each)(struct guildfs *fs, unsigned scope, thing_visit visit, void *arg),
	thing_visit visit, void *arg)
{
	int r = 0;

	if (dir->class == PLACE_PACKAGE)
		return each(dir->fs, dir->serial, visit, arg);
	for (unsigned i = 0; r == 0 && i < dir->fs->n_projects; i++)
		r = each(dir->fs, i, visit, arg);
	return r;
}

struct children_job {
	const struct place *dir;
	struct listing *out; /* NULL: looking for `name` */
	const char *name;
	struct place *ret;
};

static int visit_child(struct children_job *job, const struct thing *t, const struct row *row,
	const struct buf *name)
{
	struct place p = {
		.fs = job->dir->fs, .row = row, .class = PLACE_THING, .serial = t->serial};

	if (job->out) {
		listing_add(job->out, buf_str(name), &p);
		return 0;
	}
	if (strcmp(buf_str(name), job->name) != 0)
		return 0;
	*job->ret = p;
	return 1;
}

static int visit_model(void *arg, const struct thing *t)
{
	struct children_job *job = arg;
	_cleanup_buf_ struct buf name = BUF_INIT;

	thing_model_name(job->dir->fs, t, &name);
	return visit_child(job, t, tree_model, &name);
}

static int visit_operation(void *arg, const struct thing *t)
{
	struct children_job *job = arg;
	_cleanup_buf_ struct buf name = BUF_INIT;

	name_encode(&name, t->operation, strlen(t->operation));
	return visit_child(job, t, tree_operation, &name);
}

static int visit_opspec(void *arg, const struct thing *t)
{
	struct children_job *job = arg;
	_cleanup_buf_ struct buf name = BUF_INIT;

	thing_opspec(job->dir->fs, t, &name);
	return visit_child(job, t, t->model[0] ? tree_opspec_link : tree_operation, &name);
}

static int list_result(int r, const struct listing *out)
{
	return r < 0 ? r : listing_error(out);
}

static int find_result(int r)
{
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

static int models_list(const struct place *dir, struct listing *out)
{
	struct children_job job = {.dir = dir, .out = out};

	return list_result(each_of_scopes(dir, each_model_of, visit_model, &job), out);
}

static int models_find(const struct place *dir, const char *name, struct place *ret)
{
	struct children_job job = {.dir = dir, .name = name, .ret = ret};

	return find_result(each_of_scopes(dir, each_model_of, visit_model, &job));
}

static int operations_of(const struct place *dir, struct children_job *job)
{
	const struct thing *thing = things_by_serial(dir->fs->things, dir->serial);
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model;
	int r = thing ? thing_model(dir->fs, thing, &file, &model) : -ESTALE;

	return r < 0 ? r
		     : each_operation_of_model(dir->fs, thing->scope, model, visit_operation, job);
}

static int operations_list(const struct place *dir, struct listing *out)
{
	struct children_job job = {.dir = dir, .out = out};

	return list_result(operations_of(dir, &job), out);
}

static int operations_find(const struct place *dir, const char *name, struct place *ret)
{
	struct children_job job = {.dir = dir, .name = name, .ret = ret};

	return find_result(operations_of(dir, &job));
}

static int opspecs_list(const struct place *dir, struct listing *out)
{
	struct children_job job = {.dir = dir, .out = out};

	return list_result(each_of_scopes(dir, each_operation_of, visit_opspec, &job), out);
}

static int opspecs_find(const struct place *dir, const char *name, struct place *ret)
{
	struct children_job job = {.dir = dir, .name = name, .ret = ret};

	return find_result(each_of_scopes(dir, each_operation_of, visit_opspec, &job));
}

const struct dynamic models_children = {
	.list = models_list, .find = models_find, .name = "<model>"};
const struct dynamic operations_children = {
	.list = operations_list, .find = operations_find, .name = "<operation>"};
const struct dynamic opspec_children = {
	.list = opspecs_list, .find = opspecs_find, .name = "<opspec>"};

/* --- models --------------------------------------------------------------- */

static void print_line(struct buf *b, const char *text)
{
	if (*text)
		buf_printf(b, "%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
}

/* The place's model, or NULL and a failed buffer. The caller unrefs *ret_file. */
static const struct model *the_model(
	const struct place *p, struct buf *b, struct guildfile **ret_file)
{
	const struct thing *thing = things_by_serial(p->fs->things, p->serial);
	const struct model *model;
	int r = thing ? thing_model(p->fs, thing, ret_file, &model) : -ESTALE;

	if (r == 0)
		return model;
	buf_fail(b, r);
	return NULL;
}

void model_description(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model = the_model(p, b, &file);

	if (model)
		print_line(b, model->description);
}

bool model_has_references(const struct place *p)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT;
	const struct model *model = the_model(p, &b, &file);

	return model && model->references.n;
}

void model_references(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model = the_model(p, b, &file);

	for (size_t i = 0; model && i < model->references.n; i++)
		print_line(b, model->references.v[i]);
}

void model_default(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model = the_model(p, b, &file);

	if (model)
		buf_puts(b, model->is_default ? "yes\n" : "no\n");
}

void model_guildfile(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct model *model = the_model(p, b, &file);

	if (model)
		buf_puts(b, model->file->path);
}

/* --- operations ----------------------------------------------------------- */

static const struct operation *the_operation(
	const struct place *p, struct buf *b, struct guildfile **ret_file)
{
	const struct thing *thing = things_by_serial(p->fs->things, p->serial);
	const struct operation *op;
	int r = thing ? thing_operation(p->fs, thing, ret_file, &op) : -ESTALE;

	if (r == 0)
		return op;
	buf_fail(b, r);
	return NULL;
}

void operation_description(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct operation *op = the_operation(p, b, &file);

	if (op)
		print_line(b, op->description);
}

void operation_cmd(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct operation *op = the_operation(p, b, &file);

	if (!op)
		return;
	if (op->exec || op->steps) {
		print_line(b, op->exec ? op->exec : "steps");
		return;
	}
	operation_import_flags(op);
	buf_printf(b, "python -um guild.op_main %s", op->main);
	if (op->flags_dest && strcmp(op->flags_dest, "args") != 0) {
		buf_putc(b, '\n');
		return;
	}
	buf_puts(b, " --");
	for (size_t i = 0; i < op->n_flags; i++) {
		const struct flag *f = &op->flags[i];

		if (!value_truthy(f->arg_skip))
			buf_printf(b, " --%s ${%s}", f->arg_name ? f->arg_name : f->name, f->name);
	}
	buf_putc(b, '\n');
}

void operation_requires(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct operation *op = the_operation(p, b, &file);

	if (op)
		deps_print(b, op);
}

/* Which one it is decides which packages a run finds. */
static void print_python(const struct guildfs *fs, const struct operation *op, struct buf *b)
{
	_cleanup_buf_ struct buf python = BUF_INIT;

	if (!op->main || op->exec)
		return;
	if (python_find(op->model->file->dir, &fs->env, &python) == 0)
		buf_printf(b, "\nIts Python is %s\n", buf_str(&python));
	else
		buf_puts(b, "\nThere is no Python to run it: neither GUILD_PYTHON_EXE, nor .venv "
			    "beside the Guild file, nor python on PATH\n");
}

void operation_help(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	const struct operation *op = the_operation(p, b, &file);

	if (!op)
		return;
	operation_import_flags(op);
	flags_print_help(b, op);
	print_python(p->fs, op, b);
}

void operation_flags_text(const struct place *p, struct buf *b)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_value_ struct value *flags = NULL;
	const struct operation *op = the_operation(p, b, &file);

	if (!op)
		return;
	operation_import_flags(op);
	flags = flags_defaults(op);
	if (flags)
		flags_print(b, flags);
	else
		buf_fail(b, -ENOMEM);
}

void operation_error(const struct place *p, struct buf *b)
{
	struct thing *thing = things_by_serial(p->fs->things, p->serial);

	if (!thing) {
		buf_fail(b, -ESTALE);
		return;
	}
	scope_error(p->fs, thing->scope, b);
	if (b->len && b->data[b->len - 1] != '\n')
		buf_putc(b, '\n');
	LOCK_SCOPE(&thing->lock);
	if (thing->error)
		print_line(b, thing->error);
}

/* From an operation's directory to the root of the mount. */
static void climb_to_root(struct guildfs *fs, const struct thing *op, struct buf *b)
{
	if (scope_is_package(fs, op->scope))
		buf_puts(b, "../../");
	buf_puts(b, op->model[0] ? "../../../../" : "../../");
}

void operation_latest(const struct place *p, struct buf *b)
{
	const struct thing *op = things_by_serial(p->fs->things, p->serial);
	uint32_t run = op ? opdir_newest_run(p) : 0;

	if (!run) {
		buf_fail(b, -ENOENT);
		return;
	}
	climb_to_root(p->fs, op, b);
	buf_printf(b, "runs/%s", catalog_id(p->fs->catalog, run));
}

void operation_opspec_target(const struct place *p, struct buf *b)
{
	const struct thing *op = things_by_serial(p->fs->things, p->serial);

	if (!op) {
		buf_fail(b, -ESTALE);
		return;
	}
	buf_puts(b, "../");
	thing_path_in_scope(p->fs, op, b);
}

void operation_drop_target(const struct place *p, struct buf *b)
{
	const struct thing *op = things_by_serial(p->fs->things, p->serial);
	const char *name = things_interned(p->fs->things, p->slot);
	uint32_t run = op && name ? opdir_drop_run(p, name) : 0;

	if (!run) {
		buf_fail(b, -ENOENT);
		return;
	}
	climb_to_root(p->fs, op, b);
	buf_printf(b, "runs/%s", catalog_id(p->fs->catalog, run));
}

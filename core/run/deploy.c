/* SPDX-License-Identifier: MIT */
/* From a run and a target to an operation and its flags. */
#include "run/deploy.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "project/builtin.h"
#include "run/attr.h"
#include "run/deploy_model.h"
#include "run/deploy_target.h"
#include "run/opref.h"

void deployment_release(struct deployment *d)
{
	if (d->file)
		guildfile_unref(d->file);
	value_free(d->flags);
	buf_release(&d->label);
}

/* --- the model -------------------------------------------------------------------- */

/* What its server can load. */
static unsigned wanted_formats(const char *layout)
{
	if (!layout)
		return (1U << (MODEL_OTHER + 1)) - 1;
	if (strcmp(layout, "tfserving") == 0)
		return 1U << MODEL_SAVED;
	return 1U << MODEL_SAVED | 1U << MODEL_ONNX | 1U << MODEL_TORCH;
}

const char *deploy_versions(const struct value *flags)
{
	const char *model = value_str(value_get(flags, "model"));

	return model ? model : "";
}

void deploy_place(struct buf *b, const struct value *flags, int dirfd, const char *path)
{
	static const char *const in_triton[] = {
		[MODEL_SAVED] = "model.savedmodel",
		[MODEL_ONNX] = "model.onnx",
		[MODEL_TORCH] = "model.pt",
	};
	const char *layout = value_str(value_get(flags, "layout"));
	const char *slash = strrchr(path, '/');

	if (!layout)
		buf_puts(b, slash ? slash + 1 : path);
	else if (strcmp(layout, "triton") == 0)
		buf_puts(b, in_triton[model_format_of(dirfd, path)]);
}

/* --- the run ---------------------------------------------------------------------- */

static int set(struct value *map, const char *key, const char *text)
{
	return value_map_set(map, key, value_string(text));
}

/* For a regular expression, that one path. */
static void add_quoted(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && !((unsigned char)*text & 0x80))
			buf_putc(b, '\\');
		buf_putc(b, *text);
	}
}

static int make_flags(
	struct value *flags, const char *target, const char *run_id, const char *back_to)
{
	if (set(flags, "target", target) < 0 || set(flags, "run", run_id) < 0 ||
		(back_to && set(flags, "back-to", back_to) < 0))
		return -ENOMEM;
	return 0;
}

static int find_model(const struct home *home, const char *run_id, const struct value *flags,
	struct buf *ret_select, struct buf *ret_op, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, run_id);
	_cleanup_(opref_release) struct opref ref = {0};
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "cannot read run %s: %s", run_id, strerror(-run_fd));
	r = opref_read(run_fd, &ref, err);
	if (r == 0)
		r = model_find(run_fd, run_id, value_str(value_get(flags, "pattern")),
			wanted_formats(value_str(value_get(flags, "layout"))), &path, err);
	if (r == 0)
		r = model_check(run_fd, buf_str(&path), err);
	if (r < 0)
		return r;
	opref_display(ret_op, &ref);
	add_quoted(ret_select, buf_str(&path));
	return buf_error(ret_select);
}

int deploy_plan(const struct home *home, const struct deploy_spec *spec, struct deployment *ret,
	struct err *err)
{
	const struct deploy_type *type = NULL;
	_cleanup_buf_ struct buf select = BUF_INIT, op = BUF_INIT;
	int r;

	*ret = (struct deployment){0};
	r = deploy_target_load(home, spec->cwd, spec->target, &type, &ret->flags, err);
	if (r == 0)
		r = make_flags(ret->flags, spec->target, spec->run_id, spec->back_to);
	if (r == 0)
		r = find_model(home, spec->run_id, ret->flags, &select, &op, err);
	if (r == 0)
		r = builtin_deploy(
			ret->flags, buf_str(&op), buf_str(&select), &ret->file, &ret->op, err);
	if (r == 0 && spec->env)
		r = deploy_type_ready(type, spec->env, err);
	buf_printf(&ret->label, "%s %.8s%s", spec->target, spec->run_id,
		spec->back_to ? " (back)" : "");
	return r;
}

/* --- predictions ------------------------------------------------------------------ */

static int check_predicts(const struct value *deployed, const struct strv *env, struct err *err)
{
	const char *name = value_str(value_get(deployed, "type"));
	const struct deploy_type *type = name ? deploy_type_find(name) : NULL;

	if (!type || !deploy_type_predicts(type))
		return err_set(err, -EINVAL,
			"target '%s' is of type %s, whose server has to be asked itself; "
			"predictions are had of targets of type cloudml",
			value_str(value_get(deployed, "target")), name ? name : "nobody knows");
	return env ? deploy_type_ready(type, env, err) : 0;
}

int predict_plan(const struct home *home, const struct predict_spec *spec, struct deployment *ret,
	struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, spec->deployment);
	_cleanup_free_ char *instances = realpath(spec->instances, NULL);
	_cleanup_value_ struct value *deployed = NULL;
	const char *target;
	int r;

	*ret = (struct deployment){0};
	if (!instances)
		return err_set(err, -errno, "cannot read %s: %s", spec->instances, strerror(errno));
	if (run_fd < 0)
		return err_set(
			err, run_fd, "cannot read run %s: %s", spec->deployment, strerror(-run_fd));
	r = attr_read(run_fd, "flags", &deployed, err);
	target = value_str(value_get(deployed, "target"));
	if (r == 0 && !target)
		r = err_set(err, -EINVAL, "run %s is no deployment", spec->deployment);
	if (r == 0)
		r = check_predicts(deployed, spec->env, err);
	ret->flags = r == 0 ? value_map() : NULL;
	if (r == 0 && (!ret->flags || set(ret->flags, "target", target) < 0 ||
			      set(ret->flags, "deployment", spec->deployment) < 0 ||
			      set(ret->flags, "instances", instances) < 0))
		r = -ENOMEM;
	if (r == 0)
		r = builtin_predict(ret->flags, &ret->file, &ret->op, err);
	buf_printf(&ret->label, "%s %.8s", target ? target : "", spec->deployment);
	return r;
}

struct birth_spec deploy_birth(const struct deployment *d)
{
	return (struct birth_spec){
		.op = d->op,
		.proto_fd = -1,
		.user_flags = d->flags,
		.flags = d->flags,
		.label = buf_str(&d->label),
	};
}

/* SPDX-License-Identifier: MIT */
/* What has become of them. */
#include "project/plugin_op.h"

#include <errno.h>
#include <string.h>

#include "yaml/yaml.h"

#define TARGET_FLAG                                                                                \
	"target: {description: Where to (deploy targets of type cloudml), arg-skip: yes, "         \
	"null-label: the only one}\n"

static const struct plugin_op ops[] = {
	{"cloudml-deploy", "deploy", "trained-model", NULL, NULL,
		"`guild deploy RUN TARGET` deploys to Vertex AI"},
	{"cloudml-predict", "predict", "instances", NULL, NULL,
		"`guild predict TARGET FILE` asks what is deployed to Vertex AI"},
	{"cloudml-train", NULL, NULL, "guild.plugins.cloudml_train_main", TARGET_FLAG,
		"this is a custom job of Vertex AI now (gcloud ai custom-jobs create)"},
	{"cloudml-hptune", NULL, NULL, "guild.plugins.cloudml_hptune_main",
		TARGET_FLAG
		"config: {description: File with hyperparameters and their goal, arg-skip: yes, "
		"required: yes}\n"
		"max-trials: {description: Trials at most, type: int, arg-skip: yes, "
		"null-label: as the file says}\n"
		"max-parallel-trials: {description: Trials at a time, type: int, arg-skip: yes, "
		"null-label: as the file says}\n",
		"this is a hyperparameter tuning job of Vertex AI now (gcloud ai hp-tuning-jobs "
		"create)"},
	{"cloudml-batch-predict", NULL, NULL, NULL, NULL,
		"gcloud has no command for it any more; `guild predict TARGET FILE` asks for all "
		"instances at once"},
};

static const struct plugin_op *find(const struct value *op)
{
	const char *name = value_str(value_get(op, "plugin-op"));

	for (size_t i = 0; name && i < ARRAY_SIZE(ops); i++)
		if (strlen(ops[i].name) == strcspn(name, "#") &&
			strncmp(name, ops[i].name, strlen(ops[i].name)) == 0)
			return &ops[i];
	return NULL;
}

const struct plugin_op *plugin_op_of(const struct operation *op)
{
	return find(op->data);
}

void plugin_op_notice(const struct plugin_op *p, struct buf *b)
{
	buf_printf(
		b, "%s was for Google's Cloud ML Engine, which has ended: %s", p->name, p->instead);
}

/* Behind a # is the operation that it has run. */
static const char *trained_name(const struct value *op)
{
	const char *name = value_str(value_get(op, "plugin-op"));
	const char *hash = name ? strchr(name, '#') : NULL;

	return hash && hash[1] ? hash + 1 : "train";
}

int plugin_op_refuse(const struct operation *op, struct err *err)
{
	const struct plugin_op *p = plugin_op_of(op);
	_cleanup_buf_ struct buf notice = BUF_INIT;

	if (!p || (p->module && (op->main || op->exec)))
		return 0;
	if (p->module)
		return err_set(err, -EINVAL,
			"%s has operation '%s' run, %s: 'plugin-op: %s#OPERATION' says which one",
			p->name, trained_name(op->data),
			op->steps ? "which is a pipeline" : "which the model does not have",
			p->name);
	plugin_op_notice(p, &notice);
	return err_set(err, -EINVAL, "%s", buf_str(&notice));
}

/* --- completing ------------------------------------------------------------------------ */

/* What names the program of an operation that says nothing: its own name does. */
static int name_program(struct value *op, const char *name)
{
	static const char *const keys[] = {"exec", "main", "cmd", "notebook", "steps"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (value_get(op, keys[i]))
			return 0;
	return value_map_set(op, "main", value_string(name));
}

/* Of Cloud ML Engine alone: a target says it now. */
static void drop_flags_2018(struct value *op)
{
	static const char *const names[] = {"bucket", "job-dir", "job-name", "module-name",
		"package-name", "package-path", "package-version", "python-version", "region",
		"runtime-version", "scale-tier"};
	struct value *flags = value_get(op, "flags");

	for (size_t i = 0; flags && flags->type == VALUE_MAP && i < ARRAY_SIZE(names); i++)
		value_map_remove(flags, names[i]);
}

static int add_own_flags(struct value *op, const char *text)
{
	_cleanup_value_ struct value *own = NULL, *flags = value_map();
	int r = yaml_parse(text, strlen(text), &own, NULL);

	if (r == 0)
		r = flags ? value_map_set(flags, "flags", STEAL(own)) : -ENOMEM;
	return r < 0 ? r : value_map_merge(op, flags);
}

int plugin_op_complete(const struct value *op, const struct value *all, struct value **ret)
{
	/* These say what the other one is for, not what this one is. */
	static const char *const others[] = {"default", "description"};
	const struct plugin_op *p = find(op);
	const struct value *trained = value_get(all, trained_name(op));
	_cleanup_value_ struct value *base = NULL, *done = NULL;
	int r;

	*ret = NULL;
	if (!p || !p->module || !trained || trained->type != VALUE_MAP || find(trained))
		return 0;
	done = value_copy(op);
	base = value_copy(trained);
	if (!done || !base)
		return -ENOMEM;
	drop_flags_2018(done);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		value_map_remove(base, others[i]);
	r = name_program(base, trained_name(op));
	if (r == 0)
		r = value_map_merge(done, base);
	if (r == 0)
		r = add_own_flags(done, p->flags);
	if (r == 0)
		*ret = STEAL(done);
	return r;
}

/* SPDX-License-Identifier: MIT */
/* What has become of them. */
#include "project/plugin_op.h"

#include <errno.h>
#include <string.h>

static const struct plugin_op ops[] = {
	{"cloudml-deploy", "deploy", "trained-model",
		"`guild deploy RUN TARGET` deploys to Vertex AI"},
	{"cloudml-predict", "predict", "instances",
		"`guild predict TARGET FILE` asks what is deployed to Vertex AI"},
	{"cloudml-train", NULL, NULL,
		"train by the model's own operation here; for a machine of Google's there is "
		"`gcloud "
		"ai custom-jobs create`, with a container that has the program"},
	{"cloudml-hptune", NULL, NULL,
		"search by lists of values or --optimizer here; for machines of Google's there is "
		"`gcloud ai hp-tuning-jobs create`, with a container that has the program"},
	{"cloudml-batch-predict", NULL, NULL,
		"gcloud has no command for it any more; `guild predict TARGET FILE` asks for all "
		"instances at once"},
};

const struct plugin_op *plugin_op_of(const struct operation *op)
{
	const char *name = value_str(value_get(op->data, "plugin-op"));

	/* Behind a # is the operation here that one was like. */
	for (size_t i = 0; name && i < ARRAY_SIZE(ops); i++)
		if (strlen(ops[i].name) == strcspn(name, "#") &&
			strncmp(name, ops[i].name, strlen(ops[i].name)) == 0)
			return &ops[i];
	return NULL;
}

int plugin_op_refuse(const struct operation *op, struct err *err)
{
	const struct plugin_op *p = plugin_op_of(op);

	return p ? err_set(err, -EINVAL, "%s was for Google's Cloud ML Engine, which has ended: %s",
			   p->name, p->instead)
		 : 0;
}

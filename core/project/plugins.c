/* SPDX-License-Identifier: MIT */
/* Which of Guild AI's plugins an operation selects. */
#include "project/plugins.h"

#include <errno.h>
#include <string.h>

#include "project/fields.h"

/* What comes with Guild AI. */
enum { DEFAULT = 1, SUMMARY = 2 };
static const struct plugin {
	const char *name;
	int kind;
} plugins[] = {
	{"config_flags", 0},
	{"cpu", DEFAULT | SUMMARY},
	{"dask", 0},
	{"disk", DEFAULT | SUMMARY},
	{"dvc", 0},
	{"exec_script", 0},
	{"gpu", DEFAULT | SUMMARY},
	{"ipynb", 0},
	{"memory", DEFAULT | SUMMARY},
	{"perf", SUMMARY},
	{"python_frameworks", 0},
	{"python_script", 0},
	{"quarto_document", 0},
	{"queue", 0},
	{"r_script", 0},
	{"resource_flags", 0},
	{"skopt", 0},
};

int plugins_parse(const struct value *map, struct value **ret, struct err *err)
{
	const struct value *v = value_get(map, "plugins");
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r;

	*ret = NULL;
	if (value_is_null(v) || (v->type == VALUE_BOOL && v->boolean))
		return 0;
	r = v->type == VALUE_BOOL ? 0 : field_strings(map, "plugins", &names, err);
	if (r < 0)
		return r;
	*ret = value_from_strv(&names);
	return *ret ? 0 : -ENOMEM;
}

static bool selects(const struct plugin *plugin, const char *name)
{
	return strcmp(name, plugin->name) == 0 ||
	       ((plugin->kind & SUMMARY) &&
		       (strcmp(name, "all") == 0 || strcmp(name, "summary") == 0));
}

static int warn_of_name(const struct operation *op, const char *name, struct strv *warnings)
{
	_cleanup_buf_ struct buf spec = BUF_INIT, names = BUF_INIT;

	operation_spec(&spec, op);
	for (size_t i = 0; i < ARRAY_SIZE(plugins); i++)
		if (plugins[i].kind & DEFAULT)
			buf_printf(&names, "%s, ", plugins[i].name);
	return strv_addf(warnings,
		"unknown plugin '%s' for operation %s - ignoring; what samples the system is "
		"called %sall, summary",
		name, buf_str(&spec), buf_str(&names));
}

static int add_selected(
	const struct operation *op, const char *name, struct strv *ret, struct strv *warnings)
{
	bool known = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(plugins); i++)
		if (selects(&plugins[i], name)) {
			known = true;
			r = strv_add(ret, plugins[i].name);
		}
	return r == 0 && !known && warnings ? warn_of_name(op, name, warnings) : r;
}

static bool is_pipeline(const struct operation *op)
{
	return op->steps && !op->exec && !op->main;
}

int plugins_of(const struct operation *op, struct strv *ret, struct strv *warnings)
{
	const struct value *said = op->plugins ? op->plugins : op->model->plugins;
	int r = 0;

	for (size_t i = 0; said && r == 0 && i < said->list.n; i++)
		r = add_selected(op, value_str(said->list.items[i]), ret, warnings);
	for (size_t i = 0; !said && !is_pipeline(op) && r == 0 && i < ARRAY_SIZE(plugins); i++)
		if (plugins[i].kind & DEFAULT)
			r = strv_add(ret, plugins[i].name);
	strv_sort(ret);
	strv_unique(ret);
	return r;
}

/* SPDX-License-Identifier: MIT */
/* From the hyperparameters of Cloud ML Engine to a studySpec, and what came of its trials. */
#include "models/vertex_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/file.h"
#include "yaml/yaml.h"

#define TABLE "trials.csv"

static const char *text_of(const struct value *map, const char *key)
{
	const char *text = value_str(value_get(map, key));

	return text ? text : "";
}

static size_t length(const struct value *list)
{
	return list && list->type == VALUE_LIST ? list->list.n : 0;
}

/* --- what is searched for ------------------------------------------------------------- */

static int copy_key(const struct value *from, const char *key, struct value *to, const char *as,
	struct err *err)
{
	const struct value *v = value_get(from, key);

	if (!v)
		return err_set(err, -EINVAL, "it lacks its %s", key);
	return value_map_set(to, as, value_copy(v));
}

static int convert_range(
	const struct value *param, const char *spec_name, struct value *to, struct err *err)
{
	struct value *range = value_map();
	int r = range ? copy_key(param, "minValue", range, "minValue", err) : -ENOMEM;

	if (r == 0)
		r = copy_key(param, "maxValue", range, "maxValue", err);
	if (r == 0)
		return value_map_set(to, spec_name, range);
	value_free(range);
	return r;
}

static int convert_values(const struct value *param, const char *key, const char *spec_name,
	struct value *to, struct err *err)
{
	struct value *values = value_map();
	int r = values ? copy_key(param, key, values, "values", err) : -ENOMEM;

	if (r == 0)
		return value_map_set(to, spec_name, values);
	value_free(values);
	return r;
}

static int convert_space(const struct value *param, struct value *to, struct err *err)
{
	const char *type = text_of(param, "type");

	if (strcmp(type, "INTEGER") == 0)
		return convert_range(param, "integerValueSpec", to, err);
	if (strcmp(type, "DOUBLE") == 0)
		return convert_range(param, "doubleValueSpec", to, err);
	if (strcmp(type, "CATEGORICAL") == 0)
		return convert_values(param, "categoricalValues", "categoricalValueSpec", to, err);
	if (strcmp(type, "DISCRETE") == 0)
		return convert_values(param, "discreteValues", "discreteValueSpec", to, err);
	return err_set(err, -EINVAL,
		"its type must be INTEGER, DOUBLE, CATEGORICAL or DISCRETE, not '%s'", type);
}

static int convert_param(const struct value *param, struct value *list, struct err *err)
{
	const char *name = text_of(param, "parameterName"), *scale = text_of(param, "scaleType");
	struct err why = ERR_INIT;
	struct value *to = value_map();
	int r = to ? value_map_set(to, "parameterId", value_string(name)) : -ENOMEM;

	if (r == 0 && !*name)
		r = err_set(&why, -EINVAL, "it lacks its parameterName");
	if (r == 0)
		r = convert_space(param, to, &why);
	if (r == 0 && *scale && strcmp(scale, "NONE") != 0)
		r = value_map_set(to, "scaleType", value_string(scale));
	if (r == 0)
		return value_list_add(list, to);
	value_free(to);
	return err_set(err, r, "parameter %zu ('%s') of hyperparameters: %s", list->list.n + 1,
		name, err_text(&why));
}

static int convert_params(const struct value *given, struct value *study, struct err *err)
{
	const struct value *params = value_get(given, "params");
	struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < length(params); i++)
		r = convert_param(params->list.items[i], list, err);
	if (r == 0 && !length(list))
		r = err_set(err, -EINVAL, "hyperparameters have no params");
	if (r == 0)
		return value_map_set(study, "parameters", list);
	value_free(list);
	return r;
}

static int convert(const struct value *given, struct value **ret, struct err *err)
{
	const char *tag = text_of(given, "hyperparameterMetricTag");
	_cleanup_value_ struct value *study = value_map();
	struct value *metrics = value_list(), *metric = value_map();
	int r = study && metrics && metric ? 0 : -ENOMEM;

	if (r == 0)
		r = value_map_set(
			metric, "metricId", value_string(*tag ? tag : "training/hptuning/metric"));
	if (r == 0)
		r = copy_key(given, "goal", metric, "goal", err);
	if (r == 0)
		r = value_list_add(metrics, STEAL(metric));
	if (r == 0)
		r = value_map_set(study, "metrics", STEAL(metrics));
	value_free(metric);
	value_free(metrics);
	if (r == 0)
		r = convert_params(given, study, err);
	if (r == 0)
		*ret = STEAL(study);
	return r;
}

/* A flag, else what the file says, else one. */
static int64_t count(const struct vertex_job *job, const char *flag, const struct value *in_file)
{
	int64_t n = 1;

	if (!value_as_int(value_get(job->flags, flag), &n))
		value_as_int(in_file, &n);
	return n;
}

/* The run's copy, else the project's: what is no text is not among the source code. */
static int read_config(const char *name, struct value **ret, struct err *err)
{
	const char *project = getenv("PROJECT_DIR");
	_cleanup_buf_ struct buf path = BUF_INIT;
	int r = yaml_parse_file(AT_FDCWD, name, ret, err);

	if (r != -ENOENT || !project)
		return r;
	buf_printf(&path, "%s/%s", project, name);
	return yaml_parse_file(AT_FDCWD, buf_str(&path), ret, err);
}

int vertex_study_read(struct vertex_job *job, const char *config)
{
	_cleanup_value_ struct value *file = NULL;
	const struct value *given, *study;
	struct err err = ERR_INIT;
	int r = read_config(config, &file, &err);

	if (r < 0)
		return complain("%s: %s", config, *err_text(&err) ? err_text(&err) : strerror(-r));
	given = value_get(value_get(file, "trainingInput"), "hyperparameters");
	study = value_get(file, "studySpec");
	if (study)
		r = (job->study = value_copy(study)) ? 0 : -ENOMEM;
	else if (given)
		r = convert(given, &job->study, &err);
	else
		r = err_set(&err, -EINVAL,
			"it has neither trainingInput: hyperparameters nor a "
			"studySpec");
	if (r < 0)
		return complain("%s: %s", config, err_text(&err));
	job->trials = count(job, "max-trials",
		value_get(study ? file : given, study ? "maxTrialCount" : "maxTrials"));
	job->parallel = count(job, "max-parallel-trials",
		value_get(
			study ? file : given, study ? "parallelTrialCount" : "maxParallelTrials"));
	return EXIT_OK;
}

/* --- what came of it ------------------------------------------------------------------- */

/* The first metric of the study. */
static const struct value *metric_of(const struct vertex_job *job)
{
	const struct value *metrics = value_get(job->study, "metrics");

	return length(metrics) ? metrics->list.items[0] : NULL;
}

/* Of a list of mappings the value of the one that is called so; NULL: there is none. */
static const struct value *named(const struct value *list, const char *key, const char *name)
{
	for (size_t i = 0; i < length(list); i++)
		if (strcmp(text_of(list->list.items[i], key), name) == 0)
			return value_get(list->list.items[i], "value");
	return NULL;
}

static const struct value *result(const struct vertex_job *job, const struct value *trial)
{
	return named(value_get(value_get(trial, "finalMeasurement"), "metrics"), "metricId",
		text_of(metric_of(job), "metricId"));
}

static void add_cell(struct buf *row, const struct value *v)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (v && v->type == VALUE_STRING)
		buf_puts(&text, v->string);
	else if (v)
		yaml_emit_flow(&text, v);
	buf_putc(row, ',');
	csv_field(row, buf_str(&text));
}

static void add_trial(const struct vertex_job *job, const struct value *trial, struct buf *table)
{
	const struct value *params = value_get(job->study, "parameters");

	csv_field(table, text_of(trial, "id"));
	add_cell(table, value_get(trial, "state"));
	for (size_t i = 0; i < length(params); i++)
		add_cell(table, named(value_get(trial, "parameters"), "parameterId",
					text_of(params->list.items[i], "parameterId")));
	add_cell(table, result(job, trial));
	buf_puts(table, "\r\n");
}

static void add_heading(const struct vertex_job *job, struct buf *table)
{
	const struct value *params = value_get(job->study, "parameters");

	buf_puts(table, "trial,state");
	for (size_t i = 0; i < length(params); i++)
		add_cell(table, value_get(params->list.items[i], "parameterId"));
	add_cell(table, value_get(metric_of(job), "metricId"));
	buf_puts(table, "\r\n");
}

static bool as_number(const struct value *v, double *ret)
{
	if (v && v->type == VALUE_FLOAT)
		*ret = v->number;
	else if (v && v->type == VALUE_INT)
		*ret = (double)v->integer;
	return v && (v->type == VALUE_FLOAT || v->type == VALUE_INT);
}

static const struct value *best_trial(const struct vertex_job *job, double *ret_value)
{
	const struct value *trials = value_get(job->state, "trials"), *best = NULL;
	bool is_min = strcmp(text_of(metric_of(job), "goal"), "MINIMIZE") == 0;

	for (size_t i = 0; i < length(trials); i++) {
		double number = 0;

		if (!as_number(result(job, trials->list.items[i]), &number))
			continue;
		if (best && (is_min ? number >= *ret_value : number <= *ret_value))
			continue;
		best = trials->list.items[i];
		*ret_value = number;
	}
	return best;
}

int vertex_study_report(const struct vertex_job *job)
{
	const struct value *trials = value_get(job->state, "trials");
	_cleanup_buf_ struct buf table = BUF_INIT;
	const struct value *best;
	double number = 0;
	int r;

	add_heading(job, &table);
	for (size_t i = 0; i < length(trials); i++)
		add_trial(job, trials->list.items[i], &table);
	r = buf_error(&table);
	if (r == 0)
		r = file_write(AT_FDCWD, TABLE, table.data, table.len, 0666, FILE_NOSYNC);
	if (r < 0)
		return complain("cannot write " TABLE ": %s", strerror(-r));
	best = best_trial(job, &number);
	if (best)
		printf("The best of %zu trials is %s: %s is %g (" TABLE ", trials/%s)\n",
			length(trials), text_of(best, "id"), text_of(metric_of(job), "metricId"),
			number, text_of(best, "id"));
	else
		printf("None of %zu trials has reported %s\n", length(trials),
			text_of(metric_of(job), "metricId"));
	return EXIT_OK;
}

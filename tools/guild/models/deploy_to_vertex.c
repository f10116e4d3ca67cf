/* SPDX-License-Identifier: MIT */
/*
 * A version on Google's Vertex AI: artifacts in a bucket, a version of a model in the registry, and
 * that on an endpoint with all of the traffic. The one that had the traffic stays on the endpoint,
 * so that going back is a matter of traffic; what was there before it, by this target, is taken
 * off, since it costs machines.
 */
#include "models/deploying.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "models/gcloud.h"
#include "run/attr.h"
#include "yaml/yaml.h"

struct vertex {
	struct deploying *d;
	struct value *listed;         /* endpoints, before anything is done */
	const struct value *endpoint; /* of these, the target's; NULL: there is none yet */
	struct buf endpoint_name;     /* its resource name */
	struct buf artifacts;         /* gs://... */
	struct buf model;             /* resource name in the registry */
	struct buf deployed;          /* id of what has the traffic now */
};

static const char *text_of(const struct value *map, const char *key)
{
	const char *text = value_str(value_get(map, key));

	return text ? text : "";
}

/* What the model is called in the registry, and the endpoint where the target says nothing else. */
static const char *model_name(const struct vertex *v)
{
	const char *model = deploying_flag(v->d, "model");

	return *model ? model : deploying_flag(v->d, "target");
}

static const char *endpoint_called(const struct vertex *v)
{
	const char *endpoint = deploying_flag(v->d, "endpoint");

	return *endpoint ? endpoint : model_name(v);
}

/* What every deployed model of this target is called, up to the deployment's id. */
static void add_prefix(const struct vertex *v, struct buf *b)
{
	buf_printf(b, "guild-%s-", deploying_flag(v->d, "target"));
}

static void begin(const struct vertex *v, struct gcloud *c, const char *words, const char *resource)
{
	gcloud_command(c, words);
	if (resource)
		gcloud_word(c, gcloud_id(resource));
	gcloud_option(c, "project", deploying_flag(v->d, "project"));
	gcloud_option(c, "region", deploying_flag(v->d, "region"));
}

/* Options of gcloud that keys of the target are called like. */
static void add_options(const struct vertex *v, struct gcloud *c, const char *const *names)
{
	for (; *names; names++) {
		const struct value *value = value_get(v->d->flags, *names);
		_cleanup_buf_ struct buf number = BUF_INIT;

		if (value && value->type == VALUE_INT)
			yaml_emit_flow(&number, value);
		gcloud_option(c, *names, number.len ? buf_str(&number) : value_str(value));
	}
}

static int several(const struct vertex *v, const char *what, const char *called)
{
	return complain("several %ss of project %s in %s are called '%s': give the ID of one as "
			"the %s of target %s",
		what, deploying_flag(v->d, "project"), deploying_flag(v->d, "region"), called, what,
		deploying_flag(v->d, "target"));
}

/* --- the endpoint -------------------------------------------------------------------- */

static int find_endpoint(struct vertex *v)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	int status;

	begin(v, &c, "ai endpoints list", NULL);
	status = gcloud_run(&c, &v->listed);
	if (status != EXIT_OK)
		return status;
	if (gcloud_find(v->listed, endpoint_called(v), &v->endpoint) > 1)
		return several(v, "endpoint", endpoint_called(v));
	buf_puts(&v->endpoint_name, text_of(v->endpoint, "name"));
	return EXIT_OK;
}

static int make_endpoint(struct vertex *v)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_value_ struct value *made = NULL;
	int status;

	begin(v, &c, "ai endpoints create", NULL);
	gcloud_option(&c, "display-name", endpoint_called(v));
	status = gcloud_run(&c, &made);
	if (status == EXIT_OK && !*text_of(made, "name"))
		status = complain("gcloud does not say which endpoint it has created");
	buf_puts(&v->endpoint_name, text_of(made, "name"));
	return status;
}

/* The deployed model of an endpoint with this `id` or displayName; NULL: there is none. */
static const struct value *find_deployed(
	const struct value *endpoint, const char *key, const char *text)
{
	const struct value *list = value_get(endpoint, "deployedModels");

	for (size_t i = 0; list && list->type == VALUE_LIST && i < list->list.n; i++)
		if (*text && strcmp(text_of(list->list.items[i], key), text) == 0)
			return list->list.items[i];
	return NULL;
}

/* --- a new version ----------------------------------------------------------------------- */

static int upload_artifacts(struct vertex *v)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_buf_ struct buf to = BUF_INIT;
	const char *bucket = deploying_flag(v->d, "bucket");
	struct stat st;
	bool is_dir = stat(buf_str(&v->d->model), &st) == 0 && S_ISDIR(st.st_mode);

	/* Below a name of this run's alone; a server loads what is in the directory of a model. */
	buf_printf(&to, "%.*s/%s/", (int)(strlen(bucket) - (bucket[strlen(bucket) - 1] == '/')),
		bucket, getenv("RUN_ID"));
	buf_printf(&v->artifacts, "%.*s", (int)to.len - 1, buf_str(&to));
	if (is_dir)
		buf_printf(&v->artifacts, "/%s", gcloud_id(buf_str(&v->d->model)));
	gcloud_command(&c, "storage cp");
	if (is_dir)
		gcloud_word(&c, "--recursive");
	gcloud_word(&c, buf_str(&v->d->model));
	gcloud_word(&c, buf_str(&to));
	gcloud_option(&c, "project", deploying_flag(v->d, "project"));
	return gcloud_run(&c, NULL);
}

/* A model of that name gets a new version. */
static int find_parent(struct vertex *v, struct buf *ret_name)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_value_ struct value *models = NULL;
	const struct value *found;
	int status;

	begin(v, &c, "ai models list", NULL);
	status = gcloud_run(&c, &models);
	if (status == EXIT_OK && gcloud_find(models, model_name(v), &found) > 1)
		status = several(v, "model", model_name(v));
	else if (status == EXIT_OK)
		buf_puts(ret_name, text_of(found, "name"));
	return status;
}

static int register_model(struct vertex *v)
{
	static const char *const options[] = {"container-image-uri", "container-env-vars",
		"container-health-route", "container-ports", "container-predict-route", NULL};
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_value_ struct value *made = NULL;
	_cleanup_buf_ struct buf parent = BUF_INIT, from = BUF_INIT;
	int status = find_parent(v, &parent);

	if (status != EXIT_OK)
		return status;
	begin(v, &c, "ai models upload", NULL);
	gcloud_option(&c, "display-name", model_name(v));
	gcloud_option(&c, "artifact-uri", buf_str(&v->artifacts));
	add_options(v, &c, options);
	gcloud_option(&c, "parent-model", buf_str(&parent));
	buf_printf(&from, "Guild run %s", deploying_flag(v->d, "run"));
	gcloud_option(&c, "version-description", buf_str(&from));
	status = gcloud_run(&c, &made);
	if (status != EXIT_OK)
		return status;
	v->d->version = strtoll(text_of(made, "modelVersionId"), NULL, 10);
	if (!*text_of(made, "model") || v->d->version <= 0)
		return complain("gcloud does not say which version of which model it has made");
	buf_printf(&v->model, "%.*s", (int)strcspn(text_of(made, "model"), "@"),
		text_of(made, "model"));
	return EXIT_OK;
}

/* --- traffic ----------------------------------------------------------------------------- */

static int learn_deployed(struct vertex *v, const char *called)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_value_ struct value *endpoint = NULL;
	int status;

	begin(v, &c, "ai endpoints describe", buf_str(&v->endpoint_name));
	status = gcloud_run(&c, &endpoint);
	buf_puts(&v->deployed, text_of(find_deployed(endpoint, "displayName", called), "id"));
	if (status == EXIT_OK && !v->deployed.len)
		status = complain(
			"endpoint %s does not have %s", buf_str(&v->endpoint_name), called);
	return status;
}

/* gcloud returns when it answers requests. 0 is what the new one is called in traffic until then.
 */
static int deploy_model(struct vertex *v)
{
	static const char *const options[] = {"machine-type", "accelerator", "min-replica-count",
		"max-replica-count", "service-account", NULL};
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_buf_ struct buf called = BUF_INIT, model = BUF_INIT;
	int status = v->endpoint_name.len ? EXIT_OK : make_endpoint(v);

	if (status != EXIT_OK)
		return status;
	add_prefix(v, &called);
	buf_printf(&called, "%.8s", getenv("RUN_ID"));
	buf_printf(&model, "%s@%jd", gcloud_id(buf_str(&v->model)), (intmax_t)v->d->version);
	begin(v, &c, "ai endpoints deploy-model", buf_str(&v->endpoint_name));
	gcloud_option(&c, "model", buf_str(&model));
	gcloud_option(&c, "display-name", buf_str(&called));
	add_options(v, &c, options);
	gcloud_option(&c, "traffic-split", "0=100");
	status = gcloud_run(&c, NULL);
	return status == EXIT_OK ? learn_deployed(v, buf_str(&called)) : status;
}

static int move_traffic(struct vertex *v)
{
	_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;
	_cleanup_buf_ struct buf split = BUF_INIT;

	buf_printf(&split, "%s=100", buf_str(&v->deployed));
	begin(v, &c, "ai endpoints update", buf_str(&v->endpoint_name));
	gcloud_option(&c, "traffic-split", buf_str(&split));
	return gcloud_run(&c, NULL);
}

static bool is_left_over(const struct vertex *v, const struct value *deployed)
{
	_cleanup_buf_ struct buf prefix = BUF_INIT;
	const char *id = text_of(deployed, "id");
	int64_t traffic;

	add_prefix(v, &prefix);
	return strcmp(id, buf_str(&v->deployed)) != 0 &&
	       strncmp(text_of(deployed, "displayName"), buf_str(&prefix), prefix.len) == 0 &&
	       !(value_as_int(value_get(value_get(v->endpoint, "trafficSplit"), id), &traffic) &&
		       traffic > 0);
}

/* The deployment stands, whatever comes of this. */
static void take_off_left_over(struct vertex *v)
{
	const struct value *list = value_get(v->endpoint, "deployedModels");

	for (size_t i = 0; list && list->type == VALUE_LIST && i < list->list.n; i++) {
		_cleanup_gcloud_ struct gcloud c = GCLOUD_INIT;

		if (!is_left_over(v, list->list.items[i]))
			continue;
		begin(v, &c, "ai endpoints undeploy-model", buf_str(&v->endpoint_name));
		gcloud_option(&c, "deployed-model-id", text_of(list->list.items[i], "id"));
		gcloud_run(&c, NULL);
	}
}

/* --- going back -------------------------------------------------------------------------- */

/* What a former deployment has made; false: nothing that is known. */
static int recall(struct vertex *v, const char *id, struct value **ret)
{
	_cleanup_close_ int fd = -1;
	struct err err = ERR_INIT;
	int status = guild_open_home(v->d->g);

	if (status != EXIT_OK)
		return status;
	fd = home_open_run(v->d->g->home, id);
	if (fd < 0 || attr_read(fd, "deployment", ret, &err) < 0)
		return complain("deployment %s does not say what it was: %s", id,
			fd < 0 ? strerror(-fd) : err_text(&err));
	if (!*text_of(*ret, "registered-model") ||
		!value_as_int(value_get(*ret, "version"), &v->d->version))
		return complain("deployment %s does not say which model it was", id);
	return EXIT_OK;
}

static int go_back(struct vertex *v)
{
	_cleanup_value_ struct value *former = NULL;
	const char *deployed;
	int status = recall(v, deploying_flag(v->d, "back-to"), &former);

	if (status != EXIT_OK)
		return status;
	buf_puts(&v->model, text_of(former, "registered-model"));
	buf_puts(&v->artifacts, text_of(former, "artifacts"));
	deployed = text_of(former, "deployed-model");
	if (!find_deployed(v->endpoint, "id", deployed))
		return deploy_model(v);
	buf_puts(&v->deployed, deployed);
	return move_traffic(v);
}

/* --- the whole --------------------------------------------------------------------------- */

static int go_on(struct vertex *v)
{
	int status = upload_artifacts(v);

	if (status == EXIT_OK)
		status = register_model(v);
	return status == EXIT_OK ? deploy_model(v) : status;
}

static int set(struct vertex *v, const char *key, const struct buf *text)
{
	return value_map_set(v->d->result, key, value_string(buf_str(text)));
}

static int tell(struct vertex *v)
{
	int r = set(v, "artifacts", &v->artifacts);

	if (r == 0)
		r = set(v, "registered-model", &v->model);
	if (r == 0)
		r = set(v, "endpoint", &v->endpoint_name);
	if (r == 0)
		r = set(v, "deployed-model", &v->deployed);
	buf_puts(&v->d->where, buf_str(&v->endpoint_name));
	return r < 0 ? complain("out of memory") : deploying_record(v->d);
}

int deploy_to_vertex(struct deploying *d)
{
	struct vertex v = {.d = d};
	int status = find_endpoint(&v);

	if (status == EXIT_OK)
		status = *deploying_flag(d, "back-to") ? go_back(&v) : go_on(&v);
	if (status == EXIT_OK)
		status = tell(&v);
	if (status == EXIT_OK)
		take_off_left_over(&v);
	value_free(v.listed);
	buf_release(&v.endpoint_name);
	buf_release(&v.artifacts);
	buf_release(&v.model);
	buf_release(&v.deployed);
	return status;
}

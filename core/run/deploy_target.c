/* SPDX-License-Identifier: MIT */
/* The types of targets, what each takes and needs. */
#include "run/deploy_target.h"

#include <errno.h>
#include <string.h>

#include "base/name.h"
#include "base/output_of.h"
#include "project/command.h"
#include "run/user_config.h"
#include "yaml/yaml.h"

struct target {
	const char *name;
	const struct value *data;
	struct buf config; /* the file, for sentences */
	struct err *err;
};

static int bad(const struct target *t, const char *sentence, const char *what)
{
	return err_set(t->err, -EINVAL, "%s: deploy target '%s': %s%s", buf_str(&t->config),
		t->name, sentence, what);
}

static const char *text_of(const struct target *t, const char *key)
{
	return value_str(value_get(t->data, key));
}

/* --- types --------------------------------------------------------------------------- */

static int check_layout(const struct target *t)
{
	const char *layout = text_of(t, "layout"), *model = text_of(t, "model");

	if (layout && strcmp(layout, "tfserving") != 0 && strcmp(layout, "triton") != 0)
		return bad(t, "its layout must be tfserving or triton", "");
	if (layout && !model)
		return bad(t, "with a layout it needs a model, the name it is served by", "");
	if (model && !layout)
		return bad(t, "a model is the name in a layout: it lacks its layout", "");
	if (model && (!name_is_component(model) || *model == '.'))
		return bad(t, "this cannot be the name of a directory: ", model);
	return 0;
}

static int check_directory(const struct target *t)
{
	int r = check_layout(t);

	return r == 0 && *text_of(t, "path") != '/' ? bad(t, "its path must be absolute", "") : r;
}

static int check_cloudml(const struct target *t)
{
	const char *bucket = text_of(t, "bucket");
	bool has_name = strncmp(bucket, "gs://", 5) == 0 && bucket[5] && bucket[5] != '/';

	return has_name
		       ? 0
		       : bad(t, "its bucket must be gs://BUCKET or a path below one, not ", bucket);
}

/* An account is what most have; the others are ways of gcloud to do without one. */
static int is_signed_in(const struct strv *env, struct err *err)
{
	static const char *const ways[][2] = {{"core", "account"}, {"auth", "access_token_file"},
		{"auth", "credential_file_override"}, {"auth", "impersonate_service_account"},
		{"auth", "disable_credentials"}};
	const char *const argv[] = {"gcloud", "config", "list", "--format=json", NULL};
	_cleanup_value_ struct value *properties = NULL;
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r = output_of_env(argv, NULL, env->v, STDERR_DROPPED, &out);

	if (r == 0)
		r = yaml_parse(buf_str(&out), out.len, &properties, NULL);
	if (r != 0)
		return err_set(err, -ENOENT,
			"gcloud does not say who is signed in: see `gcloud config list`");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (value_truthy(value_get(value_get(properties, ways[i][0]), ways[i][1])))
			return 0;
	return err_set(err, -ENOENT,
		"gcloud is not signed in to Google Cloud: run `gcloud auth login`, or `gcloud auth "
		"activate-service-account --key-file=FILE`");
}

enum { DIRECTORY = 1, RCLONE = 2, CLOUDML = 4, ALL = 7 };

static const struct deploy_type {
	const char *name;
	unsigned bit;
	int (*check)(const struct target *t); /* of what its keys have */
	bool predicts;
	const char *program; /* on PATH; NULL: none */
	const char *without; /* what to do where it is not there */
	int (*ready)(const struct strv *env, struct err *err); /* NULL: it has not to be asked */
} types[] = {
	{"directory", DIRECTORY, check_directory, false, NULL, NULL, NULL},
	{"rclone", RCLONE, check_layout, false, "rclone", "it takes models to remotes", NULL},
	{"cloudml", CLOUDML, check_cloudml, true, "gcloud",
		"install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install), then "
		"run `gcloud auth login`",
		is_signed_in},
};

static const struct key {
	const char *name;
	unsigned types;
	enum { TEXT, COUNT } kind;
	bool needed;
} keys[] = {
	{"type", ALL, TEXT, true},
	{"pattern", ALL, TEXT, false},
	{"model", ALL, TEXT, false},
	{"layout", DIRECTORY | RCLONE, TEXT, false},
	{"path", DIRECTORY, TEXT, true},
	{"remote", RCLONE, TEXT, true},
	{"project", CLOUDML, TEXT, true},
	{"region", CLOUDML, TEXT, true},
	{"bucket", CLOUDML, TEXT, true},
	{"endpoint", CLOUDML, TEXT, false},
	{"container-image-uri", CLOUDML, TEXT, true},
	{"container-env-vars", CLOUDML, TEXT, false},
	{"container-health-route", CLOUDML, TEXT, false},
	{"container-ports", CLOUDML, COUNT, false},
	{"container-predict-route", CLOUDML, TEXT, false},
	{"machine-type", CLOUDML, TEXT, false},
	{"accelerator", CLOUDML, TEXT, false},
	{"min-replica-count", CLOUDML, COUNT, false},
	{"max-replica-count", CLOUDML, COUNT, false},
	{"service-account", CLOUDML, TEXT, false},
	{"training-image-uri", CLOUDML, TEXT, false},
	{"training-machine-type", CLOUDML, TEXT, false},
	{"training-accelerator", CLOUDML, TEXT, false},
};

const struct deploy_type *deploy_type_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(name, types[i].name) == 0)
			return &types[i];
	return NULL;
}

bool deploy_type_predicts(const struct deploy_type *type)
{
	return type->predicts;
}

int deploy_type_ready(const struct deploy_type *type, const struct strv *env, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (type->program && program_find(type->program, env, &path) < 0)
		return err_set(err, -ENOENT, "%s is not on PATH: %s", type->program, type->without);
	return type->ready ? type->ready(env, err) : 0;
}

/* --- one target ---------------------------------------------------------------------- */

static const struct key *find_key(const char *name, const struct deploy_type *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].name, name) == 0 && keys[i].types & type->bit)
			return &keys[i];
	return NULL;
}

static int check_value(const struct target *t, const struct key *key, const struct value *v)
{
	int64_t n;

	if (key->kind == COUNT)
		return value_as_int(v, &n) && n > 0
			       ? 0
			       : bad(t, "a number above 0 is needed as its ", key->name);
	return value_str(v) && *value_str(v) ? 0 : bad(t, "text is needed as its ", key->name);
}

static int check_keys(const struct target *t, const struct deploy_type *type)
{
	for (size_t i = 0; i < t->data->map.n; i++) {
		const struct value_pair *pair = &t->data->map.pairs[i];
		const struct key *key = find_key(pair->key, type);
		int r = key ? check_value(t, key, pair->value)
			    : bad(t, "it has what such a target does not take: ", pair->key);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].needed && keys[i].types & type->bit &&
			!value_get(t->data, keys[i].name))
			return bad(t, "it lacks its ", keys[i].name);
	return 0;
}

/* "directory, rclone or cloudml" */
static void list_types(struct buf *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		buf_printf(b, "%s%s",
			i == 0                      ? ""
			: i + 1 < ARRAY_SIZE(types) ? ", "
						    : " or ",
			types[i].name);
}

static int check_target(const struct target *t, const struct deploy_type **ret)
{
	_cleanup_buf_ struct buf names = BUF_INIT;
	const char *type = text_of(t, "type");
	int r;

	list_types(&names);
	if (t->data->type != VALUE_MAP)
		return bad(t, "a mapping is needed, with a type: ", buf_str(&names));
	*ret = type ? deploy_type_find(type) : NULL;
	if (!*ret)
		return bad(t, "its type must be ", buf_str(&names));
	r = check_keys(t, *ret);
	return r == 0 ? (*ret)->check(t) : r;
}

/* --- the configuration ------------------------------------------------------------------ */

static int complain_of_unknown(const struct target *t, const struct value *targets)
{
	_cleanup_buf_ struct buf list = BUF_INIT;

	for (size_t i = 0; targets && targets->type == VALUE_MAP && i < targets->map.n; i++)
		buf_printf(&list, "%s%s", i ? ", " : "", targets->map.pairs[i].key);
	if (list.len)
		return err_set(t->err, -ENOENT,
			"there is no deploy target '%s'; those of %s are: %s", t->name,
			buf_str(&t->config), buf_str(&list));
	return err_set(t->err, -ENOENT,
		"there is no deploy target '%s': %s has none, as in\n"
		"deploy:\n  %s: {type: directory, path: /srv/models, layout: tfserving, model: "
		"NAME}",
		t->name, buf_str(&t->config), t->name);
}

int deploy_target_load(const struct home *home, const char *cwd, const char *name,
	const struct deploy_type **ret_type, struct value **ret, struct err *err)
{
	struct target t = {.name = name, .err = err};
	_cleanup_value_ struct value *config = NULL;
	const struct value *targets;
	int r = user_config_load(home, cwd, &config, err);

	if (r < 0)
		return r;
	user_config_path(home, cwd, &t.config);
	targets = value_get(config, "deploy");
	t.data = value_get(targets, name);
	r = t.data ? check_target(&t, ret_type) : complain_of_unknown(&t, targets);
	if (r == 0) {
		*ret = value_copy(t.data);
		r = *ret ? 0 : -ENOMEM;
	}
	buf_release(&t.config);
	return r;
}

int deploy_target_trains(const char *name, const struct value *target, struct err *err)
{
	if (value_get(target, "training-image-uri"))
		return 0;
	return err_set(err, -EINVAL,
		"deploy target '%s' does not say which container trains: it lacks its "
		"training-image-uri, as in\ntraining-image-uri: "
		"us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-14.py310:latest",
		name);
}

int deploy_target_only(const struct home *home, const char *cwd, const char *type,
	struct buf *ret_name, struct err *err)
{
	_cleanup_value_ struct value *config = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;
	const struct value *targets;
	const char *found, *name = NULL;
	size_t n = 0;
	int r = user_config_load(home, cwd, &config, err);

	if (r < 0)
		return r;
	user_config_path(home, cwd, &path);
	targets = value_get(config, "deploy");
	for (size_t i = 0; targets && targets->type == VALUE_MAP && i < targets->map.n; i++) {
		found = value_str(value_get(targets->map.pairs[i].value, "type"));
		if (!found || strcmp(found, type) != 0)
			continue;
		name = targets->map.pairs[i].key;
		n++;
	}
	if (n != 1)
		return err_set(err, -ENOENT, "%s has %s of type %s", buf_str(&path),
			n ? "several deploy targets" : "no deploy target", type);
	buf_puts(ret_name, name);
	return buf_error(ret_name);
}

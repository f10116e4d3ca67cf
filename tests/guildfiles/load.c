/* SPDX-License-Identifier: MIT */
/*
 * Loads Guild files and says what is in them, for run.py, which compares that with Guild AI. A
 * line of standard input is a path, or a path, a tab and the PYTHONPATH to look for packages in; a
 * line of output is a JSON object: {"error": SENTENCE}, or {"models": [...]}.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "project/guildfile.h"
#include "yaml/json.h"

enum { TEXT_MAX = 8 * 1024 * 1024 };

/* Takes v over. A test that is out of memory is over. */
static void put(struct value *map, const char *key, struct value *v)
{
	if (!map || value_map_set(map, key, v) < 0)
		abort();
}

static void put_item(struct value *list, struct value *v)
{
	if (!list || value_list_add(list, v) < 0)
		abort();
}

static void put_text(struct value *map, const char *key, const char *text)
{
	put(map, key, text ? value_string(text) : value_null());
}

static void put_copy(struct value *map, const char *key, const struct value *v)
{
	put(map, key, v ? value_copy(v) : value_null());
}

static struct value *flag_value(const struct flag *f)
{
	struct value *map = value_map(), *choices = value_list();

	for (size_t i = 0; i < f->n_choices; i++)
		put_item(choices, value_copy(f->choices[i].value));
	put_copy(map, "default", f->default_value);
	put_text(map, "description", f->description);
	put_text(map, "type", f->type == FLAG_AUTO ? NULL : flag_type_name(f->type));
	put(map, "required", value_bool(f->required));
	put_text(map, "alias", f->alias);
	put(map, "choices", choices);
	put(map, "allow-other", value_bool(f->allow_other));
	put_text(map, "arg-name", f->arg_name);
	put_copy(map, "arg-skip", f->arg_skip);
	put_copy(map, "arg-switch", f->arg_switch);
	put_copy(map, "arg-split", f->arg_split);
	put_copy(map, "arg-encoding", f->arg_encoding);
	put_copy(map, "min", f->min);
	put_copy(map, "max", f->max);
	put_text(map, "env-name", f->env_name);
	put_text(map, "null-label", f->null_label);
	return map;
}

static struct value *source_value(const struct source *s)
{
	struct value *map = value_map(), *selects = value_list();

	for (size_t i = 0; i < s->n_selects; i++)
		put_item(selects, value_string(s->selects[i].pattern));
	put_text(map, "uri", s->uri);
	put_text(map, "name", s->resolving_name);
	put_text(map, "sha256", s->sha256);
	put_text(map, "post-process", s->post_process);
	put_text(map, "target-path", s->target_path);
	put(map, "unpack", value_bool(s->unpack));
	put(map, "select", selects);
	put(map, "renames", value_int((int64_t)s->n_renames));
	return map;
}

static struct value *resource_value(const struct resource *res)
{
	struct value *map = value_map(), *sources = value_list();

	for (size_t i = 0; i < res->n_sources; i++)
		put_item(sources, source_value(&res->sources[i]));
	put_text(map, "name", res->resolving_name);
	put_text(map, "description", res->description);
	put_text(map, "target-path", res->target_path);
	put(map, "sources", sources);
	return map;
}

/* Attributes that are read where they are used. What is false and what is not there is the same. */
static struct value *passed_on(const struct operation *op)
{
	static const char *const keys[] = {"can-stage-trials", "compare", "default-flag-arg-skip",
		"default-max-trials", "delete-on-success", "env-secrets", "flag-encoder",
		"flags-import-skip", "handle-keyboard-interrupt", "objective", "pip-freeze",
		"python-requires", "run-attrs", "stoppable"};
	struct value *map = value_map();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct value *v = value_get(op->data, keys[i]);

		put_copy(map, keys[i], value_truthy(v) ? v : NULL);
	}
	return map;
}

static struct value *operation_value(const struct operation *op)
{
	struct value *map = value_map(), *flags = value_map(), *requires = value_list();

	for (size_t i = 0; i < op->n_flags; i++)
		put(flags, op->flags[i].name, flag_value(&op->flags[i]));
	for (size_t i = 0; i < op->n_requires; i++)
		put_item(requires, op->requires[i].spec ? value_string(op->requires[i].spec)
							: resource_value(op->requires[i].resource));
	put_text(map, "description", op->description);
	put_text(map, "main", op->main);
	put_text(map, "exec", op->exec);
	put_copy(map, "steps", op->steps);
	put_copy(map, "env", op->env);
	put_text(map, "label", op->label_template);
	put(map, "tags", value_from_strv(&op->tags));
	put(map, "flags", flags);
	put(map, "requires", requires);
	put(map, "passed-on", passed_on(op));
	return map;
}

static struct value *model_value(const struct model *m)
{
	struct value *map = value_map(), *operations = value_map(), *resources = value_map();

	put_text(map, "name", m->name);
	put_text(map, "description", m->description);
	put(map, "references", value_from_strv(&m->references));
	put_text(map, "default", NULL);
	for (size_t i = 0; i < m->n_operations; i++) {
		if (m->operations[i].is_default)
			put_text(map, "default", m->operations[i].name);
		put(operations, m->operations[i].name, operation_value(&m->operations[i]));
	}
	for (size_t i = 0; i < m->n_resources; i++)
		put(resources, m->resources[i].name, resource_value(&m->resources[i]));
	put(map, "operations", operations);
	put(map, "resources", resources);
	return map;
}

static struct value *file_value(const struct guildfile *file)
{
	struct value *map = value_map(), *models = value_list();

	put_text(map, "default", NULL);
	for (size_t i = 0; i < file->n_models; i++) {
		if (file->models[i].is_default)
			put_text(map, "default", file->models[i].name);
		put_item(models, model_value(&file->models[i]));
	}
	put(map, "models", models);
	return map;
}

static int load(const char *path, struct guildfile **ret, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = fd < 0 ? -errno : file_read_fd(fd, TEXT_MAX, &text);

	if (r < 0)
		return err_set(err, r, "%s: %s", path, strerror(-r));
	return guildfile_parse(path, buf_str(&text), text.len, ret, err);
}

static void answer(const char *path)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_value_ struct value *map = NULL;
	_cleanup_buf_ struct buf json = BUF_INIT;
	struct err err = ERR_INIT;

	if (load(path, &file, &err) == 0) {
		map = file_value(file);
	} else {
		map = value_map();
		put_text(map, "error", err_text(&err));
	}
	json_emit(&json, map);
	puts(buf_str(&json));
}

int main(void)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) > 0) {
		char *tab;

		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		tab = strchr(line, '\t');
		if (tab) {
			*tab = '\0';
			setenv("PYTHONPATH", tab + 1, 1);
		}
		answer(line);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Configuration files with the run's flags in them. */
#include "run/deps_sources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "project/config_file.h"
#include "project/flag_values.h"
#include "run/attr.h"

/* A flag's value as the file gets it: parts of one that is split are a list. */
static struct value *config_value(const struct value *v, const struct value *def)
{
	const struct value *arg_split = value_get(def, "arg-split");
	_cleanup_strv_ struct strv parts = STRV_INIT;
	_cleanup_value_ struct value *list = value_list();
	int r = list ? 0 : -ENOMEM;

	if (!value_truthy(arg_split) || !value_str(v))
		return value_copy(v);
	if (r == 0)
		r = flag_split(value_str(v), arg_split, &parts);
	for (size_t i = 0; r == 0 && i < parts.n; i++)
		r = value_list_add(list, flag_decode(FLAG_AUTO, parts.v[i]));
	return r == 0 ? STEAL(list) : NULL;
}

static int apply_flags(const struct deps_source *src, struct value *config, struct err *err)
{
	const struct value *defs = value_get(value_get(src->spec->op_attr, "op-cmd"), "cmd-flags");
	const struct value *flags = src->spec->flags;
	const struct value *params = src->source->params;
	int r = 0;

	for (size_t i = 0; params && r == 0 && i < params->map.n; i++)
		r = config_file_set(
			config, params->map.pairs[i].key, params->map.pairs[i].value, err);
	for (size_t i = 0; flags && r == 0 && i < flags->map.n; i++) {
		const struct value_pair *pair = &flags->map.pairs[i];
		const struct value *def = value_get(defs, pair->key);
		const char *name = value_str(value_get(def, "arg-name"));
		_cleanup_value_ struct value *v = NULL;

		if (value_is_null(pair->value))
			continue;
		v = config_value(pair->value, def);
		r = v ? config_file_set(config, name ? name : pair->key, v, err) : -ENOMEM;
	}
	return r;
}

/* Written below .guild/generated/RANDOM, from where it is put like any other file. */
static int generate(
	const struct deps_source *src, const char *path, struct deps_found *ret, struct err *err)
{
	_cleanup_value_ struct value *config = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT, dir = BUF_INIT, name = BUF_INIT;
	char random[RUN_ID_LEN + 1];
	int r = config_file_read(path, &config, err);

	if (r == 0)
		r = apply_flags(src, config, err);
	if (r == 0)
		r = config_file_print(path, config, &text);
	if (r == 0)
		r = name_new_run_id(random);
	if (r < 0)
		return r;
	buf_printf(&dir, RUN_GUILD_DIR "/generated/%.8s", random);
	buf_printf(&name, "%s/%s", buf_str(&dir), name_of_path(path));
	r = file_mkdirs(src->spec->run_fd, buf_str(&dir), 0777);
	if (r == 0)
		r = file_write(
			src->spec->run_fd, buf_str(&name), text.data, text.len, 0666, FILE_NOSYNC);
	if (r < 0)
		return r;
	buf_clear(&ret->root);
	buf_printf(&ret->root, "%s/%s", src->spec->run_dir, buf_str(&dir));
	return 0;
}

int deps_find_config(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT, full = BUF_INIT;
	int r;

	if (value_truthy(src->config)) {
		r = deps_find_given(src, ret, err);
		buf_printf(
			&full, "%s/%s", buf_str(&ret->root), ret->paths.n ? ret->paths.v[0] : "");
		return r < 0 ? r : generate(src, buf_str(&full), ret, err);
	}
	r = deps_resolve_text(src, src->source->spec, &path, err);
	if (r == 0 && deps_find_local(src, buf_str(&path), &full, &ret->origin) < 0)
		r = err_set(err, -ENOENT, "cannot find source file '%s'", buf_str(&path));
	if (r == 0)
		r = strv_add(&ret->paths, name_of_path(buf_str(&full)));
	return r < 0 ? r : generate(src, buf_str(&full), ret, err);
}

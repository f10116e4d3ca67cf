/* SPDX-License-Identifier: MIT */
/* Files of other runs. */
#include "run/deps_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/name.h"
#include "project/flag_values.h"
#include "run/deps_select.h"
#include "run/manifest.h"
#include "run/status.h"

static bool is_or_holds(const char *name, const struct strv *paths)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < paths->n; i++)
		if (strncmp(paths->v[i], name, len) == 0 &&
			(paths->v[i][len] == '\0' || paths->v[i][len] == '/'))
			return true;
	return false;
}

static bool is_below(const char *path, const struct strv *dirs)
{
	for (size_t i = 0; i < dirs->n; i++) {
		size_t len = strlen(dirs->v[i]);

		if (strncmp(path, dirs->v[i], len) == 0 && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

/*
 * Top-level names of what the run itself made: neither source code nor what it depended on, unless
 * $GUILD_LEGACY_OPDEP_SELECT asks for that, too.
 */
static int generated_names(const struct deps_spec *spec, int run_fd, struct strv *ret)
{
	const char *legacy =
		spec->env ? strv_env_get(spec->env, "GUILD_LEGACY_OPDEP_SELECT") : NULL;
	_cleanup_strv_ struct strv all = STRV_INIT, known = STRV_INIT, kept = STRV_INIT;
	bool all_files = legacy && strcmp(legacy, "2") == 0;
	bool deps_too = all_files || (legacy && strcmp(legacy, "1") == 0);
	int r = deps_list_tree(run_fd, false, &all);

	if (r == 0 && !all_files)
		r = manifest_paths(run_fd, 's', &known);
	if (r == 0 && !deps_too)
		r = manifest_paths(run_fd, 'd', &known);
	for (size_t i = 0; r == 0 && i < all.n; i++) {
		struct stat st;
		bool is_dir = fstatat(run_fd, all.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			      S_ISDIR(st.st_mode);

		/* A directory counts by what is in it, but for one that is empty. */
		if (is_below(all.v[i], &known) || (is_dir && is_or_holds(all.v[i], &known)))
			continue;
		r = strv_add(&kept, all.v[i]);
	}
	return r < 0 ? r : deps_top_level(&kept, ret);
}

static int find_run(const struct deps_source *src, struct buf *ret_id, struct err *err)
{
	_cleanup_buf_ struct buf given = BUF_INIT, id = BUF_INIT;
	const struct deps_spec *spec = src->spec;
	int r = 0;

	if (!value_is_null(src->config)) {
		flag_encode(&given, src->config);
		if (value_str(src->config)) {
			buf_clear(&given);
			r = deps_resolve_text(src, value_str(src->config), &given, err);
		}
	}
	if (r < 0)
		return r;
	if (given.len == RUN_ID_LEN)
		buf_puts(&id, buf_str(&given));
	else if (!spec->find_run ||
		 spec->find_run(spec->arg, src->source->spec, buf_str(&given), &id) < 0)
		buf_clear(&id);
	/* A run may have any name as its id. */
	if (!id.len && given.len && name_is_component(buf_str(&given)))
		buf_puts(&id, buf_str(&given));
	if (!id.len)
		return err_set(err, -ENOENT, "no suitable run for %s", src->source->spec);
	buf_puts(ret_id, buf_str(&id));
	return 0;
}

int deps_find_operation(const struct deps_source *src, struct deps_found *ret, struct err *err)
{
	_cleanup_buf_ struct buf id = BUF_INIT;
	_cleanup_close_ int from = -1;
	_cleanup_strv_ struct strv all = STRV_INIT;
	int r = find_run(src, &id, err);

	if (r < 0)
		return r;
	from = home_open_run(src->spec->home, buf_str(&id));
	if (from < 0 || !run_status_provides(run_status_get(from)))
		return err_set(err, -ENOENT, "no suitable run for %s", src->source->spec);
	deps_say(src->spec, DEPS_INFO, "Using run %s for %s", buf_str(&id),
		src->source->resolving_name);
	buf_printf(&ret->root, "%s/runs/%s", src->spec->home->path, buf_str(&id));
	if (!src->source->n_selects)
		return generated_names(src->spec, from, &ret->paths);
	/* Its attributes can be selected, too. */
	r = deps_list_tree(from, true, &all);
	return r < 0 ? r : deps_select(src->source, &all, &ret->paths, err);
}

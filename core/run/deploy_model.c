/* SPDX-License-Identifier: MIT */
/* A walk over the run directory, and the first bytes of files. */
#include "run/deploy_model.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/file_walk.h"
#include "base/strv.h"
#include "run/attr.h"

#define SAVED_MODEL "saved_model.pb"

static const struct format {
	const char *name, *end;
	const char *magic[2]; /* what a file begins with, one of these */
} formats[MODEL_FORMATS + 1] = {
	/* The first field of a protocol buffer: the version of what follows. */
	[MODEL_SAVED] = {"a SavedModel", NULL, {"\x08"}},
	[MODEL_KERAS] = {"a Keras model", ".keras", {"PK\3\4"}},
	[MODEL_ONNX] = {"an ONNX model", ".onnx", {"\x08"}},
	[MODEL_H5] = {"an HDF5 model", ".h5", {"\x89HDF"}},
	[MODEL_TORCH] = {"a PyTorch model", ".pt", {"PK\3\4", "\x80"}},
	[MODEL_OTHER] = {.name = "a file"},
};

const char *model_format_name(enum model_format format)
{
	return formats[format].name;
}

static bool has_saved_model(int dirfd, const char *path)
{
	_cleanup_buf_ struct buf inner = BUF_INIT;
	struct stat st;

	buf_printf(&inner, "%s/" SAVED_MODEL, path);
	return beneath_stat(dirfd, buf_str(&inner), &st) == 0 && S_ISREG(st.st_mode);
}

enum model_format model_format_of(int dirfd, const char *path)
{
	size_t len = strlen(path);
	struct stat st;

	if (beneath_stat(dirfd, path, &st) < 0)
		return MODEL_OTHER;
	if (S_ISDIR(st.st_mode))
		return has_saved_model(dirfd, path) ? MODEL_SAVED : MODEL_OTHER;
	for (enum model_format f = MODEL_KERAS; f < MODEL_FORMATS; f++) {
		size_t n = strlen(formats[f].end);

		if (len > n && strcasecmp(path + len - n, formats[f].end) == 0)
			return f;
	}
	return MODEL_OTHER;
}

/* --- finding ------------------------------------------------------------------------ */

struct finding {
	int run_fd;
	const char *pattern;
	unsigned formats;
	enum model_format best;
	struct strv found; /* of the best format */
};

static int look_at(void *arg, const struct walk_entry *entry)
{
	struct finding *f = arg;
	enum model_format format;
	bool is_dir = S_ISDIR(entry->st.st_mode);
	int r;

	if (strcmp(entry->path, RUN_GUILD_DIR) == 0 || (entry->is_link && is_dir))
		return WALK_PASS_BY;
	if (entry->is_link || (!is_dir && !S_ISREG(entry->st.st_mode)))
		return 0;
	format = model_format_of(f->run_fd, entry->path);
	if (f->pattern && fnmatch(f->pattern, entry->path, FNM_PATHNAME) != 0)
		return 0;
	if (!f->pattern && format == MODEL_OTHER)
		return 0;
	if (!(f->formats & 1U << format) || format > f->best)
		return 0;
	if (format < f->best) {
		strv_release(&f->found);
		f->found = STRV_INIT;
		f->best = format;
	}
	r = strv_add(&f->found, entry->path);
	/* What is in a model is part of it. */
	return r < 0 ? r : is_dir ? WALK_PASS_BY : 0;
}

static int complain_of_none(const struct finding *f, const char *run, struct err *err)
{
	_cleanup_buf_ struct buf list = BUF_INIT;

	if (f->pattern)
		return err_set(err, -ENOENT,
			"run %s has no model of use that matches the pattern '%s'", run,
			f->pattern);
	for (unsigned i = 0; i < MODEL_FORMATS; i++)
		if (f->formats & 1U << i)
			buf_printf(&list, "%s%s", list.len ? ", " : "", formats[i].name);
	return err_set(err, -ENOENT,
		"run %s has saved no model that this target takes: %s is looked for", run,
		buf_str(&list));
}

static int complain_of_many(const struct finding *f, const char *run, struct err *err)
{
	_cleanup_buf_ struct buf list = BUF_INIT;

	for (size_t i = 0; i < f->found.n; i++)
		buf_printf(&list, "%s%s", i ? ", " : "", f->found.v[i]);
	return err_set(err, -E2BIG,
		"run %s has saved several models: %s; say which one by `pattern` of the target",
		run, buf_str(&list));
}

int model_find(int run_fd, const char *run, const char *pattern, unsigned wanted,
	struct buf *ret_path, struct err *err)
{
	struct finding f = {
		.run_fd = run_fd, .pattern = pattern, .formats = wanted, .best = MODEL_OTHER};
	int r = file_walk(run_fd, false, look_at, &f);

	if (r < 0)
		err_set(err, r, "cannot read run %s: %s", run, strerror(-r));
	else if (!f.found.n)
		r = complain_of_none(&f, run, err);
	else if (f.found.n > 1)
		r = complain_of_many(&f, run, err);
	else
		buf_puts(ret_path, f.found.v[0]);
	strv_release(&f.found);
	return r;
}

int model_check(int dirfd, const char *path, struct err *err)
{
	enum model_format format = model_format_of(dirfd, path);
	const struct format *f = &formats[format];
	_cleanup_buf_ struct buf inner = BUF_INIT;
	_cleanup_close_ int fd = -1;
	char head[8];
	ssize_t n;

	if (format == MODEL_OTHER)
		return 0;
	buf_printf(&inner, "%s%s", path, format == MODEL_SAVED ? "/" SAVED_MODEL : "");
	fd = beneath_open(dirfd, buf_str(&inner), O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	n = fd < 0 ? fd : read(fd, head, sizeof(head));
	if (n < 0) {
		int r = fd < 0 ? fd : -errno;

		return err_set(err, r, "cannot read %s: %s", buf_str(&inner), strerror(-r));
	}
	for (size_t i = 0; i < ARRAY_SIZE(f->magic); i++)
		if (f->magic[i] && (size_t)n >= strlen(f->magic[i]) &&
			memcmp(head, f->magic[i], strlen(f->magic[i])) == 0)
			return 0;
	return err_set(err, -EINVAL, "%s is not %s, as its name says: it begins otherwise",
		buf_str(&inner), f->name);
}

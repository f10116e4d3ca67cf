/* SPDX-License-Identifier: MIT */
/* Operation references: parsing, writing, showing. */
#include "run/opref.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/beneath.h"
#include "base/shell.h"
#include "project/builtin.h"
#include "run/attr.h"

enum { OPREF_MAX = 64 * 1024, WORDS = 4 };

void opref_release(struct opref *ref)
{
	free(ref->pkg_type);
	free(ref->pkg_name);
	free(ref->pkg_version);
	free(ref->model);
	free(ref->op);
	*ref = (struct opref){0};
}

static int fill(struct opref *ref, const char *type, size_t type_len, const char *name,
	const char *version, const char *model, const char *op)
{
	*ref = (struct opref){
		.pkg_type = strndup(type, type_len),
		.pkg_name = strdup(name),
		.pkg_version = strdup(version),
		.model = strdup(model),
		.op = strdup(op),
	};
	if (ref->pkg_type && ref->pkg_name && ref->pkg_version && ref->model && ref->op)
		return 0;
	opref_release(ref);
	return -ENOMEM;
}

int opref_copy(struct opref *to, const struct opref *from)
{
	return fill(to, from->pkg_type, strlen(from->pkg_type), from->pkg_name, from->pkg_version,
		from->model, from->op);
}

int opref_parse(const char *text, struct opref *ret, struct err *err)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	const char *colon;
	int r = shell_split(text, &words, err);

	if (r < 0)
		return err_prefix(err, r, "the opref cannot be read");
	colon = words.n ? strchr(words.v[0], ':') : NULL;
	if (words.n != WORDS || !colon)
		return err_set(err, -EINVAL,
			"the opref cannot be read: PKGTYPE:PKGNAME VERSION MODEL OP is needed");
	return fill(ret, words.v[0], (size_t)(colon - words.v[0]), colon + 1, words.v[1],
		words.v[2], words.v[3]);
}

int opref_read(int run_fd, struct opref *ret, struct err *err)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	int r = beneath_read(run_fd, RUN_GUILD_DIR "/opref", OPREF_MAX, &b);

	if (r < 0)
		return err_set(err, r, "the opref cannot be read: %s", strerror(-r));
	return opref_parse(buf_str(&b), ret, err);
}

void opref_format(struct buf *b, const struct opref *ref)
{
	const char *const rest[] = {ref->pkg_version, ref->model, ref->op};

	shell_quote(b, ref->pkg_type);
	buf_putc(b, ':');
	shell_quote(b, ref->pkg_name);
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
		buf_putc(b, ' ');
		shell_quote(b, rest[i]);
	}
}

/* What stands before the name. One that is written in another way has the path's last part. */
static char *script_dir(const char *path, const char *name)
{
	size_t len = strlen(path), n = strlen(name);
	const char *slash = strrchr(path, '/');

	if (len > n && path[len - n - 1] == '/' && strcmp(path + len - n, name) == 0)
		slash = path + len - n - 1;
	return strndup(path, (size_t)(slash - path));
}

int opref_for_operation(const struct operation *op, struct opref *ret)
{
	const struct guildfile *file = op->model->file;

	if (file->is_builtin)
		return fill(ret, "builtin", strlen("builtin"), "guildai", GUILD_AI_VERSION,
			op->model->name, op->name);
	if (file->is_script) {
		_cleanup_free_ char *dir = script_dir(file->path, op->name);

		return dir ? fill(ret, "script", strlen("script"), dir, "", "", op->name) : -ENOMEM;
	}
	if (file->dist_name)
		return fill(ret, "package", strlen("package"), file->dist_name, file->dist_version,
			op->model->name, op->name);
	return fill(ret, "guildfile", strlen("guildfile"), file->path, file->md5, op->model->name,
		op->name);
}

void opref_display(struct buf *b, const struct opref *ref)
{
	static const char *const known[] = {
		"guildfile", "package", "script", "builtin", "import", "pending", "test"};
	bool is_known = false;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		is_known |= strcmp(ref->pkg_type, known[i]) == 0;
	if (strcmp(ref->pkg_type, "func") == 0) {
		buf_printf(b, "%s()", ref->op);
		return;
	}
	if (!is_known) {
		buf_putc(b, '?');
		return;
	}
	if (strcmp(ref->pkg_type, "package") == 0)
		buf_printf(b, "%s/", ref->pkg_name);
	if (*ref->model)
		buf_printf(b, "%s:", ref->model);
	buf_puts(b, ref->op);
}

void opref_project_dir(struct buf *b, const struct opref *ref)
{
	const char *slash = strrchr(ref->pkg_name, '/');

	if (strcmp(ref->pkg_type, "guildfile") == 0 && slash)
		buf_add(b, ref->pkg_name, (size_t)(slash - ref->pkg_name));
	else if (strcmp(ref->pkg_type, "script") == 0)
		buf_puts(b, ref->pkg_name);
}

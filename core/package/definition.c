/* SPDX-License-Identifier: MIT */
/* The package object, read. */
#include "package/definition.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/regex.h"
#include "project/fields.h"

enum { REQUIREMENTS_MAX = 1024 * 1024 };

void package_release(struct package *p)
{
	free(p->name);
	free(p->module);
	free(p->version);
	free(p->description);
	free(p->url);
	free(p->author);
	free(p->author_email);
	free(p->license);
	free(p->python_tag);
	free(p->python_requires);
	strv_release(&p->tags);
	strv_release(&p->data_files);
	strv_release(&p->requires);
	*p = (struct package){0};
}

/* --- name and version ------------------------------------------------------- */

static const struct model *named_default(const struct guildfile *file)
{
	for (size_t i = 0; i < file->n_models; i++)
		if (file->models[i].is_default && *file->models[i].name)
			return &file->models[i];
	return NULL;
}

/* Nobody has named it: the path tells it from others. */
static int make_name(const struct guildfile *file, struct strv *warnings, char **ret)
{
	char hex[DIGEST_MD5_LEN + 1];
	_cleanup_buf_ struct buf name = BUF_INIT;
	int r = digest_text(DIGEST_MD5, file->path, strlen(file->path), hex);

	if (r < 0)
		return r;
	buf_printf(&name, "gpkg.anonymous_%.8s", hex);
	*ret = buf_steal(&name, NULL);
	return *ret ? strv_addf(warnings, "package name not defined in %s - using %s", file->path,
			      *ret)
		    : -ENOMEM;
}

static int set_name(struct package *p, struct strv *warnings, struct err *err)
{
	const struct model *model = named_default(p->file);
	int r = 0;

	if (p->file->package)
		r = field_string(p->file->package, "package", "", &p->name, err);
	else if (model)
		p->name = strdup(model->name);
	else
		r = make_name(p->file, warnings, &p->name);
	if (r < 0 || !p->name)
		return r < 0 ? r : -ENOMEM;
	p->module = strdup(p->name);
	for (char *c = p->module; c && *c; c++)
		*c = *c == '-' ? '_' : *c;
	if (!p->module)
		return -ENOMEM;
	if (regex_matches("^[A-Za-z][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*\\z", p->module) &&
		regex_matches("[A-Za-z0-9]\\z", p->name))
		return 0;
	return err_set(err, -EINVAL,
		"'%s' cannot be the name of a package: letters, digits, - and _ are needed, in "
		"parts with dots between that begin with a letter",
		p->name);
}

/* What pip takes without changing it; anything else would be another file than it says. */
static int check_version(const char *version, struct err *err)
{
#define NUMBER "(0|[1-9][0-9]*)"
	if (regex_matches("^(" NUMBER "!)?" NUMBER "(\\." NUMBER ")*((a|b|rc)" NUMBER
			  ")?(\\.post" NUMBER ")?(\\.dev" NUMBER
			  ")?(\\+[a-z0-9]+(\\.[a-z0-9]+)*)?\\z",
		    version))
		return 0;
#undef NUMBER
	return err_set(err, -EINVAL,
		"'%s' cannot be the version of a package: one like 1.2, 1.2rc1 or 0.3.0.dev4 is "
		"needed (PEP 440)",
		version);
}

/* --- requirements --------------------------------------------------------------- */

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

int package_pip_requirements(const struct strv *given, struct strv *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < given->n; i++) {
		const char *req = given->v[i];

		if (!begins(req, "tensorflow-any"))
			r = strv_add(ret, begins(req, "pypi.") ? req + 5 : req);
	}
	return r;
}

/* Comments begin a line, or stand behind white space. */
static size_t requirement_len(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '#' && (i == 0 || isspace((unsigned char)line[i - 1]))) {
			len = i;
			break;
		}
	}
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	return len;
}

static int read_requirements(struct package *p, struct strv *warnings)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	int number = 0;
	int r;

	buf_printf(&path, "%s/requirements.txt", p->file->dir);
	r = file_read(AT_FDCWD, buf_str(&path), REQUIREMENTS_MAX, &text);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (const char *line = buf_str(&text); r == 0 && *line;) {
		size_t whole = strcspn(line, "\n"), blank = strspn(line, " \t\r\f");
		size_t len = blank < whole ? requirement_len(line + blank, whole - blank) : 0;

		number++;
		if (len && line[blank] == '-')
			r = strv_addf(warnings,
				"%s:%d: '%.*s' is an option of pip and not a requirement of the "
				"package - ignoring it",
				buf_str(&path), number, (int)len, line + blank);
		else if (len)
			r = strv_add_len(&p->requires, line + blank, len);
		line += whole + (line[whole] == '\n');
	}
	return r;
}

static int set_requires(struct package *p, struct strv *warnings, struct err *err)
{
	_cleanup_strv_ struct strv given = STRV_INIT;
	int r = field_strings(p->file->package, "requires", &given, err);

	if (r == 0)
		r = given.n ? package_pip_requirements(&given, &p->requires)
			    : read_requirements(p, warnings);
	return r;
}

/* --- the whole ------------------------------------------------------------------ */

static int set_parts(struct package *p, struct err *err)
{
	const struct value *parts = value_get(p->file->package, "packages");

	if (value_is_null(parts))
		return 0;
	if (parts->type != VALUE_MAP)
		return fail(err, parts,
			"packages is %s, where a mapping of Python packages to directories is "
			"needed",
			value_type_name(parts));
	for (size_t i = 0; i < parts->map.n; i++)
		if (!value_str(parts->map.pairs[i].value))
			return fail(err, parts->map.pairs[i].value,
				"packages: the directory of '%s' is %s, where a path is needed",
				parts->map.pairs[i].key,
				value_type_name(parts->map.pairs[i].value));
	p->parts = parts;
	return 0;
}

static int read_fields(struct package *p, struct err *err)
{
	const struct {
		const char *key, *absent;
		char **to;
	} fields[] = {
		{"description", "", &p->description},
		{"version", "0.0.0", &p->version},
		{"url", "", &p->url},
		{"author", "", &p->author},
		{"author-email", "", &p->author_email},
		{"license", "", &p->license},
		{"python-tag", "", &p->python_tag},
		{"python-requires", "", &p->python_requires},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++)
		r = field_string(
			p->file->package, fields[i].key, fields[i].absent, fields[i].to, err);
	if (r == 0)
		r = check_version(p->version, err);
	if (r == 0)
		r = field_strings(p->file->package, "tags", &p->tags, err);
	if (r == 0 && !strv_has(&p->tags, "gpkg"))
		r = strv_add(&p->tags, "gpkg");
	if (r == 0)
		r = field_strings(p->file->package, "data-files", &p->data_files, err);
	return r == 0 ? set_parts(p, err) : r;
}

int package_define(
	const struct guildfile *file, struct package *ret, struct strv *warnings, struct err *err)
{
	struct err inner = ERR_INIT;
	int r;

	*ret = (struct package){.file = file};
	r = set_name(ret, warnings, &inner);
	if (r == 0)
		r = read_fields(ret, &inner);
	if (r == 0)
		r = set_requires(ret, warnings, &inner);
	if (r == 0)
		return 0;
	return err_set(err, r, "%s: %s", file->path, inner.code ? err_text(&inner) : strerror(-r));
}

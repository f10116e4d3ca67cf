/* SPDX-License-Identifier: MIT */
/* Looking at files and output of a run. */
#include "process/step_checks.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "guild.h"
#include "op_log.h"
#include "base/file.h"
#include "base/regex.h"
#include "base/strv.h"
#include "project/refs.h"
#include "run/attr.h"

enum { CHECK_MAX = 256 * 1024 * 1024, EXIT_CHECK_FAILED = 3 };

struct checking {
	const char *id, *dir;
};

/* How messages show a pattern. */
static const char *shown(const struct value *v, struct buf *b)
{
	value_repr(b, v);
	return buf_str(b);
}

static bool fail_check(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool fail_check(const char *format, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	op_log(OP_LOG_ERROR, "check failed: %s", buf_str(&b));
	return false;
}

static bool contains(const char *path, const struct value *pattern, bool *ret_found)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_regex_ struct regex *regex = NULL;
	struct err err = ERR_INIT;

	*ret_found = false;
	if (file_read(AT_FDCWD, path, CHECK_MAX, &text) < 0)
		return fail_check("error reading run output from %s", path);
	if (regex_compile(pattern->source ? pattern->source : "", &regex, &err) < 0)
		return fail_check("%s", err_text(&err));
	*ret_found = regex_search(regex, buf_str(&text), NULL);
	return true;
}

/* --- output ----------------------------------------------------------------------- */

static bool check_output(const struct checking *c, const struct value *pattern)
{
	_cleanup_buf_ struct buf path = BUF_INIT, text = BUF_INIT;
	bool found;

	buf_printf(&path, "%s/" RUN_GUILD_DIR "/output", c->dir);
	op_log(OP_LOG_INFO, "checking run %s output for %s", c->id, shown(pattern, &text));
	if (!contains(buf_str(&path), pattern, &found))
		return false;
	return found ||
	       fail_check("could not find pattern %s in run %s output", buf_str(&text), c->id);
}

/* --- files ------------------------------------------------------------------------ */

/* ${NAME} in a path is a variable of the environment. */
static int expand_env(const char *path, struct buf *b)
{
	_cleanup_value_ struct value *env = value_map();
	int r = env ? 0 : -ENOMEM;

	for (char **e = environ; r == 0 && *e; e++) {
		size_t len = strcspn(*e, "=");
		_cleanup_free_ char *name = strndup(*e, len);

		if (name && (*e)[len])
			r = value_map_add(env, name, value_string(*e + len + 1));
	}
	return r < 0 ? r : refs_resolve(path, env, b, NULL);
}

static bool compare(const struct checking *c, const char *path, const char *rel, const char *to)
{
	_cleanup_buf_ struct buf expanded = BUF_INIT, full = BUF_INIT, a = BUF_INIT, b = BUF_INIT;

	if (expand_env(to, &expanded) < 0)
		return fail_check("'%s' has a reference to no variable", to);
	if (*buf_str(&expanded) != '/')
		buf_printf(&full, "%s/", c->dir);
	buf_puts(&full, buf_str(&expanded));
	op_log(OP_LOG_INFO, "comparing run %s file %s to %s", c->id, rel, buf_str(&full));
	if (file_read(AT_FDCWD, path, CHECK_MAX, &a) < 0)
		return fail_check("error reading run output from %s", path);
	if (file_read(AT_FDCWD, buf_str(&full), CHECK_MAX, &b) < 0)
		return fail_check("error reading run output from %s", buf_str(&full));
	if (a.len == b.len && memcmp(a.data, b.data, a.len) == 0)
		return true;
	return fail_check(
		"unexpected file contents in %s: it is not what %s holds", rel, buf_str(&full));
}

static bool check_path(const struct checking *c, const char *path, const struct value *check)
{
	const struct value *to = value_get(check, "compare-to");
	const struct value *pattern = value_get(check, "contains");
	const char *rel = path + strlen(c->dir) + 1;
	_cleanup_buf_ struct buf text = BUF_INIT;
	bool found;

	if (value_str(to) && !compare(c, path, rel, value_str(to)))
		return false;
	if (value_is_null(pattern))
		return true;
	op_log(OP_LOG_INFO, "checking run %s file %s for %s", c->id, rel, shown(pattern, &text));
	if (!contains(path, pattern, &found))
		return false;
	return found || fail_check("could not find pattern %s in run %s file %s", buf_str(&text),
				c->id, rel);
}

static bool check_files(
	const struct checking *c, const struct value *file, const struct value *check)
{
	_cleanup_buf_ struct buf pattern = BUF_INIT, text = BUF_INIT;
	bool ok = true;
	glob_t found;

	op_log(OP_LOG_INFO, "checking run %s files %s", c->id, shown(file, &text));
	buf_printf(&pattern, "%s/%s", c->dir, file->source ? file->source : "");
	if (glob(buf_str(&pattern), 0, NULL, &found) != 0)
		return fail_check(
			"no files matching %s in run %s", file->source ? file->source : "", c->id);
	for (size_t i = 0; ok && i < found.gl_pathc; i++)
		ok = check_path(c, found.gl_pathv[i], check);
	globfree(&found);
	return ok;
}

/* --- all -------------------------------------------------------------------------- */

static bool check_one(const struct checking *c, const struct value *check)
{
	const struct value *output = value_get(check, "output");
	const struct value *file = value_get(check, "file");

	if (file)
		return check_files(c, file, check);
	if (output)
		return check_output(c, output);
	return fail_check("invalid check config - expected one of: file, output");
}

int step_checks(const struct home *home, const char *run_id, const struct value *expect)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	struct checking c = {.id = run_id};
	size_t n = 1, passed = 0;

	if (!value_truthy(expect))
		return EXIT_OK;
	home_run_path(home, run_id, &dir);
	c.dir = buf_str(&dir);
	if (expect->type == VALUE_LIST)
		n = expect->list.n;
	for (size_t i = 0; i < n; i++)
		passed +=
			check_one(&c, expect->type == VALUE_LIST ? expect->list.items[i] : expect);
	op_log(OP_LOG_INFO, "%zu of %zu checks passed", passed, n);
	if (passed == n)
		return EXIT_OK;
	complain("stopping because a check failed - see above for details");
	return EXIT_CHECK_FAILED;
}

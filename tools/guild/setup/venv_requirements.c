/* SPDX-License-Identifier: MIT */
/* What an environment needs: by requirements files, and by packages that Guild files describe. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "setup/venv.h"
#include "base/file.h"
#include "base/name.h"
#include "base/natural.h"
#include "base/output_of.h"
#include "base/regex.h"
#include "base/version.h"
#include "package/definition.h"
#include "project/raw.h"

#define REQUIREMENTS     "./requirements.txt"
#define REQUIREMENTS_MAX ((size_t)1 << 20)

/* The Python that is needed, and who says so; NULL: nobody. */
struct wanted {
	char *spec, *source;
};

static void wanted_release(struct wanted *w)
{
	free(w->spec);
	free(w->source);
}

static int want(struct wanted *w, const char *spec, size_t len, const char *source)
{
	w->spec = strndup(spec, len);
	w->source = strdup(source);
	return w->spec && w->source ? 0 : -ENOMEM;
}

/* --- packages of Guild files --------------------------------------------------------- */

struct gathering {
	const struct strv *paths;
	struct strv seen; /* Guild files */
	struct strv packages;
	struct wanted wanted; /* by the project's own package */
};

static void gathering_release(struct gathering *in)
{
	strv_release(&in->seen);
	strv_release(&in->packages);
	wanted_release(&in->wanted);
}

static int gather(struct gathering *in, const char *dir);

/* A package that is below one of the paths is imported from there; what it needs is needed. */
static int gather_package(struct gathering *in, const char *name)
{
	_cleanup_buf_ struct buf below = BUF_INIT;

	buf_replace(&below, name, ".", "/");
	for (size_t i = 0; !buf_error(&below) && i < in->paths->n; i++) {
		_cleanup_buf_ struct buf dir = BUF_INIT;

		buf_printf(&dir, "%s/%s", in->paths->v[i], buf_str(&below));
		if (name_is_safe_path(buf_str(&below)) && file_exists(AT_FDCWD, buf_str(&dir)))
			return buf_error(&dir) ? buf_error(&dir) : gather(in, buf_str(&dir));
	}
	return buf_error(&below) ? buf_error(&below) : strv_add(&in->packages, name);
}

static int gather_item(struct gathering *in, const struct value *data, const char *path)
{
	_cleanup_strv_ struct strv given = STRV_INIT, needed = STRV_INIT;
	const char *python = value_str(value_get(data, "python-requires"));
	bool own = in->seen.n == 1;
	struct err err = ERR_INIT;
	int r = raw_strings(value_get(data, "requires"), "requires", &given, &err);

	if (r == -EINVAL) {
		warning("invalid package requires list in %s (%s) - ignoring", path,
			err_text(&err));
		return 0;
	}
	if (r == 0)
		r = package_pip_requirements(&given, &needed);
	if (r == 0 && python && own && !in->wanted.spec)
		r = want(&in->wanted, python, strlen(python), path);
	for (size_t i = 0; r == 0 && i < needed.n; i++)
		r = gather_package(in, needed.v[i]);
	return r;
}

/* Guild files as data: what is wrong with their operations does not matter here. */
static int gather(struct gathering *in, const char *dir)
{
	_cleanup_raw_ struct raw_set set = {0};
	_cleanup_buf_ struct buf path = BUF_INIT;
	struct raw_file *file;
	struct err err = ERR_INIT;
	int r;

	buf_printf(&path, "%s/" GUILDFILE_NAME, dir);
	if (strv_has(&in->seen, buf_str(&path)) || !file_exists(AT_FDCWD, buf_str(&path)))
		return buf_error(&path);
	r = strv_add(&in->seen, buf_str(&path));
	if (r < 0)
		return r;
	r = raw_read(&set, buf_str(&path), &file, &err);
	if (r < 0) {
		warning("cannot read Guild package requirements for %s (%s) - ignoring",
			buf_str(&path), err_text(&err));
		return r == -ENOMEM ? r : 0;
	}
	for (size_t i = 0; r == 0 && i < file->n; i++)
		if (file->items[i].type && strcmp(file->items[i].type, "package") == 0)
			return gather_item(in, file->items[i].data, buf_str(&path));
	return 0;
}

/* --- the Python that fits ------------------------------------------------------------- */

/* A requirements file says it in a comment, which pip passes over: "# python>=3.8". */
static int look_into_file(const char *path, struct wanted *w)
{
	_cleanup_regex_ struct regex *regex = NULL;
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct regex_match match = {0};
	int r = regex_compile("(?m)^\\s*#\\s*python(\\S+?)\\s*$", &regex, NULL);

	/* It may be the name of a package. */
	if (r < 0 || file_read(AT_FDCWD, path, REQUIREMENTS_MAX, &text) < 0 ||
		!regex_search(regex, buf_str(&text), &match))
		return r;
	return want(w, match.group[1].start, match.group[1].len, path);
}

/* Programs that call themselves python and a version, in directories of PATH. */
static int add_interpreter(void *arg, const char *name, int d_type)
{
	static const char python[] = "python";
	const char *version = name + strlen(python);

	(void)d_type;
	if (strncmp(name, python, strlen(python)) != 0 || !*version ||
		version[strspn(version, "0123456789.")])
		return 0;
	return strv_add(arg, name);
}

static int compare_names(const void *a, const void *b)
{
	return natural_compare(*(char *const *)a, *(char *const *)b);
}

static int list_interpreters(const char *search_path, struct strv *ret)
{
	int r = 0;

	while (r == 0 && *search_path) {
		size_t len = strcspn(search_path, ":");
		_cleanup_free_ char *dir = strndup(search_path, len);

		if (!dir)
			return -ENOMEM;
		r = file_each(AT_FDCWD, dir, add_interpreter, ret);
		r = r == -ENOMEM ? r : 0;
		search_path += len + (search_path[len] == ':');
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare_names);
	return r;
}

static bool fits(const char *python, const char *spec)
{
	const char *const argv[] = {
		python, "-c", "import platform; print(platform.python_version(), end='')", NULL};
	_cleanup_buf_ struct buf version = BUF_INIT;
	bool matches = false;

	return output_of(argv, NULL, &version) == 0 &&
	       version_matches(buf_str(&version), spec, &matches, NULL) == 0 && matches;
}

/* The one that runs have, when it fits, else the newest one. */
static int choose_fitting(struct guild *g, const struct wanted *w, struct venv *venv)
{
	const char *search_path = strv_env_get(&g->env, "PATH");
	_cleanup_strv_ struct strv names = STRV_INIT;
	_cleanup_buf_ struct buf own = BUF_INIT;
	bool valid;

	if (version_matches("3", w->spec, &valid, NULL) < 0)
		return complain("invalid Python requirement '%s' in %s\n"
				"Modify the requirement in that file or use '--python <version>' "
				"to provide an explicit version.",
			w->spec, w->source);
	if (guild_find_python(g, &own) != EXIT_OK)
		return EXIT_ERROR;
	if (fits(buf_str(&own), w->spec)) {
		buf_puts(&venv->python, buf_str(&own));
		return EXIT_OK;
	}
	if (list_interpreters(search_path ? search_path : "", &names) < 0)
		return complain("out of memory");
	for (size_t i = names.n; i-- > 0;)
		if (fits(names.v[i], w->spec))
			return venv_choose_python(g, names.v[i], venv);
	return complain("no Python on PATH is %s, as %s requires\n"
			"Use '--python <version>' to take another one.",
		w->spec, w->source);
}

/* --- all of it ------------------------------------------------------------------------- */

static int take_files(const struct strv *given, bool none, struct venv *venv)
{
	if (given->n)
		return strv_copy(&venv->requirements, given);
	if (none || !file_exists(AT_FDCWD, REQUIREMENTS))
		return 0;
	return strv_add(&venv->requirements, REQUIREMENTS);
}

static int choose_python(
	struct guild *g, struct gathering *in, const struct strv *reqs, struct venv *venv)
{
	int r = 0;

	for (size_t i = 0; r == 0 && !in->wanted.spec && i < reqs->n; i++)
		r = look_into_file(reqs->v[i], &in->wanted);
	if (r < 0)
		return complain("out of memory");
	return in->wanted.spec ? choose_fitting(g, &in->wanted, venv) : EXIT_OK;
}

int venv_choose_requirements(
	struct guild *g, const struct strv *given, bool none, struct venv *venv)
{
	_cleanup_(gathering_release) struct gathering in = {.paths = &venv->paths};
	int r = gather(&in, g->cwd);

	if (r == 0 && !none)
		r = strv_copy(&venv->packages, &in.packages);
	if (r == 0)
		r = take_files(given, none, venv);
	if (r < 0)
		return complain("cannot find out what is required: %s", strerror(-r));
	strv_sort(&venv->packages);
	strv_unique(&venv->packages);
	return venv->python.len ? EXIT_OK : choose_python(g, &in, &venv->requirements, venv);
}

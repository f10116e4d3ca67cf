/* SPDX-License-Identifier: MIT */
/* Making an environment, and installing into it. */
#include "setup/venv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "term/child.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/output_of.h"
#include "project/command.h"

#define PATH_DIGEST_LEN 8

void venv_release(struct venv *venv)
{
	buf_release(&venv->python);
	strv_release(&venv->packages);
	strv_release(&venv->requirements);
	strv_release(&venv->paths);
}

static int out_of_memory(void)
{
	return complain("out of memory");
}

static int add_all(struct strv *argv, const char *const *words)
{
	int r = 0;

	for (; r == 0 && *words; words++)
		r = strv_add(argv, *words);
	return r;
}

static int run_in_sight(const struct strv *argv, const char *what)
{
	int status = run_child((const char *const *)argv->v, NULL);

	if (status < 0)
		return complain("cannot run %s: %s", argv->v[0], strerror(-status));
	return status ? complain("%s: %s failed with exit status %d (see above)", what, argv->v[0],
				status)
		      : EXIT_OK;
}

/* --- the environment -------------------------------------------------------------- */

int venv_choose_python(const struct guild *g, const char *given, struct venv *venv)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	buf_printf(&name, "%s%s", isdigit((unsigned char)*given) ? "python" : "", given);
	if (program_find(buf_str(&name), &g->env, &venv->python) < 0)
		return complain(
			"there is no Python '%s': no program %s is on PATH", given, buf_str(&name));
	return EXIT_OK;
}

/* Debian has these in a package of their own. */
static bool has_venv_module(const char *python)
{
	const char *const argv[] = {python, "-c", "import ensurepip, venv", NULL};
	_cleanup_buf_ struct buf ignored = BUF_INIT;

	return output_of(argv, NULL, &ignored) == 0;
}

static int begin_maker(const struct guild *g, const char *python, struct strv *argv)
{
	_cleanup_buf_ struct buf virtualenv = BUF_INIT;
	int r;

	if (has_venv_module(python)) {
		r = add_all(argv, (const char *const[]){python, "-m", "venv", NULL});
	} else if (program_find("virtualenv", &g->env, &virtualenv) == 0) {
		r = add_all(argv,
			(const char *const[]){buf_str(&virtualenv), "--python", python, NULL});
	} else {
		return complain("cannot make a virtual environment: %s has no modules venv and "
				"ensurepip (in Debian: apt install python3-venv), and there is no "
				"virtualenv on PATH",
			python);
	}
	return r < 0 ? out_of_memory() : EXIT_OK;
}

static int make_environment(struct guild *g, const struct venv *venv)
{
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf own = BUF_INIT;
	const char *python = buf_str(&venv->python);

	if (!*python && guild_find_python(g, &own) != EXIT_OK)
		return EXIT_ERROR;
	if (!*python)
		python = buf_str(&own);
	fputs("Creating virtual environment\n", stderr);
	if (begin_maker(g, python, &argv) != EXIT_OK)
		return EXIT_ERROR;
	if (add_all(&argv, (const char *const[]){"--prompt", venv->name, NULL}) < 0 ||
		(venv->system_site_packages && strv_add(&argv, "--system-site-packages") < 0) ||
		strv_add(&argv, venv->dir) < 0)
		return out_of_memory();
	return run_in_sight(&argv, "no virtual environment");
}

/* --- what is installed ------------------------------------------------------------- */

/* Isolated (-I): a PYTHONPATH of ours, or a user's own packages, are not there when it is used. */
static int begin_pip(const struct venv *venv, struct strv *argv)
{
	if (strv_addf(argv, "%s/bin/python", venv->dir) < 0)
		return -ENOMEM;
	return add_all(argv, (const char *const[]){"-I", "-m", "pip", "install", NULL});
}

/* Without it the environment is usable, and nobody may be on a network. */
static int upgrade_pip(const struct venv *venv)
{
	_cleanup_strv_ struct strv argv = STRV_INIT;
	_cleanup_buf_ struct buf ignored = BUF_INIT;

	fputs("Upgrading pip\n", stderr);
	if (begin_pip(venv, &argv) < 0 ||
		add_all(&argv, (const char *const[]){"--quiet", "--upgrade", "pip", NULL}) < 0)
		return out_of_memory();
	if (output_of((const char *const *)argv.v, NULL, &ignored) < 0)
		warning("pip could not be upgraded and stays as it is");
	return EXIT_OK;
}

/* Packages that lie here are files, too. */
static bool is_requirements_file(const char *req)
{
	static const char *const packages[] = {".whl", ".zip", ".tar.gz", ".tgz"};
	struct stat st;

	if (stat(req, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++) {
		size_t len = strlen(req), n = strlen(packages[i]);

		if (len > n && strcmp(req + len - n, packages[i]) == 0)
			return false;
	}
	return true;
}

static int add_requirements(struct strv *argv, const struct strv *reqs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < reqs->n; i++)
		if (is_requirements_file(reqs->v[i]))
			r = strv_addf(argv, "--requirement=%s", reqs->v[i]);
	/* What begins with a dash is no option of pip. */
	if (r == 0)
		r = strv_add(argv, "--");
	for (size_t i = 0; r == 0 && i < reqs->n; i++)
		if (!is_requirements_file(reqs->v[i]))
			r = strv_add(argv, reqs->v[i]);
	return r;
}

static int install(
	const struct venv *venv, const char *option, const struct strv *reqs, const char *says)
{
	const struct {
		bool given;
		const char *option;
	} options[] = {{option, option}, {venv->no_progress, "--progress-bar=off"},
		{venv->pre, "--pre"}, {true, "--no-warn-script-location"}};
	_cleanup_strv_ struct strv argv = STRV_INIT;
	int r;

	if (!reqs->n)
		return EXIT_OK;
	fprintf(stderr, "Installing %s\n", says);
	r = begin_pip(venv, &argv);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(options); i++)
		r = options[i].given ? strv_add(&argv, options[i].option) : 0;
	if (r == 0)
		r = add_requirements(&argv, reqs);
	return r < 0 ? out_of_memory() : run_in_sight(&argv, "not installed");
}

/* Guild AI itself, for who wants it there; this program is outside of every environment. */
static int install_guild_ai(const struct venv *venv)
{
	bool is_version = venv->guild && isdigit((unsigned char)*venv->guild);
	_cleanup_strv_ struct strv reqs = STRV_INIT;
	_cleanup_buf_ struct buf says = BUF_INIT;

	if (!venv->guild)
		return EXIT_OK;
	buf_printf(&says, "Guild %s%s", is_version ? "" : "from ", venv->guild);
	if (buf_error(&says) ||
		strv_addf(&reqs, "%s%s", is_version ? "guildai==" : "", venv->guild) < 0)
		return out_of_memory();
	/* It may be among the system's packages, and has its command there. */
	return install(venv, "--ignore-installed", &reqs, buf_str(&says));
}

/* --- paths -------------------------------------------------------------------------- */

static int find_site_packages(const struct venv *venv, struct buf *ret)
{
	_cleanup_buf_ struct buf python = BUF_INIT;

	buf_printf(&python, "%s/bin/python", venv->dir);
	if (!buf_error(&python)) {
		const char *const argv[] = {buf_str(&python), "-I", "-c",
			"import sysconfig; print(sysconfig.get_path('purelib'), end='')", NULL};

		if (output_of(argv, NULL, ret) == 0)
			return EXIT_OK;
	}
	return complain("cannot tell where packages of %s are", buf_str(&python));
}

/* A file of one line, which says what is to be imported from, too. */
static int write_path(int site_packages, const char *path)
{
	_cleanup_free_ char *full = realpath(path, NULL);
	_cleanup_buf_ struct buf name = BUF_INIT;
	char digest[DIGEST_MD5_LEN + 1];
	int r;

	if (!full)
		return complain("cannot use the path '%s': %s", path, strerror(errno));
	if (strchr(full, '\n'))
		return complain("cannot use the path '%s': it has a newline in it", path);
	r = digest_text(DIGEST_MD5, full, strlen(full), digest);
	buf_printf(&name, "%s-%.*s.pth", strrchr(full, '/') + 1, PATH_DIGEST_LEN, digest);
	if (r == 0)
		r = buf_error(&name);
	if (r == 0)
		r = file_write(
			site_packages, buf_str(&name), full, strlen(full), 0644, FILE_NOSYNC);
	return r < 0 ? complain("cannot add the path '%s': %s", path, strerror(-r)) : EXIT_OK;
}

static int add_paths(const struct venv *venv)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int status;

	if (!venv->paths.n)
		return EXIT_OK;
	status = find_site_packages(venv, &dir);
	if (status != EXIT_OK)
		return status;
	fd = open(buf_str(&dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return complain("cannot open %s: %s", buf_str(&dir), strerror(errno));
	for (size_t i = 0; status == EXIT_OK && i < venv->paths.n; i++)
		status = write_path(fd, venv->paths.v[i]);
	return status;
}

int venv_make(struct guild *g, const struct venv *venv)
{
	int status = make_environment(g, venv);

	if (status == EXIT_OK)
		status = upgrade_pip(venv);
	if (status == EXIT_OK)
		status = install_guild_ai(venv);
	if (status == EXIT_OK)
		status = install(venv, NULL, &venv->packages, "Guild package requirements");
	if (status == EXIT_OK)
		status = install(venv, NULL, &venv->requirements, "Python requirements");
	return status == EXIT_OK ? add_paths(venv) : status;
}

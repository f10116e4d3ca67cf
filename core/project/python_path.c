/* SPDX-License-Identifier: MIT */
/* Asking Pythons for their paths, each once: a project may have one of its own. */
#include "project/python_path.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/array.h"
#include "base/output_of.h"

struct answer {
	char *python;
	char *inherited; /* the PYTHONPATH that it was given */
	struct strv path;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct answer *answers; /* for the life of the process: (lock) */
static size_t n_answers, cap_answers;

static const char *inherited(void)
{
	const char *value = getenv("PYTHONPATH");

	return value ? value : "";
}

static const struct answer *find(const char *python)
{
	for (size_t i = 0; i < n_answers; i++)
		if (strcmp(answers[i].python, python) == 0 &&
			strcmp(answers[i].inherited, inherited()) == 0)
			return &answers[i];
	return NULL;
}

static int ask(const char *python, struct strv *ret)
{
	static const char program[] = "import sys; print('\\n'.join(p for p in sys.path if p))";
	const char *const argv[] = {python, "-c", program, NULL};
	_cleanup_buf_ struct buf out = BUF_INIT;
	int r = output_of(argv, NULL, &out);

	for (const char *line = buf_str(&out); r == 0 && *line;) {
		size_t len = strcspn(line, "\n");

		if (len)
			r = strv_add_len(ret, line, len);
		line += len + (line[len] == '\n');
	}
	return r;
}

static int keep(const char *python, const struct strv *path)
{
	struct answer a = {.python = strdup(python), .inherited = strdup(inherited())};
	int r = a.python && a.inherited ? strv_copy(&a.path, path) : -ENOMEM;

	if (r == 0)
		r = array_grow(&answers, n_answers, &cap_answers, sizeof(*answers));
	if (r == 0) {
		answers[n_answers++] = a;
		return 0;
	}
	free(a.python);
	free(a.inherited);
	strv_release(&a.path);
	return r;
}

int python_path_of(const char *python, struct strv *ret)
{
	LOCK_SCOPE(&lock);
	const struct answer *known = find(python);
	_cleanup_strv_ struct strv path = STRV_INIT;
	int r;

	if (known)
		return strv_copy(ret, &known->path);
	r = ask(python, &path);
	if (r == 0)
		r = keep(python, &path);
	return r < 0 ? r : strv_copy(ret, &path);
}

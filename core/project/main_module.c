/* SPDX-License-Identifier: MIT */
/* From `main` or a script to a file. */
#include "project/main_module.h"

#include <stdlib.h>
#include <string.h>

#include "base/shell.h"

void main_module_release(struct main_module *m)
{
	strv_release(&m->words);
	strv_release(&m->dirs);
	strv_release(&m->tried);
	free(m->path);
}

/* ${python_exe} -um guild.op_main MODULE ... is how scripts are run. */
static int words_of(const struct operation *op, struct strv *ret)
{
	_cleanup_strv_ struct strv words = STRV_INIT;
	int r;

	if (op->main && !op->exec)
		return shell_split(op->main, ret, NULL);
	if (!op->model->file->is_script || !op->exec)
		return 0;
	r = shell_split(op->exec, &words, NULL);
	if (r == 0 && words.n > 3 && strcmp(words.v[2], "guild.op_main") == 0)
		r = strv_add(ret, words.v[3]);
	return r;
}

/*
 * Where modules are looked for: `python-path`, else the root of the source code, else the project;
 * then the packages that the model extends.
 */
static int model_dirs(const struct operation *op, struct strv *ret)
{
	const struct value *listed = value_get(op->data, "python-path");
	const char *root = value_str(value_get(op->sourcecode, "root"));
	const char *dir = op->model->file->dir;
	bool is_list = listed && listed->type == VALUE_LIST;
	int r = 0;

	for (size_t i = 0; is_list && r == 0 && i < listed->list.n; i++)
		if (value_str(listed->list.items[i]))
			r = strv_addf(ret, "%s/%s", dir, listed->list.items[i]->string);
	if (!is_list && r == 0)
		r = root ? strv_addf(ret, "%s/%s", dir, root) : strv_add(ret, dir);
	return r < 0 ? r : strv_copy(ret, &op->model->parents);
}

/* dir/pkg.mod is dir/pkg/mod.py or dir/pkg/mod/__main__.py in one of the directories. */
static int find_module(struct main_module *m, const char *module)
{
	static const char *const ends[] = {".py", "/__main__.py"};
	const char *slash = strrchr(module, '/');
	int r = 0;

	for (size_t i = 0; r == 0 && !m->path && i < m->dirs.n * ARRAY_SIZE(ends); i++) {
		_cleanup_buf_ struct buf path = BUF_INIT;

		buf_printf(&path, "%s/", m->dirs.v[i / ARRAY_SIZE(ends)]);
		for (const char *c = module; *c; c++)
			buf_putc(&path, *c == '.' && c > slash ? '/' : *c);
		buf_puts(&path, ends[i % ARRAY_SIZE(ends)]);
		r = strv_add(&m->tried, buf_str(&path));
		m->path = realpath(buf_str(&path), NULL);
	}
	return r;
}

int main_module_find(const struct operation *op, struct main_module *ret)
{
	struct main_module m = {0};
	int r = words_of(op, &m.words);

	if (r == 0 && m.words.n)
		r = model_dirs(op, &m.dirs);
	if (r == 0 && m.words.n)
		r = find_module(&m, m.words.v[0]);
	if (r < 0) {
		main_module_release(&m);
		return r;
	}
	*ret = m;
	return 0;
}

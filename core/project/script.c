/* SPDX-License-Identifier: MIT */
/* Guild files for scripts. */
#include "project/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/name.h"
#include "base/shell.h"
#include "yaml/yaml.h"

/* The directory that holds both: a script beside or below cwd is of the project there. */
static char *common_dir(const char *cwd, const char *path)
{
	size_t common = 0;

	for (size_t i = 0;; i++) {
		if ((!cwd[i] || cwd[i] == '/') && (!path[i] || path[i] == '/'))
			common = i;
		if (!cwd[i] || !path[i] || cwd[i] != path[i])
			break;
	}
	return common ? strndup(cwd, common) : strdup("/");
}

/* Guild AI tags by what the name says. */
static const char *tag_for(const char *name)
{
	return strcasestr(name, "train") ? "model" : strcasestr(name, "prepare") ? "dataset" : NULL;
}

static int put(struct value *map, const char *key, struct value *v)
{
	return value_map_set(map, key, v);
}

static int python_operation(const char *dir, const char *path, struct value *op)
{
	const char *below = path + strlen(dir) + (dir[1] != '\0');
	_cleanup_free_ char *module = strndup(below, strlen(below) - strlen(".py"));
	_cleanup_buf_ struct buf exec = BUF_INIT;
	const char *tag = tag_for(name_of_path(path));
	int r;

	if (!module)
		return -ENOMEM;
	buf_puts(&exec, "${python_exe} -um guild.op_main ");
	shell_quote(&exec, module);
	buf_puts(&exec, " ${flag_args}");
	r = put(op, "exec", value_string(buf_str(&exec)));
	if (r == 0)
		r = put(op, "flags-import", value_bool(true));
	return r == 0 && tag ? put(op, "tags", value_string(tag)) : r;
}

static int executable_operation(const char *path, struct value *op)
{
	_cleanup_buf_ struct buf exec = BUF_INIT;

	shell_quote(&exec, path);
	return put(op, "exec", value_string(buf_str(&exec)));
}

/* [{model: "", operations: {NAME: op}}] */
static int print_guildfile(const char *name, struct value *op, struct buf *b)
{
	_cleanup_value_ struct value *list = value_list();
	struct value *model = value_map(), *ops = value_map();
	int r = ops ? put(ops, name, op) : (value_free(op), -ENOMEM);

	if (r == 0)
		r = model ? put(model, "operations", STEAL(ops)) : -ENOMEM;
	value_free(ops);
	if (r == 0)
		r = put(model, "model", value_string(""));
	if (r == 0)
		r = list ? value_list_add(list, STEAL(model)) : -ENOMEM;
	value_free(model);
	if (r == 0)
		yaml_emit(b, list);
	return r < 0 ? r : buf_error(b);
}

int script_guildfile(const char *cwd, const char *path, struct guildfile **ret, struct err *err)
{
	_cleanup_buf_ struct buf full = BUF_INIT, text = BUF_INIT, place = BUF_INIT;
	_cleanup_free_ char *real = NULL, *dir = NULL;
	struct value *op;
	struct stat st;
	bool python;
	int r;

	if (*path != '/')
		buf_printf(&full, "%s/", cwd);
	buf_puts(&full, path);
	real = realpath(buf_str(&full), NULL);
	if (!*path || !real || stat(real, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	python = name_ends_with(path, ".py");
	if (!python && access(real, X_OK) < 0)
		return err_set(err, -EACCES, "cannot run '%s': must be an executable file", path);
	dir = python ? common_dir(cwd, real)
		     : strndup(real, (size_t)(name_of_path(real) - real) - 1);
	op = value_map();
	if (!dir || !op) {
		value_free(op);
		return -ENOMEM;
	}
	r = python ? python_operation(dir, real, op) : executable_operation(real, op);
	if (r < 0) {
		value_free(op);
		return r;
	}
	r = print_guildfile(python ? name_of_path(path) : path, op, &text);
	buf_printf(&place, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, GUILDFILE_NAME);
	if (r == 0)
		r = guildfile_parse(buf_str(&place), buf_str(&text), text.len, ret, err);
	if (r < 0)
		return r;
	(*ret)->is_script = true;
	free((*ret)->path);
	(*ret)->path = STEAL(real);
	return 0;
}

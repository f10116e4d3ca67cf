/* SPDX-License-Identifier: MIT */
/* Reading batch files. */
#include "project/trials.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "project/flag_values.h"
#include "yaml/yaml.h"

enum { TRIALS_MAX = 64 * 1024 * 1024 };

/* --- CSV ------------------------------------------------------------------- */

/* One row of cells from *text on (RFC 4180); false at the end. */
static bool csv_row(const char **text, struct strv *cells)
{
	const char *p = *text;

	if (!*p)
		return false;
	for (;;) {
		_cleanup_buf_ struct buf cell = BUF_INIT;
		bool quoted = *p == '"';

		if (quoted)
			p++;
		while (*p && (quoted || !strchr(",\r\n", *p))) {
			if (quoted && p[0] == '"' && p[1] == '"')
				p++;
			else if (quoted && *p == '"')
				quoted = false;
			if (*p != '"' || quoted)
				buf_putc(&cell, *p);
			p++;
		}
		if (strv_add(cells, buf_str(&cell)) < 0)
			return false;
		if (*p != ',')
			break;
		p++;
	}
	p += strspn(p, "\r");
	*text = p + (*p == '\n');
	return true;
}

static int csv_trial(const struct strv *header, const struct strv *row, struct value *list)
{
	struct value *trial = value_map();
	int r = trial ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < header->n && i < row->n; i++)
		r = value_map_set(trial, header->v[i], flag_decode(FLAG_AUTO, row->v[i]));
	if (r == 0)
		return value_list_add(list, trial);
	value_free(trial);
	return r;
}

static int csv_parse(const char *text, struct value *list)
{
	_cleanup_strv_ struct strv header = STRV_INIT;
	int r = 0;

	if (!csv_row(&text, &header))
		return 0;
	while (r == 0) {
		_cleanup_strv_ struct strv row = STRV_INIT;

		if (!csv_row(&text, &row))
			break;
		if (row.n > 1 || (row.n && *row.v[0]))
			r = csv_trial(&header, &row, list);
	}
	return r;
}

/* --- all ------------------------------------------------------------------- */

/* As Python calls the types of what may be in such a file. */
static const char *python_type(const struct value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		return "NoneType";
	case VALUE_BOOL:
		return "bool";
	case VALUE_INT:
	case VALUE_BIGINT:
		return "int";
	case VALUE_FLOAT:
		return "float";
	case VALUE_DATE:
		return "date";
	default:
		return "str";
	}
}

static int check(const struct value *list, struct err *err)
{
	for (size_t i = 0; i < list->list.n; i++) {
		const struct value *item = list->list.items[i];
		_cleanup_buf_ struct buf shown = BUF_INIT;

		if (item->type == VALUE_MAP)
			continue;
		value_repr(&shown, item);
		return err_set(err, -EINVAL, "invalid data type for trial %s: expected dict",
			buf_str(&shown));
	}
	return 0;
}

int trials_read(const char *path, struct value **ret, struct err *err)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_value_ struct value *list = value_list();
	struct value *v = NULL;
	int r = list ? file_read(AT_FDCWD, path, TRIALS_MAX, &text) : -ENOMEM;

	if (r < 0)
		return err_set(err, r, "%s: %s", path, strerror(-r));
	if (!dot || strcmp(dot, ".csv") == 0) {
		r = csv_parse(buf_str(&text), list);
	} else if (strcmp(dot, ".json") == 0 || strcmp(dot, ".yml") == 0 ||
		   strcmp(dot, ".yaml") == 0) {
		r = yaml_parse(buf_str(&text), text.len, &v, err);
		if (r == 0 && v->type == VALUE_LIST) {
			value_free(list);
			list = v;
		} else if (r == 0 && v->type == VALUE_MAP) {
			r = value_list_add(list, v);
		} else if (r == 0) {
			r = err_set(err, -EINVAL,
				"invalid data type for trials: expected list or dict, got %s",
				python_type(v));
			value_free(v);
		}
	} else {
		r = err_set(err, -EINVAL, "unsupported extension");
	}
	if (r == 0)
		r = check(list, err);
	if (r == 0)
		*ret = STEAL(list);
	return r;
}

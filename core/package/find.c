/* SPDX-License-Identifier: MIT */
/* From an opspec to an operation of an installed package. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "package/installed.h"

struct matches {
	const struct model *only; /* the last one */
	const struct model *exact;
	size_t n;
	struct strv names; /* all of them */
};

static void full_name(struct buf *b, const struct model *m)
{
	buf_printf(b, "%s/%s", m->file->dist_name, m->name);
}

/* An empty reference stands for anonymous models. */
static int look_at(const struct model *m, const char *ref, struct matches *found)
{
	_cleanup_buf_ struct buf full = BUF_INIT;
	bool with_package = strchr(ref, '/');
	const char *name;

	full_name(&full, m);
	name = with_package ? buf_str(&full) : m->name;
	if (*ref ? !strstr(name, ref) : *name)
		return 0;
	found->only = m;
	found->n++;
	if (*ref && strcmp(name, ref) == 0)
		found->exact = found->exact ? found->exact : m;
	return strv_add(&found->names, buf_str(&full));
}

static int complain_of_many(const struct matches *found, const char *ref, struct err *err)
{
	_cleanup_buf_ struct buf list = BUF_INIT;

	for (size_t i = 0; i < found->names.n; i++)
		buf_printf(&list, "\n  %s", found->names.v[i]);
	if (!*ref)
		return err_set(err, -ENOENT,
			"several packages have operations without a model\nTry PACKAGE/OPERATION "
			"with one of the following:%s",
			buf_str(&list));
	return err_set(err, -ENOENT,
		"there are multiple models that match '%s'\nTry specifying one of the following:%s",
		ref, buf_str(&list));
}

static int find_model(
	const struct installed *in, const char *ref, const struct model **ret, struct err *err)
{
	struct matches found = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < in->n; i++)
		for (size_t j = 0; r == 0 && j < in->v[i]->n_models; j++)
			r = look_at(&in->v[i]->models[j], ref, &found);
	*ret = found.exact ? found.exact : found.only;
	if (r == 0 && !found.n)
		r = -ENOENT;
	else if (r == 0 && !found.exact && found.n > 1)
		r = complain_of_many(&found, ref, err);
	strv_release(&found.names);
	return r;
}

int installed_find_operation(const struct installed *in, const char *opspec,
	const struct operation **ret, struct err *err)
{
	const char *slash = strchr(opspec, '/'), *colon = strchr(opspec, ':');
	const char *name = colon ? colon + 1 : slash ? slash + 1 : opspec;
	size_t ref_len = (size_t)(colon ? colon - opspec : name - opspec);
	_cleanup_free_ char *ref = strndup(opspec, ref_len);
	const struct model *m;
	int r = ref ? find_model(in, ref, &m, err) : -ENOMEM;

	if (r < 0)
		return r;
	return model_find_operation(m, name, ret, err);
}

/* SPDX-License-Identifier: MIT */
/* Going through Guild files. */
#include "models/models_each.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_by_name(const void *a, const void *b)
{
	return strcmp(
		(*(const struct model *const *)a)->name, (*(const struct model *const *)b)->name);
}

static int each_of_file(const struct guildfile *file, model_visit visit, void *arg)
{
	_cleanup_free_ const struct model **models = calloc(file->n_models + 1, sizeof(*models));
	int r = models ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < file->n_models; i++)
		models[i] = &file->models[i];
	if (r == 0 && file->dist_name && file->n_models > 1)
		qsort(models, file->n_models, sizeof(*models), compare_by_name);
	for (size_t i = 0; r == 0 && i < file->n_models; i++)
		r = visit(arg, models[i]);
	return r;
}

int models_each(struct guild *g, bool installed, model_visit visit, void *arg)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_installed_ struct installed in = {0};
	int r = 0;

	if (guild_open_project(g, &file) != EXIT_OK ||
		((!file || installed) && guild_open_installed(g, &in) != EXIT_OK))
		return EXIT_ERROR;
	for (size_t i = 0; r == 0 && i < in.n; i++)
		r = each_of_file(in.v[i], visit, arg);
	if (r == 0 && file)
		r = each_of_file(file, visit, arg);
	return r < 0 ? complain("out of memory") : EXIT_OK;
}

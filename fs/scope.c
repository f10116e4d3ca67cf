/* SPDX-License-Identifier: MIT */
/* Projects and packages, asked in one way. */
#include "scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "errors.h"
#include "guildfs.h"
#include "log.h"
#include "packages.h"
#include "project/project.h"

void scope_files_release(struct scope_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		guildfile_unref(files->v[i]);
	free(files->v);
	*files = (struct scope_files){0};
}

bool scope_is_package(const struct guildfs *fs, unsigned scope)
{
	return scope >= fs->n_projects;
}

static void report(struct guildfs *fs, const char *path, const char *sentence)
{
	log_say(LOG_WARNING, "%s", sentence);
	errors_add(fs->errors, path, sentence);
}

void scope_report(struct guildfs *fs, unsigned scope)
{
	struct project *project = fs->projects[scope];
	_cleanup_buf_ struct buf path = BUF_INIT, sentence = BUF_INIT;
	_cleanup_guildfile_ struct guildfile *file = NULL;

	project_error(project, &sentence);
	buf_printf(&path, "%s/%s", project_dir(project), GUILDFILE_NAME);
	if (sentence.len)
		report(fs, buf_str(&path), buf_str(&sentence));
	/* With an error it is the last good one, whose oddities have been told. */
	else if ((file = project_guildfile(project)))
		for (size_t i = 0; i < file->warnings.n; i++)
			report(fs, buf_str(&path), file->warnings.v[i]);
}

void scope_refresh(struct guildfs *fs, unsigned scope)
{
	if (!project_refresh(fs->projects[scope]))
		return;
	scope_report(fs, scope);
	changes_projects(fs);
}

int scope_files(struct guildfs *fs, unsigned scope, struct scope_files *ret)
{
	struct guildfile *file;

	*ret = (struct scope_files){0};
	if (scope_is_package(fs, scope))
		return packages_guildfiles(fs, scope, ret);
	scope_refresh(fs, scope);
	file = project_guildfile(fs->projects[scope]);
	if (!file)
		return 0;
	ret->v = malloc(sizeof(struct guildfile *));
	if (!ret->v) {
		guildfile_unref(file);
		return -ENOMEM;
	}
	ret->v[ret->n++] = file;
	return 0;
}

void scope_error(struct guildfs *fs, unsigned scope, struct buf *b)
{
	if (scope_is_package(fs, scope)) {
		packages_error(fs, scope, b);
		return;
	}
	scope_refresh(fs, scope);
	project_error(fs->projects[scope], b);
}

int scope_of_opref(struct guildfs *fs, const struct opref *ref, unsigned *ret)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;

	if (strcmp(ref->pkg_type, "package") == 0)
		return packages_scope(fs, ref->pkg_name, ret);
	opref_project_dir(&dir, ref);
	for (unsigned i = 0; i < fs->n_projects; i++) {
		if (strcmp(buf_str(&dir), project_dir(fs->projects[i])) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -ENOENT;
}

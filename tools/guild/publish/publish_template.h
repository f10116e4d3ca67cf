/* SPDX-License-Identifier: MIT */
/*
 * Templates of one's own: where they are, and rendering them by Jinja in the Python of runs
 * (tools/python/guild/render_templates.py), which is started when it is first needed and serves all
 * runs of a command.
 *
 * A template is a directory. Its text files are rendered into the published run, other files are
 * copied; those whose name begins with _ are only there to be included. It can extend and include
 * what report_parts() names, as publish-default/NAME.
 */
#ifndef PUBLISH_TEMPLATE_H
#define PUBLISH_TEMPLATE_H

#include "publish/publish_run.h"
#include "term/progress.h"

#define TEMPLATE_DEFAULT "default"

struct renderer {
	struct guild *g;
	struct progress *progress; /* asked whether to go on */
	pid_t pid;                 /* 0: not started */
	int fd;                    /* to it and from it */
	struct buf python;         /* its path */
};

/* Ends it. */
void renderer_release(struct renderer *r);

/* Appends the directory of a template: a path when it begins with a dot or a slash, else one of the
 * run's project, else of the current directory. -ENOENT with a sentence. */
int template_find(const struct guild *g, const char *name, const struct publish_def *def,
	struct buf *ret_dir, struct err *err);
/* Renders it into the published run at `into`. -EINTR: progress said so. */
int template_render(struct renderer *r, const char *dir, const struct published_run *run,
	int into_fd, const char *into, struct err *err);
/* The text of an index, from a template that is a file. */
int template_render_index(struct renderer *r, const char *file, const struct value *runs,
	struct buf *ret_text, struct err *err);

#endif

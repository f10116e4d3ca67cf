/* SPDX-License-Identifier: MIT */
/* Filters, indexes, slices and prefixes. */
#include "select.h"

#include <errno.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "base/clock.h"
#include "run/annotate.h"

#define FLAG(member, n, s, h)                                                                      \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct selection, member)                                       \
	}
#define LIST(member, n, s, v, h)                                                                   \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = OPTION_LIST,            \
		.offset = offsetof(struct selection, member)                                       \
	}

const struct option_def selection_options[] = {
	LIST(operations, "--operation", "-Fo", "VAL", "runs of this operation (* is any text)"),
	LIST(labels, "--label", "-Fl", "VAL", "runs whose label has VAL in it; - for none"),
	LIST(tags, "--tag", "-Ft", "VAL", "runs with this tag"),
	FLAG(unlabeled, "--unlabeled", "-Fu", "runs without a label"),
	FLAG(marked, "--marked", "-Fm", "marked runs"),
	FLAG(unmarked, "--unmarked", "-Fn", "runs that are not marked"),
	FLAG(running, "--running", "-Sr", "running runs"),
	FLAG(completed, "--completed", "-Sc", "completed runs"),
	FLAG(error, "--error", "-Se", "runs with an error"),
	FLAG(terminated, "--terminated", "-St", "terminated runs"),
	FLAG(pending, "--pending", "-Sp", "pending runs"),
	FLAG(staged, "--staged", "-Ss", "staged runs"),
	{0},
};

void selection_release(struct selection *sel)
{
	strv_release(&sel->operations);
	strv_release(&sel->labels);
	strv_release(&sel->tags);
}

void selected_release(struct selected *s)
{
	free(s->serials);
	free(s->indexes);
	*s = (struct selected){0};
}

/* --- filters -------------------------------------------------------------- */

/* Package, model and operation are compared apart; a part that is not given is any. */
static bool matches_operation(const char *want, const struct run_summary *s)
{
	_cleanup_buf_ struct buf shown = BUF_INIT;
	const char *colon = strrchr(want, ':');
	_cleanup_free_ char *model = colon ? strndup(want, (size_t)(colon - want)) : NULL;

	opref_display(&shown, &s->opref);
	if (strcmp(want, buf_str(&shown)) == 0)
		return true;
	if (model && fnmatch(model, s->opref.model, 0) != 0)
		return false;
	return fnmatch(colon ? colon + 1 : want, s->opref.op, 0) == 0;
}

static bool any_operation(const struct strv *wanted, const struct run_summary *s)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (matches_operation(wanted->v[i], s))
			return true;
	return wanted->n == 0;
}

static bool any_label(const struct strv *wanted, const struct run_summary *s)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (strcmp(wanted->v[i], "-") == 0 ? !*s->label
						   : strstr(s->label, wanted->v[i]) != NULL)
			return true;
	return wanted->n == 0;
}

static bool any_tag(struct guild *g, const struct strv *wanted, uint64_t serial)
{
	_cleanup_strv_ struct strv tags = STRV_INIT;
	int fd;

	if (!wanted->n)
		return true;
	fd = home_open_run(g->home, catalog_id(g->catalog, serial));
	if (fd < 0)
		return false;
	annotate_get_tags(fd, &tags);
	close(fd);
	for (size_t i = 0; i < wanted->n; i++)
		if (strv_has(&tags, wanted->v[i]))
			return true;
	return false;
}

static bool has_status(const struct selection *sel, enum run_status status)
{
	const bool wanted[] = {
		[RUN_PENDING] = sel->pending,
		[RUN_STAGED] = sel->staged,
		[RUN_RUNNING] = sel->running,
		[RUN_COMPLETED] = sel->completed,
		[RUN_ERROR] = sel->error,
		[RUN_TERMINATED] = sel->terminated,
	};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		any |= wanted[i];
	return !any || wanted[status];
}

static bool passes(struct guild *g, const struct selection *sel, uint64_t serial)
{
	_cleanup_summary_ struct run_summary s = {0};

	if (catalog_summary(g->catalog, serial, &s) < 0)
		return false;
	if ((sel->marked && !s.marked) || (sel->unmarked && s.marked) ||
		(sel->unlabeled && *s.label))
		return false;
	return has_status(sel, s.status) && any_operation(&sel->operations, &s) &&
	       any_label(&sel->labels, &s) && any_tag(g, &sel->tags, serial);
}

/* Without a filter nothing of the runs needs to be read but when they were. */
static bool is_open(const struct selection *sel)
{
	static const struct selection none;

	return memcmp(sel, &none, sizeof(none)) == 0;
}

static int filtered(struct guild *g, const struct selection *sel, uint64_t **ret, size_t *ret_n)
{
	size_t kept = 0;

	if (catalog_newest_first(g->catalog, ret, ret_n) < 0)
		return complain("out of memory");
	if (is_open(sel))
		return EXIT_OK;
	for (size_t i = 0; i < *ret_n; i++)
		if (passes(g, sel, (*ret)[i]))
			(*ret)[kept++] = (*ret)[i];
	*ret_n = kept;
	return EXIT_OK;
}

/* --- RUN arguments -------------------------------------------------------- */

static int add(struct selected *s, uint64_t serial, size_t index)
{
	uint64_t *serials = reallocarray(s->serials, s->n + 1, sizeof(*serials));
	size_t *indexes;

	if (serials)
		s->serials = serials;
	indexes = serials ? reallocarray(s->indexes, s->n + 1, sizeof(*indexes)) : NULL;
	if (!indexes)
		return complain("out of memory");
	s->indexes = indexes;
	serials[s->n] = serial;
	indexes[s->n++] = index;
	return EXIT_OK;
}

static bool parse_number(const char *text, size_t len, size_t absent, size_t *ret)
{
	char *end;

	if (!len) {
		*ret = absent;
		return true;
	}
	*ret = strtoul(text, &end, 10);
	return end == text + len && *text >= '0' && *text <= '9';
}

static int add_range(struct selected *s, const uint64_t *list, size_t n, size_t from, size_t to)
{
	int r = EXIT_OK;

	for (size_t i = from ? from : 1; r == EXIT_OK && i <= to && i <= n; i++)
		r = add(s, list[i - 1], i);
	return r;
}

static int add_prefix(
	struct selected *s, struct guild *g, const uint64_t *list, size_t n, const char *prefix)
{
	_cleanup_buf_ struct buf matches = BUF_INIT;
	size_t found = 0, count = 0;

	for (size_t i = 0; i < n; i++) {
		const char *id = catalog_id(g->catalog, list[i]);

		if (strncmp(id, prefix, strlen(prefix)) != 0)
			continue;
		buf_printf(&matches, "\n  %.8s", id);
		found = i;
		count++;
	}
	if (!count)
		return complain("could not find a run matching '%s'\n"
				"Try 'guild runs list' for a list of available runs.",
			prefix);
	if (count > 1)
		return complain("'%s' matches multiple runs:%s", prefix, buf_str(&matches));
	return add(s, list[found], found + 1);
}

static int add_argument(
	struct selected *s, struct guild *g, const uint64_t *list, size_t n, const char *arg)
{
	const char *colon = strchr(arg, ':');
	size_t from, to;

	if (colon && parse_number(arg, (size_t)(colon - arg), 1, &from) &&
		parse_number(colon + 1, strlen(colon + 1), n, &to))
		return add_range(s, list, n, from, to);
	if (!colon && *arg && parse_number(arg, strlen(arg), 0, &from) && from >= 1 && from <= n)
		return add_range(s, list, n, from, from);
	return add_prefix(s, g, list, n, arg);
}

static int add_default(struct selected *s, struct guild *g, const uint64_t *list, size_t n,
	enum selection_default otherwise)
{
	int r = EXIT_OK;

	if (otherwise == SELECT_LATEST && !n)
		return complain("could not find a matching run\n"
				"Try 'guild runs list' for a list of available runs.");
	if (otherwise == SELECT_LATEST)
		return add_range(s, list, n, 1, 1);
	for (size_t i = 0; r == EXIT_OK && i < n; i++) {
		_cleanup_summary_ struct run_summary summary = {0};

		if (otherwise == SELECT_RUNNING &&
			(catalog_summary(g->catalog, list[i], &summary) < 0 ||
				summary.status != RUN_RUNNING))
			continue;
		r = add(s, list[i], i + 1);
	}
	return r;
}

int select_runs(struct guild *g, const struct selection *sel, const struct strv *args, size_t skip,
	enum selection_default otherwise, struct selected *ret)
{
	_cleanup_free_ uint64_t *list = NULL;
	size_t n = 0;
	int r = filtered(g, sel, &list, &n);

	if (r == EXIT_OK && args->n <= skip)
		return add_default(ret, g, list, n, otherwise);
	for (size_t i = skip; r == EXIT_OK && i < args->n; i++)
		r = add_argument(ret, g, list, n, args->v[i]);
	return r;
}

/* --- rows ----------------------------------------------------------------- */

/* The project's directory, when it is not the current one. */
static void print_dir(struct guild *g, const struct run_summary *s, struct buf *b)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	const char *home = getenv("HOME"), *path;
	size_t cwd = strlen(g->cwd), len = home ? strlen(home) : 0;

	opref_project_dir(&dir, &s->opref);
	path = buf_str(&dir);
	if (!*path || strcmp(path, g->cwd) == 0)
		return;
	if (strncmp(path, g->cwd, cwd) == 0 && path[cwd] == '/')
		buf_printf(b, " (%s)", path + cwd + 1);
	else if (len > 1 && strncmp(path, home, len) == 0 && path[len] == '/')
		buf_printf(b, " (~%s)", path + len);
	else
		buf_printf(b, " (%s)", path);
}

int select_add_row(struct guild *g, uint64_t serial, size_t index, struct table *t)
{
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_buf_ struct buf id = BUF_INIT, operation = BUF_INIT, time = BUF_INIT;
	int r = catalog_summary(g->catalog, serial, &s);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (index)
		buf_printf(&id, "[%zu:%.8s]", index, catalog_id(g->catalog, serial));
	else
		buf_printf(&id, "[%.8s]", catalog_id(g->catalog, serial));
	opref_display(&operation, &s.opref);
	if (s.marked)
		buf_puts(&operation, " [marked]");
	print_dir(g, &s, &operation);
	if (run_summary_time(&s))
		clock_format_local(&time, run_summary_time(&s));
	r = table_add(t, buf_str(&id));
	if (r == 0)
		r = table_add(t, buf_str(&operation));
	if (r == 0)
		r = table_add(t, buf_str(&time));
	if (r == 0)
		r = table_add(t, run_status_name(s.status));
	return r < 0 ? r : table_add(t, s.label);
}

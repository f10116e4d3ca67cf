/* SPDX-License-Identifier: MIT */
/* Filters, indexes, slices and prefixes. */
#include "runs/select.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/regex.h"
#include "catalog/dep_runs.h"
#include "catalog/filter_run.h"
#include "run/annotate.h"
#include "run/attr.h"
#include "run/waiting.h"

#define FLAG(member, n, s, h)                                                                      \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct selection, member)                                       \
	}
/* A status and its opposite: the last one counts. */
#define STATUS(member, other, n, s, h)                                                             \
	{                                                                                          \
		.name = n, .short_name = s, .help = h, .kind = OPTION_FLAG,                        \
		.offset = offsetof(struct selection, member),                                      \
		.clears = offsetof(struct selection, other) + 1                                    \
	}
#define TEXT(member, n, s, v, h, k)                                                                \
	{                                                                                          \
		.name = n, .short_name = s, .value = v, .help = h, .kind = k,                      \
		.offset = offsetof(struct selection, member)                                       \
	}
#define LIST(member, n, s, v, h) TEXT(member, n, s, v, h, OPTION_LIST)

const struct option_def selection_options[] = {
	TEXT(filter, "--filter", "-F", "EXPR",
		"runs that EXPR holds for: 'loss < 0.5 and lr = 0.1'", OPTION_VALUE),
	LIST(operations, "--operation", "-Fo", "OP", "runs of this operation (* is any text)"),
	LIST(labels, "--label", "-Fl", "VAL", "runs whose label has VAL in it; - for none"),
	FLAG(unlabeled, "--unlabeled", "-Fu", "runs without a label"),
	LIST(tags, "--tag", "-Ft", "TAG", "runs with this tag"),
	LIST(comments, "--comment", "-Fc", "VAL", "runs whose comments have VAL in them"),
	FLAG(marked, "--marked", "-Fm", "marked runs"),
	FLAG(unmarked, "--unmarked", "-Fn", "runs that are not marked"),
	TEXT(started, "--started", "-Fs", "RANGE", "runs started then: 'last 2 hours', 'after 7-1'",
		OPTION_VALUE),
	TEXT(digest, "--digest", "-Fd", "VAL", "runs whose source code digest begins with VAL",
		OPTION_VALUE),
	STATUS(running, not_running, "--running", "-Sr", "running runs"),
	STATUS(completed, not_completed, "--completed", "-Sc", "completed runs"),
	STATUS(error, not_error, "--error", "-Se", "runs with an error"),
	STATUS(terminated, not_terminated, "--terminated", "-St", "terminated runs"),
	STATUS(pending, not_pending, "--pending", "-Sp", "pending runs"),
	STATUS(staged, not_staged, "--staged", "-Ss", "staged runs"),
	STATUS(not_running, running, "--not-running", NULL, "all but running runs; likewise:"),
	STATUS(not_completed, completed, "--not-completed", NULL, ""),
	STATUS(not_error, error, "--not-error", NULL, ""),
	STATUS(not_terminated, terminated, "--not-terminated", NULL, ""),
	STATUS(not_pending, pending, "--not-pending", NULL, ""),
	STATUS(not_staged, staged, "--not-staged", NULL, ""),
	{.name = "-S",
		.value = "LETTERS",
		.help = "several of these: -Set is -Se -St",
		.kind = OPTION_LETTERS},
	{0},
};

void selection_release(struct selection *sel)
{
	strv_release(&sel->operations);
	strv_release(&sel->labels);
	strv_release(&sel->tags);
	strv_release(&sel->comments);
}

void selected_release(struct selected *s)
{
	free(s->serials);
	free(s->indexes);
	*s = (struct selected){0};
}

/* --- filters -------------------------------------------------------------- */

/* PKG/MODEL:OP in its parts; pkg and model are empty where there is none. */
struct op_parts {
	char *text; /* owned, cut into the others */
	const char *package, *model, *op;
};

static bool split_operation(const char *name, struct op_parts *ret)
{
	char *colon, *slash;

	*ret = (struct op_parts){.text = strdup(name), .package = "", .model = ""};
	if (!ret->text)
		return false;
	colon = strrchr(ret->text, ':');
	slash = strchr(ret->text, '/');
	ret->op = ret->text;
	if (slash && (!colon || slash < colon)) {
		*slash = '\0';
		ret->package = ret->text;
		ret->op = slash + 1;
	}
	if (colon) {
		*colon = '\0';
		ret->model = ret->op;
		ret->op = colon + 1;
	}
	return true;
}

/* What is not asked for may be anything. */
static bool part_matches(const char *want, const char *part)
{
	if (!*want)
		return true;
	return strchr(want, '*') ? *part && fnmatch(want, part, 0) == 0 : strcmp(want, part) == 0;
}

/* Package, model and operation are compared apart; ^ and $ make it a regular expression. */
static bool matches_operation(const char *want, const char *name)
{
	size_t len = strlen(want);
	struct op_parts w, n;
	bool matches;

	if (*want == '^' || (len && want[len - 1] == '$'))
		return regex_matches(want, name);
	if (!split_operation(want, &w))
		return false;
	matches = split_operation(name, &n) && part_matches(w.package, n.package) &&
		  part_matches(w.model, n.model) && part_matches(w.op, n.op);
	free(w.text);
	free(n.text);
	return matches;
}

static bool any_operation(const struct strv *wanted, const struct run_summary *s)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (!wanted->n)
		return true;
	run_summary_operation(s, &name);
	for (size_t i = 0; i < wanted->n; i++)
		if (matches_operation(wanted->v[i], buf_str(&name)))
			return true;
	return false;
}

static bool any_label(const struct strv *wanted, const struct run_summary *s)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (strcmp(wanted->v[i], "-") == 0 ? !*s->label
						   : strstr(s->label, wanted->v[i]) != NULL)
			return true;
	return wanted->n == 0;
}

static bool any_tag(const struct strv *wanted, int run_fd)
{
	_cleanup_strv_ struct strv tags = STRV_INIT;

	if (!wanted->n)
		return true;
	annotate_get_tags(run_fd, &tags);
	for (size_t i = 0; i < wanted->n; i++)
		if (strv_has(&tags, wanted->v[i]))
			return true;
	return false;
}

/* User, host and body of all comments, a line each. */
static void print_comments(int run_fd, struct buf *b)
{
	static const char *const keys[] = {"user", "host", "body"};
	_cleanup_value_ struct value *comments = NULL;

	if (!attr_read_as(run_fd, "comments", VALUE_LIST, &comments))
		return;
	for (size_t i = 0; i < comments->list.n; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
			const char *text = value_str(value_get(comments->list.items[i], keys[k]));

			buf_printf(b, "%s\n", text ? text : "");
		}
	}
}

static bool any_comment(const struct strv *wanted, int run_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (!wanted->n)
		return true;
	print_comments(run_fd, &text);
	for (size_t i = 0; i < wanted->n; i++)
		if (strcmp(wanted->v[i], "-") == 0
				? !text.len
				: strcasestr(buf_str(&text), wanted->v[i]) != NULL)
			return true;
	return false;
}

static bool has_digest(const char *prefix, int run_fd)
{
	_cleanup_buf_ struct buf digest = BUF_INIT;

	if (!prefix)
		return true;
	attr_read_text(run_fd, "sourcecode_digest", &digest);
	return strncmp(buf_str(&digest), prefix, strlen(prefix)) == 0;
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
	const bool unwanted[] = {
		[RUN_PENDING] = sel->not_pending,
		[RUN_STAGED] = sel->not_staged,
		[RUN_RUNNING] = sel->not_running,
		[RUN_COMPLETED] = sel->not_completed,
		[RUN_ERROR] = sel->not_error,
		[RUN_TERMINATED] = sel->not_terminated,
	};
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		any |= wanted[i];
	return (!any || wanted[status]) && !unwanted[status];
}

struct wanted {
	const struct selection *sel;
	int64_t from, to;      /* when it was started */
	struct filter *filter; /* NULL: none */
	struct facts_reader *facts;
};

static void wanted_release(struct wanted *w)
{
	filter_free(w->filter);
	facts_reader_free(w->facts);
}

static bool passes(struct guild *g, const struct wanted *f, uint64_t serial)
{
	const struct selection *sel = f->sel;
	_cleanup_summary_ struct run_summary s = {0};
	_cleanup_close_ int fd = -1;

	if (catalog_listed(g->catalog, serial, &s) < 0)
		return false;
	if ((sel->marked && !s.marked) || (sel->unmarked && s.marked) ||
		(sel->unlabeled && *s.label))
		return false;
	if (sel->started && (!run_summary_time(&s) || run_summary_time(&s) < f->from ||
				    run_summary_time(&s) >= f->to))
		return false;
	if (!has_status(sel, s.status) || !any_label(&sel->labels, &s) ||
		!any_operation(&sel->operations, &s))
		return false;
	if (sel->tags.n || sel->comments.n || sel->digest) {
		/* What the catalogue does not know. */
		fd = home_open_run(g->home, catalog_id(g->catalog, serial));
		if (fd < 0 || !any_tag(&sel->tags, fd) || !any_comment(&sel->comments, fd) ||
			!has_digest(sel->digest, fd))
			return false;
	}
	return !f->filter || filter_selects(f->filter, g->catalog, f->facts, serial, &s, NULL) > 0;
}

/* Without a filter nothing of the runs needs to be read but when they were. */
static bool is_open(const struct selection *sel)
{
	static const struct selection none;

	return memcmp(sel, &none, sizeof(none)) == 0;
}

/* To be released also after an error. */
static int prepare(struct guild *g, const struct selection *sel, struct wanted *ret)
{
	struct err err = ERR_INIT;

	*ret = (struct wanted){.sel = sel};
	if (sel->labels.n && sel->unlabeled)
		return complain("--label and --unlabeled cannot both be used");
	if (sel->marked && sel->unmarked)
		return complain("--marked and --unmarked cannot both be used");
	if (sel->started &&
		select_started(sel->started, clock_now(), &ret->from, &ret->to, &err) < 0)
		return complain("invalid RANGE: %s", err_text(&err));
	if (!sel->filter || !*sel->filter)
		return EXIT_OK;
	if (filter_parse(sel->filter, &ret->filter, &err) < 0)
		return complain("%s", err_text(&err));
	ret->facts = facts_reader_new(g->catalog);
	return ret->facts ? EXIT_OK : complain("out of memory");
}

/* Most likely a slip, which otherwise looks as if there were no such runs. */
static void tell_unknown(struct guild *g, const struct wanted *w, const uint64_t *serials, size_t n)
{
	const struct filter_runs runs = {serials, n};
	_cleanup_strv_ struct strv sentences = STRV_INIT;

	if (!w->filter || filter_unknown(w->filter, g->catalog, w->facts, &runs, &sentences) < 0)
		return;
	for (size_t i = 0; i < sentences.n; i++)
		fprintf(stderr, "note: %s\n", sentences.v[i]);
}

static int filtered(struct guild *g, const struct selection *sel, uint64_t **ret, size_t *ret_n)
{
	_cleanup_(wanted_release) struct wanted wanted;
	size_t kept = 0;

	if (prepare(g, sel, &wanted) != EXIT_OK)
		return EXIT_ERROR;
	if (catalog_newest_first(g->catalog, ret, ret_n) < 0)
		return complain("out of memory");
	/* Before anything is printed, since whoever reads it may close the pipe on us. */
	catalog_save(g->catalog);
	if (is_open(sel))
		return EXIT_OK;
	tell_unknown(g, &wanted, *ret, *ret_n);
	for (size_t i = 0; i < *ret_n; i++)
		if (passes(g, &wanted, (*ret)[i]))
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

static int no_match(const char *spec)
{
	return complain("could not find a run matching '%s'\n"
			"Try 'guild runs list' for a list of available runs.",
		spec);
}

static int many_match(const char *spec, const char *matches)
{
	fprintf(stderr, "'%s' matches multiple runs:\n%s", spec, matches);
	return EXIT_ERROR;
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
		buf_printf(&matches, "  %.8s\n", id);
		found = i;
		count++;
	}
	if (count == 1)
		return add(s, list[found], found + 1);
	return count ? many_match(prefix, buf_str(&matches)) : no_match(prefix);
}

/* What is out of range may still be the beginning of an id. */
static int add_argument(
	struct selected *s, struct guild *g, const uint64_t *list, size_t n, const char *arg)
{
	const char *colon = strchr(arg, ':');
	size_t from, to;

	if (colon && parse_number(arg, (size_t)(colon - arg), 1, &from) &&
		parse_number(colon + 1, strlen(colon + 1), n, &to) && from >= 1 && to <= n)
		return add_range(s, list, n, from, to);
	if (!colon && *arg && parse_number(arg, strlen(arg), 0, &from) && from >= 1 && from <= n)
		return add_range(s, list, n, from, from);
	return add_prefix(s, g, list, n, arg);
}

/* It runs, or waits for its turn elsewhere, where it would begin without anybody's doing. */
static bool can_be_stopped(struct guild *g, const char *id, const struct run_summary *s)
{
	_cleanup_close_ int run_fd = s->status == RUN_PENDING ? home_open_run(g->home, id) : -1;

	return s->status == RUN_RUNNING || (run_fd >= 0 && waiting_is_elsewhere(run_fd));
}

static int add_default(struct selected *s, struct guild *g, const uint64_t *list, size_t n,
	enum selection_default otherwise)
{
	int r = EXIT_OK;

	if (otherwise == SELECT_LATEST)
		return n ? add_range(s, list, n, 1, 1) : no_match("1");
	for (size_t i = 0; r == EXIT_OK && i < n; i++) {
		_cleanup_summary_ struct run_summary summary = {0};

		if (otherwise == SELECT_RUNNING &&
			(catalog_summary(g->catalog, list[i], &summary) < 0 ||
				!can_be_stopped(g, catalog_id(g->catalog, list[i]), &summary)))
			continue;
		r = add(s, list[i], i + 1);
	}
	return r;
}

/* An argument that was given before says nothing new. */
static bool is_repeated(const struct strv *args, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(args->v[i], args->v[at]) == 0)
			return true;
	return false;
}

int select_runs(struct guild *g, const struct selection *sel, const struct strv *args,
	enum selection_default otherwise, struct selected *ret)
{
	_cleanup_free_ uint64_t *list = NULL;
	size_t n = 0;
	int r = filtered(g, sel, &list, &n);

	if (r == EXIT_OK && !args->n)
		return add_default(ret, g, list, n, otherwise);
	for (size_t i = 0; r == EXIT_OK && i < args->n; i++)
		if (!is_repeated(args, i))
			r = add_argument(ret, g, list, n, args->v[i]);
	return r;
}

/* Its trials are runs themselves. */
void select_drop_batches(struct guild *g, struct selected *runs)
{
	size_t n = 0;

	for (size_t i = 0; i < runs->n; i++) {
		_cleanup_summary_ struct run_summary s = {0};

		if (catalog_listed(g->catalog, runs->serials[i], &s) == 0 && s.proto)
			continue;
		runs->serials[n] = runs->serials[i];
		if (runs->indexes)
			runs->indexes[n] = runs->indexes[i];
		n++;
	}
	runs->n = n;
}

int select_one(
	struct guild *g, const struct selection *sel, const struct strv *args, uint64_t *ret_serial)
{
	_cleanup_free_ uint64_t *list = NULL;
	_cleanup_selected_ struct selected runs = {0};
	_cleanup_buf_ struct buf matches = BUF_INIT;
	const char *spec = args->n ? args->v[0] : "1";
	size_t n = 0;
	int r;

	if (args->n > 1) {
		complain("unexpected argument '%s': this is about one run", args->v[1]);
		return EXIT_USAGE;
	}
	r = filtered(g, sel, &list, &n);
	if (r == EXIT_OK && !n)
		return complain("no matching runs");
	if (r == EXIT_OK)
		r = add_argument(&runs, g, list, n, spec);
	if (r != EXIT_OK)
		return r;
	if (!runs.n)
		return no_match(spec);
	for (size_t i = 0; i < runs.n; i++)
		buf_printf(&matches, "  %.8s\n", catalog_id(g->catalog, runs.serials[i]));
	if (runs.n > 1)
		return many_match(spec, buf_str(&matches));
	*ret_serial = runs.serials[0];
	return EXIT_OK;
}

/* --- deleted runs --------------------------------------------------------- */

int select_open_trash(const struct guild *g, struct guild *ret_trash)
{
	struct err err = ERR_INIT;

	*ret_trash = (struct guild){.cwd = g->cwd};
	if (home_open_trash(g->home, &ret_trash->home, &err) < 0 ||
		catalog_new(ret_trash->home, &ret_trash->catalog, &err) < 0)
		return complain("%s", err_text(&err));
	return EXIT_OK;
}

void select_close_trash(struct guild *trash)
{
	if (trash->catalog)
		catalog_free(trash->catalog);
	if (trash->home)
		home_close(trash->home);
}

int exclude(const char *command, bool first, const char *first_name, bool second,
	const char *second_name)
{
	if (!first || !second)
		return EXIT_OK;
	return complain("%s and %s cannot both be specified\n"
			"Try 'guild %s --help' for more information.",
		first_name, second_name, command);
}

int guild_find_run(struct guild *g, const char *spec, char *ret_id, size_t size)
{
	const struct dep_query query = {.catalog = g->catalog};
	const char *found = dep_runs_find(&query, spec, "");
	size_t matches = 0;
	uint64_t serial;

	if (!found) {
		serial = catalog_find_prefix(g->catalog, spec, &matches);
		found = serial ? catalog_id(g->catalog, serial) : NULL;
	}
	if (matches > 1)
		return complain("'%s' matches multiple runs", spec);
	if (!found)
		return complain("could not find a run matching '%s'\nTry 'guild runs list' for a "
				"list.",
			spec);
	snprintf(ret_id, size, "%s", found);
	return EXIT_OK;
}

/* SPDX-License-Identifier: MIT */
/* Planned in two steps: the manifest as a sorted list, then each file of the run looked up in it.
 */
#include "run/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_walk.h"
#include "base/name.h"
#include "run/attr.h"
#include "run/manifest.h"
#include "run/source_git.h"

struct planning {
	const struct merge_spec *spec;
	struct merge known; /* entries of the manifest; by run path once it is sorted */
	struct merge *plan;
};

/* Capacity is the next power of two above n. Takes nothing over: both texts are copied. */
static int add(
	struct merge *m, char type, const char *run_path, const char *target, enum merge_fate fate)
{
	struct merge_file *grown, *f;

	if ((m->n & (m->n + 1)) == 0) {
		grown = reallocarray(m->v, (m->n + 1) * 2, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		m->v = grown;
	}
	f = &m->v[m->n];
	*f = (struct merge_file){.type = type, .run_path = strdup(run_path), .fate = fate};
	if (target)
		f->target = strdup(target);
	m->n++;
	return f->run_path && (!target || f->target) ? 0 : -ENOMEM;
}

void merge_release(struct merge *merge)
{
	for (size_t i = 0; i < merge->n; i++) {
		free(merge->v[i].run_path);
		free(merge->v[i].target);
	}
	free(merge->v);
	*merge = (struct merge){0};
}

/* --- the manifest --------------------------------------------------------- */

static int add_entry(void *arg, const struct manifest_entry *e)
{
	struct planning *p = arg;
	const char *target = NULL;

	if (e->type == 's')
		target = e->source;
	else if (e->type == 'd' && !e->subpath && strncmp(e->source, "file:", 5) == 0)
		target = e->source + 5;
	else if (e->type != 'd')
		return 0;
	/* Nothing is written outside the project. */
	if (target && !name_is_safe_path(target))
		target = NULL;
	return add(&p->known, e->type, e->run_path, target, MERGE_COPIED);
}

static int by_run_path(const void *a, const void *b)
{
	const struct merge_file *x = a, *y = b;

	return strcmp(x->run_path, y->run_path);
}

static const struct merge_file *find(const struct planning *p, const char *run_path)
{
	const struct merge_file wanted = {.run_path = (char *)run_path};

	return p->known.n ? bsearch(&wanted, p->known.v, p->known.n, sizeof(wanted), by_run_path)
			  : NULL;
}

/* --- fates ---------------------------------------------------------------- */

static bool is_excluded(const struct strv *patterns, const char *target)
{
	for (size_t i = 0; patterns && i < patterns->n; i++)
		if (fnmatch(patterns->v[i], target, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

static enum merge_fate fate_of(
	const struct merge_spec *spec, char type, const char *run_path, const char *target)
{
	if (type == 's' && spec->no_source)
		return MERGE_SOURCE_LEFT_OUT;
	if (type == 'd' && spec->no_dependencies)
		return MERGE_DEPENDENCY_LEFT_OUT;
	if (!target)
		return MERGE_FOREIGN_DEPENDENCY;
	if (type == 'o' && !spec->all)
		return MERGE_GENERATED;
	if (is_excluded(spec->exclude, target))
		return MERGE_EXCLUDED;
	if (spec->target_fd >= 0 &&
		file_same_content(spec->run_fd, run_path, spec->target_fd, target))
		return MERGE_UNCHANGED;
	return MERGE_COPIED;
}

static bool is_guilds_own(const char *path)
{
	size_t len = strlen(RUN_GUILD_DIR);

	return strncmp(path, RUN_GUILD_DIR, len) == 0 && (!path[len] || path[len] == '/');
}

static int plan_file(void *arg, const struct walk_entry *e)
{
	struct planning *p = arg;
	const struct merge_file *known;
	char type;
	const char *target;

	if (!S_ISREG(e->st.st_mode))
		return 0;
	known = find(p, e->path);
	if (!known && is_guilds_own(e->path))
		return 0;
	/* What nobody knows is where it would be in the project. */
	type = known ? known->type : 'o';
	target = known ? known->target : e->path;
	return add(p->plan, type, e->path, target, fate_of(p->spec, type, e->path, target));
}

static const char *place(const struct merge_file *f)
{
	return f->target ? f->target : f->run_path;
}

static int by_place(const void *a, const void *b)
{
	const struct merge_file *x = a, *y = b;
	int order = strcmp(place(x), place(y));

	return order ? order : strcmp(x->run_path, y->run_path);
}

/* Something else than source code goes to the same place. */
static bool is_overlaid(const struct merge *m, size_t at)
{
	const char *target = m->v[at].target;

	for (size_t i = at; i-- > 0 && strcmp(place(&m->v[i]), target) == 0;)
		if (m->v[i].fate == MERGE_COPIED && m->v[i].type != 's')
			return true;
	for (size_t i = at + 1; i < m->n && strcmp(place(&m->v[i]), target) == 0; i++)
		if (m->v[i].fate == MERGE_COPIED && m->v[i].type != 's')
			return true;
	return false;
}

static void find_overlaid(struct merge *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].fate == MERGE_COPIED && m->v[i].type == 's' && is_overlaid(m, i))
			m->v[i].fate = MERGE_OVERLAID;
}

int merge_plan(const struct merge_spec *spec, struct merge *ret)
{
	struct planning p = {.spec = spec, .plan = ret};
	int r = manifest_each(spec->run_fd, add_entry, &p);

	if (r == 0 && p.known.n)
		qsort(p.known.v, p.known.n, sizeof(*p.known.v), by_run_path);
	if (r == 0)
		r = file_walk(spec->run_fd, true, plan_file, &p);
	merge_release(&p.known);
	if (r == 0 && ret->n) {
		qsort(ret->v, ret->n, sizeof(*ret->v), by_place);
		find_overlaid(ret);
	}
	return r;
}

/* --- what would be lost --------------------------------------------------- */

static int replaced(const struct merge *m, const char *dir, struct strv *ret)
{
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	for (size_t i = 0; r == 0 && i < m->n; i++)
		if (m->v[i].fate == MERGE_COPIED && file_exists(fd, m->v[i].target))
			r = strv_add(ret, m->v[i].target);
	return r;
}

static bool all_in(const struct strv *some, const struct strv *sorted)
{
	for (size_t i = 0; i < some->n; i++)
		if (!strv_has_sorted(sorted, some->v[i]))
			return false;
	return true;
}

static int ask_git(const char *dir, struct strv *known, struct strv *unstaged)
{
	int r = source_git_files(dir, known);

	if (r == 0)
		r = source_git_unstaged(dir, unstaged);
	strv_sort(known);
	strv_sort(unstaged);
	return r;
}

int merge_find_loss(const struct merge *merge, const char *dir, bool trust_git,
	enum merge_loss *ret_loss, struct strv *ret_targets)
{
	_cleanup_strv_ struct strv all = STRV_INIT, known = STRV_INIT, unstaged = STRV_INIT;
	int r = replaced(merge, dir, &all);

	*ret_loss = MERGE_NO_LOSS;
	if (r < 0 || !all.n)
		return r;
	if (!trust_git || ask_git(dir, &known, &unstaged) < 0 || !all_in(&all, &known)) {
		*ret_loss = MERGE_REPLACES;
		return strv_copy(ret_targets, &all);
	}
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (strv_has_sorted(&unstaged, all.v[i]))
			r = strv_add(ret_targets, all.v[i]);
	if (ret_targets->n)
		*ret_loss = MERGE_UNSTAGED;
	return r;
}

/* --- copying -------------------------------------------------------------- */

static int copy(int run_fd, const char *from, int target_fd, const char *to)
{
	int r = file_mkdirs_above(target_fd, to, 0777);

	return r == 0 ? file_copy_over(run_fd, from, target_fd, to) : r;
}

int merge_copy(int run_fd, const struct merge_file *file, int target_fd, struct err *err)
{
	int r = copy(run_fd, file->run_path, target_fd, file->target);

	return r < 0 ? err_set(err, r, "cannot copy %s: %s", file->target, strerror(-r)) : 0;
}

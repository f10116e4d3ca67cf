/* SPDX-License-Identifier: MIT */
/* What the index says, and what is so. */
#include "catalog/check.h"

#include <errno.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/facts.h"
#include "catalog/index.h"
#include "catalog/stamp.h"

struct job {
	const struct home *home;
	struct index_check *check;
	struct index *index;
	struct strv announced; /* what our own programs have changed since */
};

static void say(struct job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct job *job, const char *format, ...)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&b, format, ap);
	va_end(ap);
	job->check->say(job->check->arg, buf_str(&b));
}

/* --- one row -------------------------------------------------------------- */

static bool compare_text(
	struct job *job, const char *id, const char *what, const char *index, const char *store)
{
	if (strcmp(index ? index : "", store ? store : "") == 0 && !index == !store)
		return true;
	say(job, "%s: %s is '%s' in the index, '%s' in the store", id, what, index ? index : "",
		store ? store : "");
	return false;
}

static bool compare_number(
	struct job *job, const char *id, const char *what, int64_t index, int64_t store)
{
	if (index == store)
		return true;
	say(job, "%s: %s is %lld in the index, %lld in the store", id, what, (long long)index,
		(long long)store);
	return false;
}

static bool is_same(struct job *job, const char *id, const struct run_summary *index,
	const struct run_summary *store)
{
	_cleanup_buf_ struct buf x = BUF_INIT, y = BUF_INIT;
	bool same;

	opref_format(&x, &index->opref);
	opref_format(&y, &store->opref);
	same = compare_text(job, id, "the opref", buf_str(&x), buf_str(&y));
	same &= compare_text(job, id, "the status", run_status_name(index->status),
		run_status_name(store->status));
	same &= compare_number(job, id, "initialized", index->initialized, store->initialized);
	same &= compare_number(job, id, "started", index->started, store->started);
	same &= compare_number(job, id, "stopped", index->stopped, store->stopped);
	same &= compare_number(job, id, "exit_status",
		index->has_exit_status ? index->exit_status : -1,
		store->has_exit_status ? store->exit_status : -1);
	same &= compare_number(job, id, "marked", index->marked, store->marked);
	same &= compare_text(job, id, "the label", index->label, store->label);
	same &= compare_text(job, id, "the flags file's name", index->dropped, store->dropped);
	same &= compare_text(job, id, "the batch's operation", index->proto, store->proto);
	return compare_text(job, id, "the damage", index->damage, store->damage) && same;
}

/* What the index has packed of a run that did not change, against what would be packed now. */
static bool are_facts_same(struct job *job, const char *id, uint64_t stamp, int run_fd)
{
	_cleanup_buf_ struct buf stored = BUF_INIT;
	struct index_facts facts;
	uint64_t watch_stamp;

	if (index_get_facts(job->index, id, &facts) < 0 || facts.stamp != stamp)
		return true;
	watch_stamp = stamp_of_paths(run_fd, facts.watch, facts.watch_len);
	if (watch_stamp != facts.watch_stamp || facts_read(run_fd, NULL, &stored) < 0 ||
		(stored.len == facts.len && memcmp(stored.data, facts.bytes, facts.len) == 0))
		return true;
	say(job, "%s: the flags, attributes or scalars in the index are not those in the store",
		id);
	return false;
}

/* Of a sorted list: there may be as many as a changes file has lines. */
static bool is_announced(const struct job *job, const char *id)
{
	return strv_has_sorted(&job->announced, id);
}

static int check_row(void *arg, const struct index_row *row)
{
	struct job *job = arg;
	uint64_t stamp = stamp_of_run(job->home->runs_fd, row->id);
	_cleanup_close_ int fd = home_open_run(job->home, row->id);
	_cleanup_summary_ struct run_summary stored = {0};

	/* A run that is gone is not shown, whatever the index has. */
	if (fd < 0 || run_summary_load(fd, &stored) < 0)
		return 0;
	job->check->rows++;
	if (is_announced(job, row->id))
		return 0;
	if (stamp != row->stamp)
		job->check->outdated++;
	else if (!is_same(job, row->id, &row->summary, &stored) ||
		 !are_facts_same(job, row->id, stamp, fd))
		job->check->wrong++;
	return 0;
}

/* --- all of them ---------------------------------------------------------- */

static void add_announced(void *arg, const char *id)
{
	strv_add(arg, id);
}

static int check_rows(struct job *job, struct index *ix, struct err *err)
{
	struct index_state state;
	int r = index_verify(ix, err);

	job->index = ix;
	if (r == 0)
		r = index_view(ix, &state);
	/* Where the mark is lost, the stamps tell what was changed. */
	if (r == 0) {
		home_changes_read(job->home, &state.mark, add_announced, &job->announced);
		strv_sort(&job->announced);
		strv_unique(&job->announced);
	}
	return r < 0 ? r : index_each(ix, check_row, job);
}

/* From nothing, so that no error can stay. */
static int rebuild(const struct home *home, size_t *ret_runs, struct err *err)
{
	_cleanup_index_ struct index *ix = NULL;
	struct catalog *catalog;
	int r = index_open(home, &ix);

	if (r < 0)
		return err_set(err, r, "cannot open the index: %s", strerror(-r));
	index_discard(STEAL(ix));
	r = catalog_new(home, &catalog, err);
	if (r < 0)
		return r;
	*ret_runs = catalog_count(catalog);
	r = catalog_sweep(catalog, &(struct catalog_sweep){0});
	catalog_free(catalog);
	/* Whoever else is at it writes the same. */
	return r < 0 && r != -EAGAIN ? err_set(err, r, "cannot write the index: %s", strerror(-r))
				     : 0;
}

int index_check(const struct home *home, struct index_check *check, struct err *err)
{
	_cleanup_index_ struct index *ix = NULL;
	struct job job = {.home = home, .check = check};
	struct err damage = ERR_INIT;
	int r = index_open_as_is(home, &ix);

	if (r == 0)
		r = check_rows(&job, ix, &damage);
	strv_release(&job.announced);
	if (r == -EUCLEAN) {
		say(&job, "the index is damaged, or of another version%s%s",
			damage.code ? ": " : "", damage.code ? err_text(&damage) : "");
		check->wrong++;
	} else if (r < 0 && r != -ENOENT) {
		return err_set(err, r, "cannot read the index: %s", strerror(-r));
	}
	return rebuild(home, &check->runs, err);
}

/* SPDX-License-Identifier: MIT */
/* A list of tables, few at any time, each with a lock of its own. */
#include "run_tables.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "guildfs.h"
#include "runs_of.h"
#include "show.h"
#include "things.h"
#include "where.h"
#include "base/array.h"
#include "base/clock.h"
#include "catalog/filter_run.h"
#include "catalog/run_table.h"
#include "page/kept_curves.h"
#include "page/page.h"
#include "page/table.h"
#include "run/batch.h"
#include "yaml/json.h"

/* Of tables that nobody uses at the moment. */
enum { KEPT_MS = 60000, KEPT_TABLES = 64, KEPT_BYTES = 256 << 20 };
/* Of the page: at most four points of a curve in each column. */
enum { PAGE_RUNS = 1000, PAGE_COLUMNS = 32, CURVES_BYTES = 64 << 20 };

struct kept_table {
	struct guildfs *fs;
	/* What its directory is about: an operation, an expression of where/, a batch, or all runs.
	 */
	enum place_class class;
	uint32_t serial;
	/* Whose look it is, on a shared mount: even a heading tells of runs, and so does who is a
	 * member of where/ by a value. Root's is everybody's who sees all. */
	struct opener viewer;
	/* With the list's lock. */
	struct kept_table *next;
	unsigned users;
	int64_t used_ms;
	size_t bytes;
	bool stale; /* not to be found any more */
	/* With its own. */
	pthread_mutex_t lock;
	struct run_table *table; /* NULL: not made yet */
	struct filter *filter;   /* of an expression */
	struct strv trials;      /* of a batch: their ids, as of this look */
	uint8_t *seen;           /* by serial: enum seen, as of the last look; n_seen of them */
	size_t n_seen;
};

enum seen { SEEN_UNKNOWN, SEEN, UNSEEN };

struct run_tables {
	pthread_mutex_t lock;
	struct kept_table *first;

	/* Whoever sees a run sees the same curves of it: kept for as long as there is room. */
	pthread_mutex_t curves_lock; /* taken after that of a table */
	struct kept_curves *curves;  /* NULL: nobody has asked for the page yet */
};

struct run_tables *run_tables_new(void)
{
	struct run_tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		return NULL;
	pthread_mutex_init(&tables->lock, NULL);
	pthread_mutex_init(&tables->curves_lock, NULL);
	return tables;
}

static void free_table(struct kept_table *k)
{
	run_table_free(k->table);
	filter_free(k->filter);
	strv_release(&k->trials);
	free(k->seen);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

/* With the lock held: takes out those without users that are stale, or older than this. */
static void take_out(struct run_tables *tables, int64_t before_ms)
{
	struct kept_table **at = &tables->first;

	while (*at) {
		struct kept_table *k = *at;

		if (k->users || (!k->stale && k->used_ms >= before_ms)) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		free_table(k);
	}
}

/* With the lock held: the one that has been left alone for longest. NULL: all are in use. */
static struct kept_table *oldest(struct run_tables *tables)
{
	struct kept_table *found = NULL;

	for (struct kept_table *k = tables->first; k; k = k->next)
		if (!k->users && (!found || k->used_ms < found->used_ms))
			found = k;
	return found;
}

/* With the lock held. Whoever looks at many expressions does not fill the memory with them. */
static void keep_few(struct run_tables *tables)
{
	size_t n = 0, bytes = 0;

	for (struct kept_table *k = tables->first; k; k = k->next) {
		n++;
		bytes += k->bytes;
	}
	for (struct kept_table *k = oldest(tables); k && (n > KEPT_TABLES || bytes > KEPT_BYTES);
		k = oldest(tables)) {
		n--;
		bytes -= k->bytes;
		k->stale = true;
		take_out(tables, 0);
	}
}

void run_tables_free(struct run_tables *tables)
{
	if (!tables)
		return;
	take_out(tables, INT64_MAX);
	kept_curves_free(tables->curves);
	pthread_mutex_destroy(&tables->curves_lock);
	pthread_mutex_destroy(&tables->lock);
	free(tables);
}

void run_tables_trim(struct run_tables *tables)
{
	LOCK_SCOPE(&tables->lock);

	take_out(tables, clock_monotonic_ms() - KEPT_MS);
}

void run_tables_forget(struct run_tables *tables)
{
	LOCK_SCOPE(&tables->lock);

	for (struct kept_table *k = tables->first; k; k = k->next)
		k->stale = true;
	take_out(tables, 0);
}

/* --- one table ------------------------------------------------------------ */

static struct kept_table *take(struct run_tables *tables, const struct place *p)
{
	LOCK_SCOPE(&tables->lock);
	struct opener viewer = p->fs->shared ? p->viewer : (struct opener){0};
	struct kept_table *k = tables->first;

	if (viewer.uid == 0)
		viewer.gid = 0;
	while (k && (k->stale || k->class != p->class || k->serial != p->serial ||
			    k->viewer.uid != viewer.uid || k->viewer.gid != viewer.gid))
		k = k->next;
	if (!k) {
		k = calloc(1, sizeof(*k));
		if (!k)
			return NULL;
		pthread_mutex_init(&k->lock, NULL);
		k->fs = p->fs;
		k->class = p->class;
		k->serial = p->serial;
		k->viewer = viewer;
		k->next = tables->first;
		tables->first = k;
	}
	k->users++;
	return k;
}

static void put(struct run_tables *tables, struct kept_table *k, size_t bytes)
{
	LOCK_SCOPE(&tables->lock);

	k->users--;
	k->bytes = bytes;
	k->used_ms = clock_monotonic_ms();
	take_out(tables, 0);
	keep_few(tables);
}

static int is_of_operation(void *arg, const struct run_table_question *q)
{
	const struct kept_table *k = arg;
	const struct thing *thing = things_of_opref(k->fs, &q->summary->opref);

	return thing && thing->serial == k->serial;
}

static int is_selected(void *arg, const struct run_table_question *q)
{
	const struct kept_table *k = arg;
	int r = filter_selects(
		k->filter, k->fs->catalog, q->reader, q->serial, q->summary, q->scalars);

	/* What cannot be read is not selected. */
	return r == -ENOMEM ? r : r > 0;
}

static int is_trial(void *arg, const struct run_table_question *q)
{
	const struct kept_table *k = arg;

	return strv_has_sorted(&k->trials, catalog_id(k->fs->catalog, q->serial));
}

static int read_trials(struct kept_table *k, const struct place *p)
{
	_cleanup_close_ int run_fd = place_open_run(p);

	strv_release(&k->trials);
	return run_fd < 0 ? run_fd : batch_links(run_fd, &k->trials);
}

static run_table_member_fn member_of(const struct kept_table *k)
{
	return k->class == PLACE_THING   ? is_of_operation
	       : k->class == PLACE_WHERE ? is_selected
	       : k->class == PLACE_RUN   ? is_trial
					 : NULL;
}

/* --- who sees them -------------------------------------------------------- */

static enum seen look(const struct kept_table *k, uint64_t serial)
{
	const struct place run = place_of_run(k->fs, serial, false);

	return run_may_be_seen(k->fs, k->viewer, &run) ? SEEN : UNSEEN;
}

/* Out of memory it is UNSEEN. */
static enum seen remember(struct kept_table *k, uint64_t serial)
{
	if (array_reach(&k->seen, serial, &k->n_seen, sizeof(*k->seen)) < 0)
		return UNSEEN;
	k->seen[serial] = (uint8_t)look(k, serial);
	return (enum seen)k->seen[serial];
}

static int is_member(void *arg, const struct run_table_question *q)
{
	struct kept_table *k = arg;
	run_table_member_fn member = member_of(k);

	if (k->viewer.uid != 0 && remember(k, q->serial) != SEEN)
		return 0;
	return member ? member(k, q) : 1;
}

/* A mode is not the catalogue's business: what a run that has not changed is to this viewer now may
 * be something else, and then nothing of the old table may be left. */
static void check_seen(struct kept_table *k)
{
	bool same = true;

	for (size_t i = 0; same && i < k->n_seen; i++)
		same = k->seen[i] == SEEN_UNKNOWN || !catalog_present(k->fs->catalog, i) ||
		       k->seen[i] == look(k, i);
	if (same)
		return;
	run_table_free(STEAL(k->table));
	free(STEAL(k->seen));
	k->n_seen = 0;
}

/* --- reading them --------------------------------------------------------- */

static int refresh(struct kept_table *k, const struct place *p)
{
	int r = k->class == PLACE_RUN ? read_trials(k, p) : 0;

	check_seen(k);
	if (r == 0 && k->class == PLACE_WHERE && !k->filter)
		r = wheres_filter(k->fs->wheres, k->serial, &k->filter);
	if (r == 0 && !k->table)
		r = run_table_new(k->fs->catalog, is_member, k, &k->table);
	return r < 0 ? r : run_table_refresh(k->table);
}

static void print(const struct kept_table *k, struct buf *b)
{
	size_t len;
	const char *text = run_table_heading(k->table, &len);

	buf_add(b, text, len);
	for (size_t i = 0; i < run_table_rows(k->table); i++) {
		uint64_t serial;

		text = run_table_row(k->table, i, &serial, &len);
		buf_add(b, text, len);
	}
}

static void close_table(struct kept_table *k)
{
	size_t bytes = k->n_seen + (k->table ? run_table_bytes(k->table) : 0);

	pthread_mutex_unlock(&k->lock);
	put(k->fs->run_tables, k, bytes);
}

/* The table, up to date and locked. */
static int open_table(const struct place *p, struct kept_table **ret)
{
	struct kept_table *k = take(p->fs->run_tables, p);
	int r;

	if (!k)
		return -ENOMEM;
	pthread_mutex_lock(&k->lock);
	r = refresh(k, p);
	if (r == 0) {
		*ret = k;
		return 0;
	}
	close_table(k);
	return r;
}

void run_tables_print(const struct place *p, struct buf *b)
{
	struct kept_table *k;
	int r = open_table(p, &k);

	if (r < 0) {
		buf_fail(b, r);
		return;
	}
	print(k, b);
	close_table(k);
}

/* --- the page --------------------------------------------------------------- */

static int print_curves(const struct kept_table *k, struct buf *json)
{
	struct run_tables *tables = k->fs->run_tables;
	_cleanup_facts_reader_ struct facts_reader *reader = facts_reader_new(k->fs->catalog);
	LOCK_SCOPE(&tables->curves_lock);
	size_t n = run_table_rows(k->table);
	int r = 0;

	if (!tables->curves)
		tables->curves = kept_curves_new(k->fs->catalog, PAGE_COLUMNS);
	if (!tables->curves || !reader)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < n && i < PAGE_RUNS; i++) {
		uint64_t serial;
		size_t len;

		run_table_row(k->table, i, &serial, &len);
		buf_printf(
			json, "%s\"%s\": ", i ? ",\n" : "\n", catalog_id(k->fs->catalog, serial));
		r = kept_curves_print(tables->curves, reader, serial, json);
	}
	kept_curves_trim(tables->curves, CURVES_BYTES);
	return r;
}

static void print_page_data(void *arg, struct buf *json)
{
	struct kept_table *k = arg;
	_cleanup_buf_ struct buf title = BUF_INIT;
	int r;

	buf_printf(&title, "Runs of %s", k->fs->home->path);
	buf_puts(json, "{\"title\": ");
	json_emit_string(json, buf_str(&title));
	buf_printf(json, ", \"live\": false, \"total\": %zu,\n", run_table_rows(k->table));
	page_table(json, k->table, PAGE_RUNS, NULL, NULL);
	buf_puts(json, ",\n\"curves\": {");
	r = print_curves(k, json);
	buf_puts(json, "}}");
	if (r < 0)
		buf_fail(json, r);
}

void run_tables_page(const struct place *p, struct buf *b)
{
	struct kept_table *k;
	int r = open_table(p, &k);

	if (r < 0) {
		buf_fail(b, r);
		return;
	}
	page_print(b, print_page_data, k);
	close_table(k);
}

/* --- which runs they have ----------------------------------------------------- */

int run_tables_runs(const struct place *p, uint64_t **ret, size_t *ret_n)
{
	struct kept_table *k;
	int r = open_table(p, &k);

	if (r < 0)
		return r;
	*ret_n = run_table_rows(k->table);
	*ret = calloc(*ret_n + 1, sizeof(**ret));
	for (size_t i = 0; *ret && i < *ret_n; i++) {
		size_t len;

		run_table_row(k->table, i, &(*ret)[i], &len);
	}
	close_table(k);
	return *ret ? 0 : -ENOMEM;
}

int run_tables_has(const struct place *p, uint64_t serial)
{
	struct kept_table *k;
	bool found = false;
	int r = open_table(p, &k);

	if (r < 0)
		return r;
	for (size_t i = 0; !found && i < run_table_rows(k->table); i++) {
		uint64_t at;
		size_t len;

		run_table_row(k->table, i, &at, &len);
		found = at == serial;
	}
	close_table(k);
	return found;
}

/* SPDX-License-Identifier: MIT */
/* Facets: which values there are, which runs have them, and what changes. */
#include "store.h"

#include <errno.h>

#include "catalog/facets.h"
#include "run/annotate.h"

static struct store store;
static struct catalog *catalog;
static struct facets *facets;

static int setup(void **state)
{
	if (support_setup(state))
		return -1;
	store_open(&store, *state);
	assert_int_equal(catalog_new(store.home, &catalog, NULL), 0);
	facets = facets_new(catalog);
	return facets ? 0 : -1;
}

static int teardown(void **state)
{
	facets_free(facets);
	catalog_free(catalog);
	store_close(&store);
	return support_teardown(state);
}

/* A run that is over, with this label. */
static uint64_t add_run(const char *label, char id[RUN_ID_LEN + 1])
{
	_cleanup_close_ int fd = -1;

	id[0] = '\0';
	store_birth(&store, "op", false, id);
	fd = home_open_run(store.home, id);
	unlinkat(fd, RUN_TICKET_FILE, 0);
	unlinkat(fd, ".guild/PENDING", 0);
	assert_int_equal(attr_write_int(fd, "exit_status", 0, FILE_NOSYNC), 0);
	assert_int_equal(annotate_set_label(fd, label), 0);
	return catalog_update(catalog, id);
}

static void remove_run(const char *id)
{
	assert_int_equal(file_remove_tree(store.home->runs_fd, id), 0);
	assert_int_equal(catalog_update(catalog, id), 0);
}

/* Names of the values, with how many runs have each: "a:2 b:1 ". */
static void check(enum facet facet, uint32_t parent, const char *wanted)
{
	_cleanup_free_ struct facet_item *items = NULL;
	_cleanup_strv_ struct strv names = STRV_INIT;
	_cleanup_buf_ struct buf all = BUF_INIT;
	size_t n;

	assert_int_equal(facets_values(facets, facet, parent, &items, &n), 0);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ uint64_t *serials = NULL;
		size_t n_runs;

		assert_int_equal(facets_runs(facets, items[i].value, &serials, &n_runs), 0);
		for (size_t j = 0; j < n_runs; j++)
			assert_true(facets_has(facets, items[i].value, serials[j]));
		strv_addf(&names, "%s:%zu", items[i].name, n_runs);
	}
	strv_sort(&names);
	for (size_t i = 0; i < names.n; i++)
		buf_printf(&all, "%s ", names.v[i]);
	assert_string_equal(buf_str(&all), wanted);
}

static void come_and_go(void **state)
{
	char a[RUN_ID_LEN + 1], b[RUN_ID_LEN + 1], c[RUN_ID_LEN + 1];
	uint32_t value, again;
	uint64_t serial;

	(void)state;
	check(FACET_LABEL, 0, "");
	assert_int_equal(facets_find(facets, FACET_LABEL, 0, "x", &value), -ENOENT);
	serial = add_run("x", a);
	add_run("x", b);
	add_run("y/z", c);
	check(FACET_LABEL, 0, "x:2 y%2Fz:1 ");
	check(FACET_STATUS, 0, "completed:3 ");
	check(FACET_OPERATION, 0, "m:op:3 ");
	assert_int_equal(facets_find(facets, FACET_LABEL, 0, "x", &value), 0);
	assert_string_equal(facets_text(facets, value), "x");
	assert_true(facets_has(facets, value, serial));
	remove_run(a);
	check(FACET_LABEL, 0, "x:1 y%2Fz:1 ");
	assert_false(facets_has(facets, value, serial));
	remove_run(b);
	check(FACET_LABEL, 0, "y%2Fz:1 ");
	assert_int_equal(facets_find(facets, FACET_LABEL, 0, "x", &again), -ENOENT);
	/* The same number when it comes back. */
	add_run("x", a);
	assert_int_equal(facets_find(facets, FACET_LABEL, 0, "x", &again), 0);
	assert_int_equal(again, value);
	assert_null(facets_text(facets, 0));
	assert_null(facets_text(facets, 100000));
}

static void flags_and_tags(void **state)
{
	char a[RUN_ID_LEN + 1];
	_cleanup_close_ int fd = -1;
	_cleanup_strv_ struct strv tags = STRV_INIT;
	uint32_t x, name;
	uint64_t serial = add_run("x", a);

	(void)state;
	fd = home_open_run(store.home, a);
	check(FACET_FLAG, 0, "name:1 x:1 ");
	assert_int_equal(facets_find(facets, FACET_FLAG, 0, "x", &x), 0);
	assert_int_equal(facets_find(facets, FACET_FLAG, 0, "name", &name), 0);
	check(FACET_FLAG_VALUE, x, "1:1 ");
	check(FACET_FLAG_VALUE, name, "n:1 ");
	check(FACET_TAG, 0, "");
	strv_add(&tags, "b");
	strv_add(&tags, "a");
	assert_int_equal(annotate_set_tags(fd, &tags), 0);
	catalog_invalidate(catalog, serial);
	check(FACET_TAG, 0, "a:1 b:1 ");
}

/* A name that is too long for a file is cut, and found all the same. */
static void long_values(void **state)
{
	char a[RUN_ID_LEN + 1], label[601];
	_cleanup_free_ struct facet_item *items = NULL;
	uint32_t value;
	size_t n;

	(void)state;
	memset(label, 'l', 600);
	label[600] = '\0';
	add_run(label, a);
	assert_int_equal(facets_values(facets, FACET_LABEL, 0, &items, &n), 0);
	assert_int_equal(n, 1);
	assert_true(strlen(items[0].name) <= 255);
	assert_int_equal(facets_find(facets, FACET_LABEL, 0, items[0].name, &value), 0);
	assert_string_equal(facets_text(facets, value), label);
}

/* Many at once take the other way. */
static void many_go(void **state)
{
	enum { MANY = 1100 };
	static char ids[MANY][RUN_ID_LEN + 1];
	char kept[RUN_ID_LEN + 1];

	(void)state;
	add_run("stays", kept);
	for (int i = 0; i < MANY; i++)
		add_run(i % 2 ? "odd" : "even", ids[i]);
	check(FACET_LABEL, 0, "even:550 odd:550 stays:1 ");
	for (int i = 0; i < MANY; i++)
		remove_run(ids[i]);
	check(FACET_LABEL, 0, "stays:1 ");
	check(FACET_STATUS, 0, "completed:1 ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(come_and_go),
		TEST(flags_and_tags),
		TEST(long_values),
		TEST(many_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

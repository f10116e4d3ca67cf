/* SPDX-License-Identifier: MIT */
/* The tree engine without a mount: places, numbers, names, sizes, and the flags-file machine. */
#include "store.h"

#include <errno.h>

#include "../../fs/backing.h"
#include "../../fs/errors.h"
#include "../../fs/event_stream.h"
#include "../../fs/flags_file.h"
#include "../../fs/guildfs.h"
#include "../../fs/ino.h"
#include "../../fs/listing.h"
#include "../../fs/notify.h"
#include "../../fs/opdir.h"
#include "../../fs/packages.h"
#include "../../fs/passthrough.h"
#include "../../fs/run_scalars.h"
#include "../../fs/listed.h"
#include "../../fs/run_tables.h"
#include "../../fs/runs_of.h"
#include "../../fs/scratch.h"
#include "../../fs/things.h"
#include "../../fs/tree.h"
#include "../../fs/waiters.h"
#include "../../fs/walk.h"
#include "../../fs/where.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "catalog/facets.h"

static struct store store;
static struct guildfs fs;
static struct project *projects[1];

static int setup(void **state)
{
	if (support_setup(state))
		return -1;
	tree_init();
	store_open(&store, *state);
	fs = (struct guildfs){
		.home = store.home,
		.projects = projects,
		.n_projects = 1,
		.trash = trash_new(),
		.wheres = wheres_new(),
		.things = things_new(),
		.opdirs = opdirs_new(),
		.packages = packages_new(),
		.backings = backings_new(),
		.errors = errors_new(),
		.events = event_stream_new(),
		.notifier = notifier_new(),
		.scalars = run_scalars_new(),
		.run_tables = run_tables_new(),
		.listed = listed_new(),
		.waiters = waiters_new(),
		.uid = getuid(),
		.gid = getgid(),
		.mountpoint = support_dir,
		.cwd = support_dir,
		.mounted = 1,
	};
	strv_add(&fs.env, "PATH=/usr/bin:/bin");
	if (project_new(store.file->dir, &projects[0], NULL) ||
		catalog_new(store.home, &fs.catalog, NULL))
		return -1;
	fs.facets = facets_new(fs.catalog);
	return 0;
}

static int teardown(void **state)
{
	waiters_free(fs.waiters);
	run_scalars_free(fs.scalars);
	run_tables_free(fs.run_tables);
	listed_free(fs.listed);
	trash_free(fs.trash);
	facets_free(fs.facets);
	wheres_free(fs.wheres);
	notifier_free(fs.notifier);
	errors_free(fs.errors);
	event_stream_free(fs.events);
	backings_free(fs.backings);
	opdirs_free(fs.opdirs);
	packages_free(fs.packages);
	things_free(fs.things);
	project_free(projects[0]);
	catalog_free(fs.catalog);
	strv_release(&fs.env);
	store_close(&store);
	return support_teardown(state);
}

static struct place root_place(void)
{
	return (struct place){.fs = &fs, .row = tree_root(), .class = PLACE_STATIC};
}

/* The place of a path, or -errno. */
static int find(const char *path, struct place *ret)
{
	*ret = root_place();
	while (*path) {
		size_t len = strcspn(path, "/");
		char name[256];
		struct place p;
		int r;

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		r = walk_lookup(ret, name, &p);
		if (r < 0)
			return r;
		*ret = p;
		path += len + (path[len] == '/');
	}
	return 0;
}

static void release_place(const struct place *p)
{
	if (p->class == PLACE_FILE)
		backing_forget(p, 1);
	if (p->class == PLACE_SCRATCH)
		scratch_forget(opdir_scratches(&fs), p->serial, 1);
}

/* What holds for every place there is. */
static void check_place(const struct place *p, int depth)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	struct place back;
	struct stat st;

	assert_int_equal(ino_decode(&fs, ino_encode(p), &back), 0);
	assert_ptr_equal(back.row, p->row);
	assert_int_equal(back.class, p->class);
	assert_int_equal(back.serial, p->serial);
	assert_int_equal(back.slot, p->slot);
	assert_int_equal(walk_attr(p, &st), 0);
	assert_true(st.st_ino != 0);
	if (p->row->kind == ROW_TEXT || p->row->kind == ROW_DOC || p->row->kind == ROW_FLAGS) {
		assert_int_equal(walk_show(p, &text), 0);
		assert_int_equal(st.st_size, text.len);
	}
	if (S_ISLNK(st.st_mode)) {
		assert_int_equal(walk_target(p, &text), 0);
		assert_int_equal(st.st_size, text.len);
	}
	if (S_ISDIR(st.st_mode)) {
		struct listing l = {0};

		assert_true(depth < 20);
		assert_int_equal(walk_list(p, &l), 0);
		for (size_t i = 0; i < l.n; i++) {
			struct place child;

			/* What is listed is found, and is what the listing said. */
			if (walk_lookup(p, l.entries[i].name, &child) < 0)
				fail_msg("%s is listed but not found", l.entries[i].name);
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(l.entries[i].name, l.entries[j].name);
			if (l.entries[i].shown_ino == 0)
				assert_true(ino_encode(&child) == ino_encode(&l.entries[i].place));
			check_place(&child, depth + 1);
			release_place(&child);
		}
		listing_release(&l);
	}
}

static void whole_tree(void **state)
{
	char id[RUN_ID_LEN + 1] = "", staged[RUN_ID_LEN + 1] = "";
	struct place root = root_place();

	(void)state;
	store_birth(&store, "op", false, id);
	store_birth(&store, "other", true, staged);
	catalog_update(fs.catalog, id);
	catalog_update(fs.catalog, staged);
	check_place(&root, 0);
	assert_int_equal(ino_encode(&root), INO_ROOT);
}

static void names(void **state)
{
	static const char *const absent[] = {"nothing", "models/nothing", "models/m/operations/x",
		"runs/zz", "runs/", "models/m/resources/x", "runs/latest/nothing", "operations/op"};
	static const char *const present[] = {"README", "models/m", "models/m/operations/op/flags",
		"operations/m:op", "runs/latest", "models/m/default", "models/m/resources"};
	struct place p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(present); i++)
		if (find(present[i], &p) != 0)
			fail_msg("%s is not there", present[i]);
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
		int r = find(absent[i], &p);

		if (r != -ENOENT && r != -ENOTDIR && strcmp(absent[i], "runs/") != 0)
			fail_msg("%s: %d", absent[i], r);
	}
	assert_int_equal(ino_decode(&fs, 12345, &p), -ESTALE);
	assert_int_equal(ino_decode(&fs, UINT64_MAX, &p), -ESTALE);
}

static struct place operation(void)
{
	struct place p;

	assert_int_equal(find("models/m/operations/op", &p), 0);
	return p;
}

static struct place flags_row(void)
{
	struct place p;

	assert_int_equal(find("models/m/operations/op/flags", &p), 0);
	return p;
}

static struct opener me(void)
{
	return (struct opener){.uid = fs.uid, .gid = fs.gid};
}

/* Writes pieces, flushing between them where a piece is "", and counts the runs that came. */
static int write_pieces(
	enum flags_start start, const char *const *pieces, size_t n, int *ret_result)
{
	struct place flags = flags_row();
	struct opener who = me();
	struct flags_file *f;
	size_t before = catalog_count(fs.catalog);
	off_t at = 0;
	int r = flags_file_open(&flags, NULL, true, start, &who, &f), flushed;

	assert_int_equal(r, 0);
	for (size_t i = 0; i < n; i++) {
		int one = *pieces[i] ? flags_file_write(f, pieces[i], strlen(pieces[i]), at)
				     : flags_file_flush(f);

		at += (off_t)strlen(pieces[i]);
		if (one < 0)
			r = one;
	}
	flushed = flags_file_flush(f);
	if (flushed < 0)
		r = flushed;
	flags_file_release(f);
	catalog_rescan(fs.catalog, NULL, NULL);
	*ret_result = r;
	return (int)(catalog_count(fs.catalog) - before);
}

static void flags_machine(void **state)
{
	static const struct {
		enum flags_start start;
		const char *pieces[5];
		size_t n;
		int runs, result;
	} table[] = {
		{FLAGS_START_EMPTY, {"x: 5\n"}, 1, 1, 0},
		{FLAGS_START_EMPTY, {"", "x: 5\n", "", ""}, 4, 1, 0},
		{FLAGS_START_EMPTY, {"x: 5\n", "", "name: k\n", ""}, 4, 1, 0},
		{FLAGS_START_EMPTY, {""}, 1, 0, 0},
		{FLAGS_START_EMPTY, {NULL}, 0, 0, 0},
		{FLAGS_START_SHOWN, {NULL}, 0, 0, 0},
		{FLAGS_START_SHOWN, {"name: k\n"}, 1, 1, 0},
		{FLAGS_START_APPEND, {"x: ", "5\n"}, 2, 1, 0},
		{FLAGS_START_EMPTY, {"y: 5\n"}, 1, 0, -EINVAL},
		{FLAGS_START_EMPTY, {"y: 5"}, 1, 0, -EINVAL},
		{FLAGS_START_EMPTY, {"x: 5\n", "", "y: 1\n", "x: 6\n"}, 4, 0, -EINVAL},
		{FLAGS_START_EMPTY, {"y: 5\n", "x: 5\n", ""}, 3, 0, -EINVAL},
		{FLAGS_START_EMPTY, {"name: z\n"}, 1, 0, -EINVAL},
		{FLAGS_START_EMPTY, {"{x: 1,\n", "name: k}\n"}, 2, 1, 0},
		{FLAGS_START_EMPTY, {"{x: 1,\n"}, 1, 0, -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		int result;
		int runs = write_pieces(table[i].start, table[i].pieces, table[i].n, &result);

		if (runs != table[i].runs || result != table[i].result)
			fail_msg("case %zu: %d runs, %d", i, runs, result);
	}
}

static void flags_limits(void **state)
{
	struct place flags = flags_row();
	struct opener who = me(), other = {.uid = fs.uid + 1, .gid = fs.gid};
	struct flags_file *f;
	_cleanup_free_ char *megabyte = calloc(1, FLAGS_FILE_MAX);

	(void)state;
	assert_int_equal(flags_file_open(&flags, NULL, true, FLAGS_START_EMPTY, &who, &f), 0);
	assert_int_equal(flags_file_write(f, megabyte, FLAGS_FILE_MAX, 1), -EFBIG);
	/* Whoever has written the first part of a text is told why the rest is not taken. */
	assert_int_equal(flags_file_write(f, "x: 1\n", 5, 0), -EFBIG);
	assert_int_equal(flags_file_flush(f), -EINVAL);
	assert_int_equal(flags_file_flush(f), -EINVAL);
	flags_file_release(f);
	if (fs.uid != 0)
		assert_int_equal(flags_file_open(&flags, NULL, true, FLAGS_START_EMPTY, &other, &f),
			-EACCES);
}

static void scratch_files(void **state)
{
	struct place dir = operation(), p, again;
	struct opener who = me();
	struct scratches *s = opdir_scratches(&fs);
	_cleanup_buf_ struct buf text = BUF_INIT;
	int64_t now = clock_monotonic_ms();

	(void)state;
	assert_int_equal(opdir_create(&dir, "a.swp", &who, &p), 0);
	assert_int_equal(opdir_create(&dir, "a.swp", &who, &again), -EEXIST);
	assert_int_equal(opdir_create(&dir, "cmd", &who, &again), -EEXIST);
	assert_int_equal(scratch_write(s, p.serial, "text", 4, 2, false), 0);
	assert_int_equal(scratch_read(s, p.serial, &text), 0);
	assert_int_equal(text.len, 6);
	assert_memory_equal(text.data, "\0\0text", 6);
	assert_int_equal(scratch_write(s, p.serial, "x", 1, (off_t)1 << 40, false), -ENOSPC);
	assert_int_equal(opdir_rename(&dir, "a.swp", "b.swp", true, &who), 0);
	assert_int_equal(walk_lookup(&dir, "b.swp", &again), 0);
	assert_int_equal(again.serial, p.serial);
	release_place(&again);
	assert_true(scratch_taken_away(s, p.serial, "a.swp"));
	assert_false(scratch_taken_away(s, p.serial, "b.swp"));
	/* A minute after the last close, and not while it is open. */
	assert_false(scratches_expire(s, now + 59000));
	scratch_opened(s, p.serial);
	assert_false(scratches_expire(s, now + 120000));
	scratch_closed(s, p.serial);
	assert_int_equal(opdir_unlink(&dir, "b.swp", &who), 0);
	assert_int_equal(walk_lookup(&dir, "b.swp", &again), -ENOENT);
	/* The kernel still knows the inode: it answers until that is forgotten. */
	buf_clear(&text);
	assert_int_equal(scratch_read(s, p.serial, &text), 0);
	release_place(&p);
	assert_int_equal(scratch_read(s, p.serial, &text), -ESTALE);
	assert_int_equal(opdir_create(&dir, "c.swp", &who, &p), 0);
	assert_true(scratches_expire(s, clock_monotonic_ms() + 61000));
	assert_int_equal(walk_lookup(&dir, "c.swp", &again), -ENOENT);
	release_place(&p);
	assert_int_equal(opdir_unlink(&dir, "cmd", &who), -EPERM);
	assert_int_equal(opdir_rename(&dir, "nothing", "x", true, &who), -ENOENT);
}

static void flags_names(void **state)
{
	(void)state;
	assert_true(opdir_is_flags_name("a.yml"));
	assert_true(opdir_is_flags_name("a.b.yaml"));
	assert_true(opdir_is_flags_name("a.json"));
	assert_false(opdir_is_flags_name(".a.yml"));
	assert_false(opdir_is_flags_name("a.yml~"));
	assert_false(opdir_is_flags_name("a.yml.swp"));
	assert_false(opdir_is_flags_name("yml"));
}

static void unlinked_flags(void **state)
{
	struct place dir = operation(), p;
	struct opener who = me();

	(void)state;
	assert_int_equal(opdir_unlink(&dir, "flags", &who), 0);
	assert_int_equal(walk_lookup(&dir, "flags", &p), -ENOENT);
	assert_int_equal(walk_lookup(&dir, "stage", &p), 0);
	assert_int_equal(opdir_create(&dir, "flags", &who, &p), 0);
	assert_int_equal(p.row->kind, ROW_FLAGS);
	assert_int_equal(walk_lookup(&dir, "flags", &p), 0);
}

static void stored_files(void **state)
{
	char id[RUN_ID_LEN + 1] = "", path[128];
	struct place p, same, replaced;
	_cleanup_buf_ struct buf target = BUF_INIT;
	struct stat st, other;
	int run_fd, fd;

	(void)state;
	store_birth(&store, "op", true, id);
	catalog_update(fs.catalog, id);
	run_fd = home_open_run(fs.home, id);
	store_touch(run_fd, "file", "one");
	snprintf(path, sizeof(path), "runs/%s/files/file", id);
	assert_int_equal(find(path, &p), 0);
	assert_int_equal(find(path, &same), 0);
	assert_int_equal(p.serial, same.serial);
	release_place(&same);
	assert_int_equal(walk_attr(&p, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(backing_open(&p, &fd), 0);
	/* Another file under the same name is another place; the open one stays what it was. */
	store_touch(run_fd, "file", "longer");
	assert_int_equal(find(path, &replaced), 0);
	assert_int_not_equal(replaced.serial, p.serial);
	assert_int_equal(walk_attr(&replaced, &other), 0);
	assert_int_equal(other.st_size, 6);
	assert_true(other.st_ino != st.st_ino);
	assert_int_equal(walk_attr(&p, &st), 0);
	assert_int_equal(st.st_size, 3);
	backing_close(&p, fd);
	assert_int_equal(walk_attr(&p, &st), -ESTALE);
	release_place(&p);
	release_place(&replaced);
	/* No name leads out. */
	assert_int_equal(symlinkat("/etc", run_fd, "out"), 0);
	snprintf(path, sizeof(path), "runs/%s/files/out", id);
	assert_int_equal(find(path, &p), 0);
	assert_int_equal(walk_target(&p, &target), 0);
	assert_string_equal(buf_str(&target), "/etc");
	assert_int_equal(walk_lookup(&p, "passwd", &same), -ENOENT);
	assert_int_equal(backing_open(&p, &fd), -ENXIO);
	release_place(&p);
	snprintf(path, sizeof(path), "runs/%s/sourcecode/file", id);
	assert_int_equal(find(path, &p), -ENOENT);
	snprintf(path, sizeof(path), "runs/%s/sourcecode/op.sh", id);
	assert_int_equal(find(path, &p), 0);
	release_place(&p);
	close(run_fd);
}

static void refused_writes(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	struct errors *errors = errors_new();
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < ERRORS_KEPT + 10; i++) {
		char path[32];

		snprintf(path, sizeof(path), "path%d", i);
		errors_add(errors, path, "tab\there");
	}
	errors_print(errors, &b);
	for (const char *c = buf_str(&b); *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, ERRORS_KEPT);
	assert_null(strstr(buf_str(&b), "path9\t"));
	assert_non_null(strstr(buf_str(&b), "path10\ttab\\there\n"));
	errors_free(errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_tree),
		cmocka_unit_test(names),
		cmocka_unit_test(flags_machine),
		cmocka_unit_test(flags_limits),
		cmocka_unit_test(scratch_files),
		cmocka_unit_test(flags_names),
		cmocka_unit_test(unlinked_flags),
		cmocka_unit_test(stored_files),
		cmocka_unit_test(refused_writes),
	};

	return cmocka_run_group_tests_name("tree", tests, setup, teardown);
}

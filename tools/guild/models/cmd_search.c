/* SPDX-License-Identifier: MIT */
/*
 * guild search: packages of indexes by what they say of themselves. What is read of an index is
 * core/package/index.h's; here is which indexes, and which packages.
 */
#include "guild.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/progress.h"
#include "term/table.h"
#include "base/array.h"
#include "base/file.h"
#include "base/output_of.h"
#include "base/version.h"
#include "package/index.h"
#include "package/metadata.h"
#include "project/command.h"
#include "run/user_config.h"
#include "yaml/json.h"

#define CACHE_DIR       "cache/guildfs/indexes"
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define DEFAULT_INDEX   "https://pypi.org/simple"

struct search_options {
	struct strv indexes;
	bool json;
};

#define OPTION(member, n, v, h, k)                                                                 \
	{                                                                                          \
		.name = n, .value = v, .help = h, .kind = k,                                       \
		.offset = offsetof(struct search_options, member)                                  \
	}

static const struct option_def search_options[] = {
	OPTION(indexes, "--index", "DIR|URL",
		"a directory of wheels, or a simple index (default: `search` in the user "
		"configuration); may be repeated",
		OPTION_LIST),
	OPTION(json, "--json", NULL, "as JSON", OPTION_FLAG),
	{0},
};

static void release(void *options)
{
	strv_release(&((struct search_options *)options)->indexes);
}

/* --- which indexes ---------------------------------------------------------------- */

/* ~ is the user's directory; other paths are from where they were written down. */
static int add_index(struct strv *indexes, const char *where, const char *beside)
{
	const char *home = getenv("HOME");

	if (index_is_url(where) || *where == '/' || strncmp(where, "file://", 7) == 0)
		return strv_add(indexes, where);
	if (*where == '~' && (where[1] == '/' || !where[1]) && home)
		return strv_addf(indexes, "%s%s", home, where + 1);
	return strv_addf(indexes, "%s%s", beside, where);
}

/* `search: WHERE`, or a list of such. */
static int configured_indexes(struct guild *g, struct strv *indexes)
{
	_cleanup_value_ struct value *config = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT, beside = BUF_INIT;
	struct err err = ERR_INIT;
	const struct value *search;
	int r = user_config_load(g->home, g->cwd, &config, &err);

	if (r < 0)
		return complain("%s", err_text(&err));
	user_config_path(g->home, g->cwd, &path);
	user_config_beside(g->home, g->cwd, "", &beside);
	search = value_get(config, "search");
	if (value_str(search))
		r = add_index(indexes, search->string, buf_str(&beside));
	else if (!value_is_null(search) && search->type != VALUE_LIST)
		return complain("%s: search is %s, where a directory, a URL or a list of such is "
				"needed",
			buf_str(&path), value_type_name(search));
	for (size_t i = 0; search && search->type == VALUE_LIST && r == 0 && i < search->list.n;
		i++) {
		if (!value_str(search->list.items[i]))
			return complain("%s: search has %s in it, where directories and URLs are "
					"needed",
				buf_str(&path), value_type_name(search->list.items[i]));
		r = add_index(indexes, search->list.items[i]->string, buf_str(&beside));
	}
	return r < 0 ? complain("out of memory") : EXIT_OK;
}

/* A line of `pip config list`: global.index-url='URL'. What comes later counts. */
static void take_setting(const char *line, size_t len, struct buf *ret)
{
	static const char key[] = ".index-url='";
	const char *at = memmem(line, len, key, strlen(key));

	if (!at || memchr(line, '=', len) < (const void *)at || line[len - 1] != '\'')
		return;
	at += strlen(key);
	buf_clear(ret);
	buf_add(ret, at, (size_t)(line + len - 1 - at));
}

/* The index of everything, in which pip looks when it is told of no other. */
static void find_default(struct guild *g, struct buf *ret)
{
	_cleanup_buf_ struct buf python = BUF_INIT, out = BUF_INIT;

	buf_puts(ret, DEFAULT_INDEX);
	if (python_find(g->cwd, &g->env, &python) == 0) {
		const char *const argv[] = {buf_str(&python), "-m", "pip", "config", "list", NULL};

		output_of(argv, NULL, &out);
	}
	for (const char *line = buf_str(&out); *line;) {
		size_t len = strcspn(line, "\n");

		if (len)
			take_setting(line, len, ret);
		line += len + (line[len] == '\n');
	}
}

static size_t len_without_slashes(const char *url)
{
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	return len;
}

/* Nobody lists these whole. */
static bool is_of_everything(const char *url, const char *default_index)
{
	static const char *const hosts[] = {
		"://pypi.org/", "://test.pypi.org/", "://pypi.python.org/"};
	size_t len = len_without_slashes(url);

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (strcasestr(url, hosts[i]))
			return true;
	return len == len_without_slashes(default_index) && strncmp(url, default_index, len) == 0;
}

/* --- what is found -------------------------------------------------------------------- */

struct found {
	char *name, *version;
	struct value *headers;
	char *description;
};

struct search {
	const struct strv *terms;
	struct found *v;
	size_t n, cap;
	struct progress progress;
	int status;
	bool empty; /* nothing was there to be printed */
};

static void search_release(struct search *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].version);
		value_free(s->v[i].headers);
		free(s->v[i].description);
	}
	free(s->v);
}

static bool go_on(void *arg, uint64_t bytes)
{
	return progress_go_on(&((struct search *)arg)->progress, bytes);
}

static void warn(void *arg, const char *sentence)
{
	progress_clear(&((struct search *)arg)->progress);
	warning("%s", sentence);
}

/* The newest that any index has; of equal ones that of the first index. */
static struct found *place_for(struct search *s, const char *name, const char *version)
{
	for (size_t i = 0; i < s->n; i++) {
		struct found *f = &s->v[i];

		if (strcmp(f->name, name) != 0)
			continue;
		if (version_compare(f->version, version) >= 0)
			return NULL;
		free(f->name);
		free(f->version);
		value_free(f->headers);
		free(f->description);
		*f = (struct found){0};
		return f;
	}
	return array_grow(&s->v, s->n, &s->cap, sizeof(*s->v)) < 0 ? NULL : &s->v[s->n];
}

static int take_package(void *arg, const char *name, const char *version, const char *metadata)
{
	struct search *s = arg;
	_cleanup_value_ struct value *headers = NULL;
	const char *description;
	struct found *f;
	int r = metadata_read(metadata, &headers, &description);

	if (r < 0 || !metadata_is_guild(headers))
		return r;
	f = place_for(s, name, version);
	if (!f)
		return 0;
	*f = (struct found){strdup(name), strdup(version), STEAL(headers), strdup(description)};
	s->n += f == &s->v[s->n];
	return f->name && f->version && f->description ? 0 : -ENOMEM;
}

/* --- reading ---------------------------------------------------------------------- */

/* There, a package has the name that people agreed on for such: gpkg-TERM. */
static int look_up(struct search *s, struct index_reader *reader, const char *url, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->terms->n; i++) {
		_cleanup_buf_ struct buf name = BUF_INIT, normal = BUF_INIT;

		dist_normal_name(&normal, s->terms->v[i]);
		if (!normal.len || strspn(buf_str(&normal), NAME_CHARACTERS) != normal.len)
			continue;
		if (strncmp(buf_str(&normal), "gpkg-", 5) != 0)
			buf_puts(&name, "gpkg-");
		buf_puts(&name, buf_str(&normal));
		r = index_look_up(reader, url, buf_str(&name), err);
	}
	return r;
}

static void read_index(
	struct search *s, struct index_reader *reader, const char *where, const char *default_index)
{
	struct err err = ERR_INIT;
	int r = index_is_url(where) && is_of_everything(where, default_index)
			? look_up(s, reader, where, &err)
			: index_read(reader, where, &err);

	if (r == 0 || r == -ECANCELED)
		return;
	progress_clear(&s->progress);
	s->status = complain("%s", err.code ? err_text(&err) : strerror(-r));
}

static bool any_is_url(const struct strv *indexes)
{
	for (size_t i = 0; i < indexes->n; i++)
		if (index_is_url(indexes->v[i]))
			return true;
	return false;
}

static int read_all(struct guild *g, struct search *s, struct strv *indexes)
{
	_cleanup_buf_ struct buf default_index = BUF_INIT;
	_cleanup_close_ int cache_fd = -1;
	struct index_reader reader = {
		.go_on = go_on, .warn = warn, .visit = take_package, .arg = s};
	int r = file_mkdirs(g->home->fd, CACHE_DIR, 0777);

	cache_fd = r < 0 ? r : openat(g->home->fd, CACHE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache_fd < 0)
		return complain("cannot open %s/" CACHE_DIR ": %s", g->home->path,
			strerror(r < 0 ? -r : errno));
	reader.cache_fd = cache_fd;
	if (!indexes->n || any_is_url(indexes))
		find_default(g, &default_index);
	if (!indexes->n && strv_add(indexes, buf_str(&default_index)) < 0)
		return complain("out of memory");
	progress_begin(&s->progress, 0);
	for (size_t i = 0; i < indexes->n; i++)
		read_index(s, &reader, indexes->v[i], buf_str(&default_index));
	index_reader_release(&reader);
	progress_end(&s->progress);
	return s->status;
}

/* --- rows ---------------------------------------------------------------------------- */

struct rows {
	const struct search *search;
	const struct found *of;
	struct table table;
	bool has_operations;
};

static bool matches(const struct rows *rows, const char *operation, const char *description)
{
	const struct strv *terms = rows->search->terms;
	_cleanup_buf_ struct buf text = BUF_INIT;

	buf_printf(&text, "%s\n%s\n%s\n%s\n%s\n%s", rows->of->name,
		metadata_header(rows->of->headers, "name"),
		metadata_header(rows->of->headers, "summary"),
		metadata_header(rows->of->headers, "keywords"), operation, description);
	for (size_t i = 0; i < terms->n; i++)
		if (!strcasestr(buf_str(&text), terms->v[i]))
			return false;
	return true;
}

static int add_row(void *arg, const char *operation, const char *description)
{
	struct rows *rows = arg;
	_cleanup_buf_ struct buf summary = BUF_INIT;
	struct table *t = &rows->table;

	rows->has_operations = true;
	/* Hidden, as in `guild operations`. */
	if (*operation == '_' || !matches(rows, operation, description))
		return 0;
	metadata_summary(&summary, rows->of->headers);
	if (table_add(t, metadata_header(rows->of->headers, "name")) < 0 ||
		table_add(t, rows->of->version) < 0 || table_add(t, operation) < 0 ||
		table_add(t, *description ? description : buf_str(&summary)) < 0)
		return -ENOMEM;
	return 0;
}

static int compare_found(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

static int print_json(const struct table *t)
{
	static const char *const keys[] = {"package", "version", "model:operation", "description"};
	_cleanup_value_ struct value *list = value_list();
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < t->cells.n; i += t->columns) {
		struct value *row = value_map();

		for (size_t c = 0; row && r == 0 && c < t->columns; c++)
			r = value_map_set(row, keys[c], value_string(t->cells.v[i + c]));
		r = r < 0 ? r : value_list_add(list, row);
	}
	if (r < 0)
		return complain("out of memory");
	json_emit(&text, list);
	puts(buf_str(&text));
	return EXIT_OK;
}

static int print_rows(struct search *s, bool json)
{
	struct rows rows = {.search = s, .table = {.columns = 4}};
	int r = 0, status;

	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), compare_found);
	for (size_t i = 0; r == 0 && i < s->n; i++) {
		rows.of = &s->v[i];
		rows.has_operations = false;
		r = metadata_operations(s->v[i].description, add_row, &rows);
		if (r == 0 && !rows.has_operations)
			r = add_row(&rows, "", "");
	}
	status = r < 0 ? complain("out of memory") : EXIT_OK;
	s->empty = !rows.table.cells.n;
	if (r == 0 && json)
		status = print_json(&rows.table);
	else if (r == 0)
		table_print(&rows.table, "", stdout);
	table_release(&rows.table);
	return status;
}

/* --- the command ------------------------------------------------------------------------ */

/* Nobody has said where packages are, and where pip looks there are hardly any of Guild's. */
static void tell_how_to_name_one(struct guild *g, const char *looked_at)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	user_config_path(g->home, g->cwd, &path);
	fprintf(stderr,
		"Nothing was found in %s, where pip looks. Other indexes are named by --index "
		"DIR|URL, or by 'search: [DIR|URL, ...]' in %s.\n",
		looked_at, buf_str(&path));
}

static int search(struct guild *g, void *options, const struct strv *args)
{
	const struct search_options *o = options;
	_cleanup_strv_ struct strv indexes = STRV_INIT;
	_cleanup_buf_ struct buf beside = BUF_INIT;
	struct search s = {.terms = args};
	int r = 0, status;

	if (!args->n) {
		complain("a TERM is missing");
		return EXIT_USAGE;
	}
	buf_printf(&beside, "%s/", g->cwd);
	for (size_t i = 0; r == 0 && i < o->indexes.n; i++)
		r = add_index(&indexes, o->indexes.v[i], buf_str(&beside));
	if (r < 0)
		return complain("out of memory");
	status = guild_open_home(g);
	if (status == EXIT_OK && !indexes.n)
		status = configured_indexes(g, &indexes);
	if (status == EXIT_OK) {
		bool named = indexes.n;
		int shown;

		status = read_all(g, &s, &indexes);
		/* What an index that cannot be read would have had is missing, no more. */
		shown = print_rows(&s, o->json);
		status = status == EXIT_OK ? shown : status;
		if (status == EXIT_OK && !named && s.empty)
			tell_how_to_name_one(g, indexes.v[0]);
	}
	search_release(&s);
	return status;
}

const struct command cmd_search = {
	.name = "search",
	.usage = "search [OPTION]... TERM...",
	.summary = "Find packages by name, model, operation, description or tag",
	.options = search_options,
	.options_size = sizeof(struct search_options),
	.run = search,
	.release = release,
};

/* SPDX-License-Identifier: MIT */
/* From an index to the METADATA of what is newest in it. */
#include "package/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file_walk.h"
#include "base/strv.h"
#include "base/version.h"
#include "base/digest.h"
#include "package/index_page.h"
#include "package/installed.h"
#include "package/wheel_metadata.h"

/* A wheel that is larger is not fetched to look into it. */
#define WHEEL_MAX ((uint64_t)1 << 30)

#define ACCEPT                                                                                     \
	"application/vnd.pypi.simple.v1+html, text/html;q=0.9, "                                   \
	"application/vnd.pypi.simple.v1+json;q=0.5"

void index_reader_release(struct index_reader *reader)
{
	if (reader->pages)
		pages_close(reader->pages);
	reader->pages = NULL;
}

static bool begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

bool index_is_url(const char *where)
{
	return begins(where, "http://") || begins(where, "https://");
}

/* --- wheels ----------------------------------------------------------------------- */

struct wheel {
	char *name; /* normal form */
	char *version;
	size_t number; /* the caller's */
};

struct wheels {
	struct wheel *v;
	size_t n, cap;
};

static void wheels_release(struct wheels *wheels)
{
	for (size_t i = 0; i < wheels->n; i++) {
		free(wheels->v[i].name);
		free(wheels->v[i].version);
	}
	free(wheels->v);
}

/* NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl; false for all else. */
static bool split_name(const char *file, struct wheel *ret)
{
	_cleanup_buf_ struct buf name = BUF_INIT, part = BUF_INIT;
	const char *end = file + strlen(file) - strlen(".whl"), *version;
	size_t dashes = 0;

	if (end <= file || strcmp(end, ".whl") != 0)
		return false;
	for (const char *c = file; c < end; c++)
		dashes += *c == '-';
	if (dashes != 4 && dashes != 5)
		return false;
	version = strchr(file, '-') + 1;
	buf_add(&part, file, (size_t)(version - 1 - file));
	dist_normal_name(&name, buf_str(&part));
	ret->name = buf_steal(&name, NULL);
	ret->version = strndup(version, strcspn(version, "-"));
	return true;
}

static int add_wheel(struct wheels *wheels, const char *file, size_t number)
{
	struct wheel w = {.number = number};
	int r;

	if (!split_name(file, &w))
		return 0;
	r = w.name && w.version ? array_grow(&wheels->v, wheels->n, &wheels->cap, sizeof(w))
				: -ENOMEM;
	if (r < 0) {
		free(w.name);
		free(w.version);
		return r;
	}
	wheels->v[wheels->n++] = w;
	return 0;
}

/* As installers choose: what is released before what is only tried, then by version. */
static int compare_wheels(const void *a, const void *b)
{
	const struct wheel *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = version_is_final(y->version) - version_is_final(x->version);
	if (order == 0)
		order = version_compare(y->version, x->version);
	return order ? order : (x->number > y->number) - (x->number < y->number);
}

/* The best one of each name, in order of names. */
static void keep_best(struct wheels *wheels)
{
	size_t kept = 0;

	if (!wheels->n)
		return;
	qsort(wheels->v, wheels->n, sizeof(*wheels->v), compare_wheels);
	for (size_t i = 1; i < wheels->n; i++) {
		if (strcmp(wheels->v[kept].name, wheels->v[i].name) != 0) {
			struct wheel w = wheels->v[++kept];

			wheels->v[kept] = wheels->v[i];
			wheels->v[i] = w;
		}
	}
	for (size_t i = kept + 1; i < wheels->n; i++) {
		free(wheels->v[i].name);
		free(wheels->v[i].version);
	}
	wheels->n = kept + 1;
}

/* Of one package: the others are read all the same, unless the user wants it to end. */
static int told(const struct index_reader *reader, int r, const struct err *err)
{
	if (r == 0 || r == -ENOMEM || r == -ECANCELED || r == -ELIBACC)
		return r;
	reader->warn(reader->arg, err->code ? err_text(err) : strerror(-r));
	return 0;
}

/* --- directories -------------------------------------------------------------------- */

struct directory {
	struct wheels wheels;
	struct strv paths; /* from the directory */
};

/* In it, and in the directories that it has: one for each project is common. */
static int look_at_file(void *arg, const struct walk_entry *entry)
{
	struct directory *d = arg;
	const char *slash = strchr(entry->path, '/');
	int r;

	if (S_ISDIR(entry->st.st_mode))
		return slash ? WALK_PASS_BY : 0;
	if (!S_ISREG(entry->st.st_mode))
		return 0;
	r = strv_add(&d->paths, entry->path);
	return r < 0 ? r : add_wheel(&d->wheels, slash ? slash + 1 : entry->path, d->paths.n - 1);
}

static int read_wheel(
	struct index_reader *reader, int dirfd, const char *path, const struct wheel *w)
{
	_cleanup_buf_ struct buf metadata = BUF_INIT;
	struct err err = ERR_INIT;
	int r;

	if (reader->go_on && !reader->go_on(reader->arg, 0))
		return -ECANCELED;
	r = wheel_metadata(dirfd, path, reader->cache_fd, &metadata, &err);
	if (r < 0)
		return told(reader, r, &err);
	return reader->visit(reader->arg, w->name, w->version, buf_str(&metadata));
}

static int read_directory(struct index_reader *reader, const char *path, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct directory d = {0};
	int r = fd < 0 ? -errno : file_walk(fd, true, look_at_file, &d);

	if (r < 0)
		err_set(err, r, "cannot read %s, a directory of packages: %s", path, strerror(-r));
	keep_best(&d.wheels);
	for (size_t i = 0; r == 0 && i < d.wheels.n; i++)
		r = read_wheel(reader, fd, d.paths.v[d.wheels.v[i].number], &d.wheels.v[i]);
	wheels_release(&d.wheels);
	strv_release(&d.paths);
	return r;
}

/* --- simple indexes ------------------------------------------------------------------ */

static int get(struct index_reader *reader, const struct page_request *request, struct page *ret,
	struct err *err)
{
	int r = reader->pages ? 0
			      : pages_open(reader->cache_fd, reader->go_on, reader->arg,
					&reader->pages, err);

	*ret = (struct page){0};
	return r < 0 ? r : page_get(reader->pages, request, ret, err);
}

static int get_page(
	struct index_reader *reader, const char *url, struct index_page *ret, struct err *err)
{
	_cleanup_page_ struct page page = {0};
	int r = get(reader, &(struct page_request){.url = url, .accept = ACCEPT}, &page, err);

	*ret = (struct index_page){0};
	return r < 0 ? r : index_page_parse(&page, ret, err);
}

static int distill(void *arg, int dirfd, const char *name, struct buf *ret, struct err *err)
{
	const struct index_reader *reader = arg;

	return wheel_metadata(dirfd, name, reader->cache_fd, ret, err);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

/* -ENOENT: it is not there, whatever the page says. */
static int get_metadata(struct index_reader *reader, const struct index_link *link,
	struct page *ret, struct err *err)
{
	_cleanup_buf_ struct buf url = BUF_INIT;
	char hex[DIGEST_SHA256_LEN + 1];
	int r;

	buf_printf(&url, "%s.metadata", link->url);
	r = get(reader,
		&(struct page_request){.url = buf_str(&url), .digest = or_null(link->metadata_sha)},
		ret, err);
	if (r < 0 || !*link->metadata_sha)
		return r;
	r = digest_text(DIGEST_SHA256, buf_str(&ret->text), ret->text.len, hex);
	if (r == 0 && strcmp(hex, link->metadata_sha) != 0)
		r = err_set(err, -EBADMSG,
			"%s is not what the index says: its SHA-256 digest is another",
			buf_str(&url));
	return r;
}

static int read_link(
	struct index_reader *reader, const struct index_link *link, const struct wheel *w)
{
	_cleanup_page_ struct page page = {0};
	struct err err = ERR_INIT;
	int r = link->has_metadata ? get_metadata(reader, link, &page, &err) : -ENOENT;

	if (r == -ENOENT) {
		const struct page_request request = {
			.url = link->url,
			.digest = or_null(link->sha256),
			.max_bytes = WHEEL_MAX,
			.distill = distill,
			.arg = reader,
		};

		err = ERR_INIT;
		r = get(reader, &request, &page, &err);
	}
	if (r < 0)
		return told(reader, r, &err);
	return reader->visit(reader->arg, w->name, w->version, buf_str(&page.text));
}

/* The newest wheel of a project that its author did not take back. */
static int read_project(struct index_reader *reader, const char *url, struct err *err)
{
	struct index_page page;
	struct wheels wheels = {0};
	int r = get_page(reader, url, &page, err);

	for (size_t i = 0; r == 0 && i < page.n; i++)
		r = page.v[i].yanked ? 0 : add_wheel(&wheels, page.v[i].name, i);
	keep_best(&wheels);
	for (size_t i = 0; r == 0 && i < wheels.n; i++)
		r = read_link(reader, &page.v[wheels.v[i].number], &wheels.v[i]);
	wheels_release(&wheels);
	index_page_release(&page);
	return r;
}

/* Its URL, with the slash that relative ones need. */
static void root_of(struct buf *b, const char *url)
{
	buf_puts(b, url);
	if (!*url || url[strlen(url) - 1] != '/')
		buf_putc(b, '/');
}

int index_look_up(struct index_reader *reader, const char *url, const char *name, struct err *err)
{
	_cleanup_buf_ struct buf project = BUF_INIT;
	int r;

	root_of(&project, url);
	dist_normal_name(&project, name);
	buf_putc(&project, '/');
	r = read_project(reader, buf_str(&project), err);
	if (r != -ENOENT)
		return r;
	if (err)
		*err = ERR_INIT;
	return 0;
}

int index_read(struct index_reader *reader, const char *where, struct err *err)
{
	_cleanup_buf_ struct buf root = BUF_INIT;
	struct index_page page;
	int r;

	if (!index_is_url(where))
		return read_directory(
			reader, begins(where, "file://") ? where + strlen("file://") : where, err);
	root_of(&root, where);
	r = get_page(reader, buf_str(&root), &page, err);
	for (size_t i = 0; r == 0 && i < page.n; i++) {
		struct err inner = ERR_INIT;

		r = told(reader, read_project(reader, page.v[i].url, &inner), &inner);
	}
	index_page_release(&page);
	return r;
}

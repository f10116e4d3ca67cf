/* SPDX-License-Identifier: MIT */
/* Reading .dist-info directories. */
#include "package/installed.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "package/record.h"
#include "project/python_path.h"

static void dist_release(struct dist *d)
{
	free(d->name);
	free(d->version);
	free(d->site);
	free(d->info);
}

void dists_release(struct dists *dists)
{
	for (size_t i = 0; i < dists->n; i++)
		dist_release(&dists->v[i]);
	free(dists->v);
	*dists = (struct dists){0};
}

/* --- names --------------------------------------------------------------------- */

/* Next character of a name as indexes compare it (PEP 503); 0 at the end. */
static char next_normal(const char **name)
{
	char c = **name;

	if (!c)
		return 0;
	if (!strchr("-_.", c)) {
		++*name;
		return (char)tolower((unsigned char)c);
	}
	*name += strspn(*name, "-_.");
	return '-';
}

void dist_normal_name(struct buf *b, const char *name)
{
	for (char c; (c = next_normal(&name));)
		buf_putc(b, c);
}

static int compare_names(const char *a, const char *b)
{
	char x, y;

	do {
		x = next_normal(&a);
		y = next_normal(&b);
	} while (x && x == y);
	return x - y;
}

static int compare_dists(const void *a, const void *b)
{
	return strcmp(((const struct dist *)a)->name, ((const struct dist *)b)->name);
}

const struct dist *dists_find(const struct dists *dists, const char *name)
{
	for (size_t i = 0; i < dists->n; i++)
		if (compare_names(dists->v[i].name, name) == 0)
			return &dists->v[i];
	return NULL;
}

static char *safe_name(const char *text, size_t len)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < len; i++) {
		bool safe = isalnum((unsigned char)text[i]) || text[i] == '.';

		if (safe || !b.len || b.data[b.len - 1] != '-')
			buf_putc(&b, safe ? text[i] : '-');
	}
	return buf_steal(&b, NULL);
}

/* --- the list -------------------------------------------------------------------- */

struct reading {
	const char *site;
	struct dists *dists;
	size_t before; /* how many the directories before had */
};

static bool is_known(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->before; i++)
		if (compare_names(r->dists->v[i].name, name) == 0)
			return true;
	return false;
}

static int add_dist(void *arg, const char *entry, int d_type)
{
	struct reading *r = arg;
	const char *end = strrchr(entry, '.');
	size_t stem = end ? (size_t)(end - entry) : 0, name = strcspn(entry, "-");
	struct dist d = {0}, *grown;

	(void)d_type;
	if (!end || (strcmp(end, ".dist-info") != 0 && strcmp(end, ".egg-info") != 0))
		return 0;
	if (name > stem)
		name = stem;
	d.name = safe_name(entry, name);
	d.version = name == stem ? strdup("") : strndup(entry + name + 1, stem - name - 1);
	d.site = strdup(r->site);
	d.info = strdup(entry);
	grown = reallocarray(r->dists->v, r->dists->n + 1, sizeof(*grown));
	if (grown)
		r->dists->v = grown;
	if (!grown || !d.name || !d.version || !d.site || !d.info) {
		dist_release(&d);
		return -ENOMEM;
	}
	if (is_known(r, d.name)) {
		dist_release(&d);
		return 0;
	}
	/* Of an egg-info, NAME-VERSION-pyN.N. */
	if (strcmp(end, ".egg-info") == 0)
		d.version[strcspn(d.version, "-")] = '\0';
	grown[r->dists->n++] = d;
	return 0;
}

int dists_read(const char *python, struct dists *ret)
{
	_cleanup_strv_ struct strv path = STRV_INIT;
	struct dists dists = {0};
	int r = python_path_of(python, &path);

	for (size_t i = 0; r == 0 && i < path.n; i++) {
		struct reading reading = {path.v[i], &dists, dists.n};

		/* What is on the path need not be there, nor be a directory. */
		r = file_each(AT_FDCWD, path.v[i], add_dist, &reading);
		r = r == -ENOMEM ? r : 0;
	}
	if (dists.n > 1)
		qsort(dists.v, dists.n, sizeof(*dists.v), compare_dists);
	if (r < 0)
		dists_release(&dists);
	*ret = dists;
	return r;
}

/* --- what is said about one --------------------------------------------------------- */

static int read_info(const struct dist *d, const char *name, struct buf *b)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	buf_printf(&path, "%s/%s%s%s", d->site, d->info, *name ? "/" : "", name);
	return file_read(AT_FDCWD, buf_str(&path), RECORD_MAX, b);
}

static int read_metadata(const struct dist *d, struct buf *b)
{
	int r;

	if (strstr(d->info, ".dist-info"))
		return read_info(d, "METADATA", b);
	r = read_info(d, "PKG-INFO", b);
	return r == -ENOTDIR ? read_info(d, "", b) : r;
}

int dist_headers(const struct dist *d, struct value **ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = read_metadata(d, &text);

	return r < 0 ? r : metadata_read(buf_str(&text), ret, NULL);
}

bool dist_has_models(const struct dist *d)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	return read_info(d, "entry_points.txt", &text) == 0 &&
	       strstr(buf_str(&text), "[guild.models]");
}

/* --- files --------------------------------------------------------------------------- */

static int add_path(void *arg, const char *path, const char *digest)
{
	(void)digest;
	return strv_add(arg, path);
}

int dist_files(const struct dist *d, struct strv *ret)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = read_info(d, "RECORD", &text);

	return r < 0 ? r : record_each(buf_str(&text), add_path, ret);
}

/* --- Guild files ----------------------------------------------------------------------- */

void installed_release(struct installed *in)
{
	for (size_t i = 0; i < in->n; i++)
		guildfile_unref(in->v[i]);
	free(in->v);
	strv_release(&in->warnings);
	*in = (struct installed){0};
}

static int load(const struct dist *d, const char *path, struct installed *in)
{
	_cleanup_guildfile_ struct guildfile *file = NULL;
	_cleanup_buf_ struct buf dir = BUF_INIT;
	struct guildfile **grown;
	struct err err = ERR_INIT;

	buf_printf(&dir, "%s/%.*s", d->site, (int)(strrchr(path, '/') - path), path);
	if (guildfile_load(buf_str(&dir), &file, &err) < 0)
		return strv_addf(&in->warnings, "unable to load models of package %s: %s", d->name,
			err_text(&err));
	file->dist_name = strdup(d->name);
	file->dist_version = strdup(d->version);
	grown = reallocarray(in->v, in->n + 1, sizeof(struct guildfile *));
	if (grown)
		in->v = grown;
	if (!grown || !file->dist_name || !file->dist_version)
		return -ENOMEM;
	in->v[in->n++] = STEAL(file);
	return 0;
}

int installed_add(const struct dist *d, struct installed *in)
{
	static const char end[] = "/" GUILDFILE_NAME;
	_cleanup_strv_ struct strv files = STRV_INIT;
	int r = dist_files(d, &files);

	if (r < 0 && r != -ENOMEM)
		return strv_addf(&in->warnings,
			"unable to find models of package %s: %s/RECORD: %s", d->name, d->info,
			strerror(-r));
	for (size_t i = 0; r == 0 && i < files.n; i++) {
		size_t len = strlen(files.v[i]);

		if (len >= sizeof(end) && strcmp(files.v[i] + len - strlen(end), end) == 0 &&
			name_is_safe_path(files.v[i]))
			r = load(d, files.v[i], in);
	}
	return r;
}

int installed_read(const char *python, struct installed *ret)
{
	_cleanup_dists_ struct dists dists = {0};
	int r = dists_read(python, &dists);

	*ret = (struct installed){0};
	for (size_t i = 0; r == 0 && i < dists.n; i++)
		if (dist_has_models(&dists.v[i]))
			r = installed_add(&dists.v[i], ret);
	if (r < 0)
		installed_release(ret);
	return r;
}

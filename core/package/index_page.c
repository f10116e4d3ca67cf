/* SPDX-License-Identifier: MIT */
/* Anchors, or a JSON object. */
#include "package/index_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "fetch/anchors.h"
#include "yaml/yaml.h"

static void link_release(struct index_link *link)
{
	free(link->name);
	free(link->url);
	free(link->sha256);
	free(link->metadata_sha);
}

void index_page_release(struct index_page *page)
{
	for (size_t i = 0; i < page->n; i++)
		link_release(&page->v[i]);
	free(page->v);
	*page = (struct index_page){0};
}

/* What is said of one link, by either kind of page. */
struct said {
	const char *name, *url;
	const char *digest;   /* "sha256=HEX"; NULL */
	const char *metadata; /* the same, or "true"; NULL: there is none */
	bool yanked;
};

static char *sha256_of(const char *digest)
{
	static const char kind[] = "sha256=";
	bool fits = digest && strncmp(digest, kind, strlen(kind)) == 0;

	digest = fits ? digest + strlen(kind) : "";
	return strndup(digest, strspn(digest, "0123456789abcdef"));
}

/* A link that leads nowhere is nobody's package. */
static int add(struct index_page *page, const char *base, const struct said *said)
{
	_cleanup_buf_ struct buf url = BUF_INIT;
	struct index_link link;
	const char *hash;
	int r = page_url(base, said->url, &url);

	if (r < 0)
		return r == -EINVAL ? 0 : r;
	hash = strchr(buf_str(&url), '#');
	link = (struct index_link){
		.name = strdup(said->name),
		.url = strndup(buf_str(&url), strcspn(buf_str(&url), "#")),
		.sha256 = sha256_of(said->digest ? said->digest
				    : hash       ? hash + 1
						 : NULL),
		.yanked = said->yanked,
		.has_metadata = said->metadata != NULL,
		.metadata_sha = sha256_of(said->metadata),
	};
	r = link.name && link.url && link.sha256 && link.metadata_sha ? 0 : -ENOMEM;
	if (r == 0)
		r = array_grow(&page->v, page->n, &page->cap, sizeof(*page->v));
	if (r < 0)
		link_release(&link);
	else
		page->v[page->n++] = link;
	return r;
}

/* --- HTML ------------------------------------------------------------------------- */

struct html {
	struct index_page *page;
	const char *url; /* of the page */
	struct buf base;
};

static int take_anchor(void *arg, const struct anchor *a)
{
	struct html *h = arg;
	_cleanup_buf_ struct buf base = BUF_INIT;
	const char *metadata = anchor_attr(a, "data-core-metadata");
	const struct said said = {
		.name = a->text,
		.url = anchor_attr(a, "href"),
		.metadata = metadata ? metadata : anchor_attr(a, "data-dist-info-metadata"),
		.yanked = anchor_attr(a, "data-yanked") != NULL,
	};

	if (!said.url || !*said.name)
		return 0;
	if (!h->base.len || page_url(h->url, buf_str(&h->base), &base) < 0)
		buf_puts(&base, h->url);
	return add(h->page, buf_str(&base), &said);
}

/* --- JSON ------------------------------------------------------------------------- */

static void digest_of(struct buf *b, const struct value *hashes)
{
	const char *hex = value_str(value_get(hashes, "sha256"));

	if (hex)
		buf_printf(b, "sha256=%s", hex);
}

static int take_file(struct index_page *page, const char *base, const struct value *file)
{
	_cleanup_buf_ struct buf digest = BUF_INIT, metadata = BUF_INIT;
	const struct value *core = value_get(file, "core-metadata");
	const char *name = value_str(value_get(file, "filename"));
	const char *url = value_str(value_get(file, "url"));
	struct said said = {.name = name, .url = url};

	core = core ? core : value_get(file, "dist-info-metadata");
	digest_of(&digest, value_get(file, "hashes"));
	digest_of(&metadata, core);
	said.digest = buf_str(&digest);
	said.metadata = value_truthy(core) ? buf_str(&metadata) : NULL;
	said.yanked = value_truthy(value_get(file, "yanked"));
	return name && url ? add(page, base, &said) : 0;
}

static int take_project(struct index_page *page, const char *base, const struct value *project)
{
	_cleanup_buf_ struct buf url = BUF_INIT;
	const char *name = value_str(value_get(project, "name"));

	if (!name)
		return 0;
	buf_printf(&url, "%s/", name);
	return add(page, base, &(struct said){.name = name, .url = buf_str(&url)});
}

static int take_json(const struct page *page, struct index_page *ret, struct err *err)
{
	_cleanup_value_ struct value *root = NULL;
	const char *base = buf_str(&page->url);
	const struct value *projects, *files;
	int r = yaml_parse(buf_str(&page->text), page->text.len, &root, err);

	if (r < 0)
		return r;
	projects = value_get(root, "projects");
	files = value_get(root, "files");
	if (!(projects && projects->type == VALUE_LIST) && !(files && files->type == VALUE_LIST))
		return err_set(err, -EINVAL, "it has neither projects nor files");
	for (size_t i = 0; r == 0 && projects && i < projects->list.n; i++)
		r = take_project(ret, base, projects->list.items[i]);
	for (size_t i = 0; r == 0 && files && i < files->list.n; i++)
		r = take_file(ret, base, files->list.items[i]);
	return r;
}

int index_page_parse(const struct page *page, struct index_page *ret, struct err *err)
{
	struct html h = {.page = ret, .url = buf_str(&page->url)};
	struct err inner = ERR_INIT;
	int r;

	*ret = (struct index_page){0};
	if (strcasestr(buf_str(&page->type), "json"))
		r = take_json(page, ret, &inner);
	else
		r = anchors_each(
			buf_str(&page->text), page->text.len, take_anchor, &h, &h.base, &inner);
	buf_release(&h.base);
	if (r < 0)
		return err_set(err, r, "%s is no page of a package index: %s", buf_str(&page->url),
			inner.code ? err_text(&inner) : strerror(-r));
	return 0;
}

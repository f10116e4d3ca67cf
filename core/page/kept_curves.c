/* SPDX-License-Identifier: MIT */
/* An array by serial number. */
#include "page/kept_curves.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "metrics/scalars.h"
#include "page/table.h"

struct curves {
	char *text; /* NULL: not known */
	size_t len;
	unsigned version;        /* of the run, when they were made */
	bool live;               /* and whether it was live then */
	bool wanted;             /* printed since the last trim */
	struct scalars *scalars; /* of a live run, read as they grow */
};

struct kept_curves {
	struct catalog *catalog;
	unsigned columns;
	struct curves *v; /* by serial */
	size_t n;
	size_t bytes; /* of the texts */
};

struct kept_curves *kept_curves_new(struct catalog *catalog, unsigned columns)
{
	struct kept_curves *kept = calloc(1, sizeof(*kept));

	if (!kept)
		return NULL;
	kept->catalog = catalog;
	kept->columns = columns;
	return kept;
}

static void forget(struct kept_curves *kept, struct curves *c)
{
	kept->bytes -= c->len;
	free(c->text);
	scalars_free(c->scalars);
	*c = (struct curves){0};
}

void kept_curves_free(struct kept_curves *kept)
{
	if (!kept)
		return;
	for (size_t i = 0; i < kept->n; i++)
		forget(kept, &kept->v[i]);
	free(kept->v);
	free(kept);
}

/* A run that cannot be read has nothing to show, and others are shown with it. */
static int read_scalars(struct kept_curves *kept, uint64_t serial, struct scalars *scalars)
{
	_cleanup_close_ int run_fd =
		home_open_run(catalog_home(kept->catalog), catalog_id(kept->catalog, serial));
	int r = run_fd < 0 ? run_fd : scalars_refresh(scalars, run_fd, NULL);

	return r == -ENOMEM ? r : 0;
}

/* The text as it is kept: of how many columns it is, and the curves. */
static int make(
	struct kept_curves *kept, uint64_t serial, struct scalars **scalars, struct buf *ret)
{
	int r = *scalars ? 0 : scalars_new(SCALARS_SAMPLES, scalars);

	if (r == 0)
		r = read_scalars(kept, serial, *scalars);
	if (r < 0)
		return r;
	buf_printf(ret, "%u ", kept->columns);
	page_curves(ret, *scalars, kept->columns, false);
	return buf_error(ret);
}

/* Of as many columns as we want: another version of this program may have made others. */
static bool is_right(const struct kept_curves *kept, const struct buf *text)
{
	char *end;

	return strtoul(buf_str(text), &end, 10) == kept->columns && end[0] == ' ' && end[1] == '{';
}

/* From the index, or for it. */
static int find(struct kept_curves *kept, struct facts_reader *reader, uint64_t serial,
	struct scalars **scalars, struct buf *ret)
{
	struct facts_stamps stamps;
	int r = facts_reader_curves(reader, serial, &stamps, ret);

	if (r > 0 && is_right(kept, ret))
		return 0;
	buf_clear(ret);
	r = make(kept, serial, scalars, ret);
	return r < 0 ? r : facts_reader_keep_curves(reader, serial, &stamps, ret);
}

/* A run that has ended meanwhile is read a last time: whether it was live is asked before. */
static int renew(
	struct kept_curves *kept, struct facts_reader *reader, uint64_t serial, struct curves *c)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r;

	c->live = catalog_is_live(kept->catalog, serial);
	r = c->live ? make(kept, serial, &c->scalars, &text)
		    : find(kept, reader, serial, &c->scalars, &text);
	if (r < 0)
		return r;
	if (!c->live)
		scalars_free(STEAL(c->scalars));
	kept->bytes -= c->len;
	free(c->text);
	c->text = buf_steal(&text, &c->len);
	kept->bytes += c->len;
	return 0;
}

int kept_curves_print(
	struct kept_curves *kept, struct facts_reader *reader, uint64_t serial, struct buf *b)
{
	unsigned version = catalog_version(kept->catalog, serial);
	int r = array_reach(&kept->v, serial, &kept->n, sizeof(*kept->v));
	struct curves *c;
	const char *text;

	if (r < 0)
		return r;
	c = &kept->v[serial];
	if (!c->text || c->live || c->version != version)
		r = renew(kept, reader, serial, c);
	if (r < 0)
		return r;
	c->version = version;
	c->wanted = true;
	text = strchr(c->text, '{');
	buf_add(b, text, c->len - (size_t)(text - c->text));
	return 0;
}

void kept_curves_trim(struct kept_curves *kept, size_t max_bytes)
{
	bool full = kept->bytes > max_bytes;

	for (size_t i = 0; i < kept->n; i++) {
		if ((full || kept->v[i].live) && !kept->v[i].wanted)
			forget(kept, &kept->v[i]);
		kept->v[i].wanted = false;
	}
}

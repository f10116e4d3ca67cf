/* SPDX-License-Identifier: MIT */
/* From what is known of a run to the values that a filter asks for. */
#include "catalog/filter_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "project/nearest.h"
#include "run/attr.h"
#include "run/summary_field.h"

enum { SHORT_DIGEST = 8 };

struct asked {
	const struct home *home;
	const char *id;
	const struct run_summary *summary;
	const struct value *attrs;
};

/* NULL: the run does not have it. */
static struct value *stored(const struct asked *a, const char *name)
{
	_cleanup_close_ int fd = home_open_run(a->home, a->id);
	struct value *v = NULL;

	return fd >= 0 && name_is_component(name) && attr_read(fd, name, &v, NULL) == 0 ? v : NULL;
}

static struct value *short_digest(const struct asked *a)
{
	_cleanup_value_ struct value *digest = stored(a, "sourcecode_digest");
	const char *text = digest ? value_str(digest) : NULL;

	return text ? value_string_len(text, strnlen(text, SHORT_DIGEST)) : NULL;
}

static const char *const own[] = {"id", "run", "operation", "from", "op", "op_model", "short_id",
	"started", "stopped", "status", "time"};

/* Guild AI's own names come first, whatever a run calls its attributes. */
static struct value *attr(void *arg, const char *name)
{
	const struct asked *a = arg;
	const struct value *v;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		_cleanup_buf_ struct buf text = BUF_INIT;

		if (strcmp(own[i], name) != 0)
			continue;
		summary_attr(a->summary, a->id, name, &text);
		return buf_error(&text) ? NULL : value_string(buf_str(&text));
	}
	if (strcmp(name, "sourcecode") == 0)
		return short_digest(a);
	v = value_get(a->attrs, name);
	return v ? value_copy(v) : stored(a, name);
}

/* What is known of one run, while it is asked. */
struct known {
	struct run_facts facts;
	struct asked asked;
	struct filter_run run;
};

static int known_read(struct known *k, struct catalog *catalog, struct facts_reader *reader,
	uint64_t serial, const struct run_summary *summary, struct scalars **scalars)
{
	int r;

	*k = (struct known){.asked = {.home = catalog_home(catalog),
				    .id = catalog_id(catalog, serial),
				    .summary = summary}};
	r = facts_reader_follow(reader, serial, scalars, &k->facts);
	if (r < 0)
		return r;
	k->asked.attrs = k->facts.attrs;
	k->run = (struct filter_run){.attr = attr,
		.arg = &k->asked,
		.flags = k->facts.flags,
		.scalars = k->facts.scalars,
		.n_scalars = k->facts.n_scalars};
	return 0;
}

static void known_release(struct known *k)
{
	facts_release(&k->facts);
}

int filter_selects(const struct filter *f, struct catalog *catalog, struct facts_reader *reader,
	uint64_t serial, const struct run_summary *summary, struct scalars **scalars)
{
	_cleanup_(known_release) struct known k = {0};
	int r = known_read(&k, catalog, reader, serial, summary, scalars);

	return r < 0 ? r : filter_matches(f, &k.run);
}

/* --- names that no run has ------------------------------------------------------- */

struct name_hunt {
	struct strv names;
	bool *found;
	size_t missing;
	struct strv known; /* what runs have or may have, sorted */
};

static void name_hunt_release(struct name_hunt *h)
{
	strv_release(&h->names);
	strv_release(&h->known);
	free(h->found);
}

static int look_for_names(struct name_hunt *h, const struct filter_run *run)
{
	for (size_t i = 0; i < h->names.n; i++)
		if (!h->found[i] && filter_defines(run, h->names.v[i])) {
			h->found[i] = true;
			h->missing--;
		}
	return 0;
}

/* Most runs have the names of those before them. */
static int add_known(struct name_hunt *h, const char *name)
{
	int r = strv_has_sorted(&h->known, name) ? 0 : strv_add(&h->known, name);

	strv_sort(&h->known);
	return r;
}

static int collect_names(struct name_hunt *h, const struct filter_run *run)
{
	const struct asked *a = run->arg;
	const struct value *maps[] = {run->flags, a->attrs};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		for (size_t j = 0; maps[i] && r == 0 && j < maps[i]->map.n; j++)
			r = add_known(h, maps[i]->map.pairs[j].key);
	for (size_t i = 0; r == 0 && i < run->n_scalars; i++)
		r = add_known(h, run->scalars[i].tag);
	return r;
}

/* Each run in turn, until nothing is missing. One that cannot be read has nothing. */
static int ask_runs(struct name_hunt *h, struct catalog *catalog, struct facts_reader *reader,
	const struct filter_runs *runs, int (*ask)(struct name_hunt *, const struct filter_run *))
{
	int r = 0;

	for (size_t i = 0; r == 0 && h->missing && i < runs->n; i++) {
		_cleanup_(known_release) struct known k = {0};
		_cleanup_summary_ struct run_summary s = {0};

		if (catalog_summary(catalog, runs->serials[i], &s) == 0 &&
			known_read(&k, catalog, reader, runs->serials[i], &s, NULL) == 0)
			r = ask(h, &k.run);
	}
	return r;
}

static int tell_missing(const struct name_hunt *h, struct strv *ret)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->names.n; i++) {
		const char *name = h->names.v[i], *near;

		if (h->found[i])
			continue;
		near = nearest_name(
			filter_bare_name(name), (const char *const *)h->known.v, h->known.n);
		r = strv_addf(ret, "no run has '%s'%s%s%s", name, near ? "; did you mean '" : "",
			near ? near : "", near ? "'?" : "");
	}
	return r;
}

/* What Guild AI and we give to runs, whether or not there is one that has it. */
static int begin_known(struct name_hunt *h)
{
	static const char *const stored_names[] = {"label", "marked", "tags", "comments",
		"sourcecode", "exit_status", "cmd", "user", "host", "platform", "random_seed",
		"pid", "opref", "run_dir"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(own); i++)
		r = strv_add(&h->known, own[i]);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(stored_names); i++)
		r = strv_add(&h->known, stored_names[i]);
	strv_sort(&h->known);
	for (size_t i = 0; r == 0 && i < h->names.n; i++)
		if (strv_has_sorted(&h->known, filter_bare_name(h->names.v[i])) &&
			strncmp(h->names.v[i], "flag:", 5) != 0 &&
			strncmp(h->names.v[i], "scalar:", 7) != 0) {
			h->found[i] = true;
			h->missing--;
		}
	return r;
}

int filter_unknown(const struct filter *f, struct catalog *catalog, struct facts_reader *reader,
	const struct filter_runs *runs, struct strv *ret)
{
	_cleanup_(name_hunt_release) struct name_hunt h = {0};
	int r = filter_names(f, &h.names);

	h.missing = h.names.n;
	h.found = calloc(h.names.n + 1, sizeof(*h.found));
	if (r == 0 && !h.found)
		r = -ENOMEM;
	if (r == 0)
		r = begin_known(&h);
	if (r == 0 && runs->n)
		r = ask_runs(&h, catalog, reader, runs, look_for_names);
	if (r < 0 || !h.missing || !runs->n)
		return r;
	if (r == 0)
		r = ask_runs(&h, catalog, reader, runs, collect_names);
	return r == 0 ? tell_missing(&h, ret) : r;
}

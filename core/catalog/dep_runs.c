/* SPDX-License-Identifier: MIT */
/* Choosing runs for operation sources. */
#include "catalog/dep_runs.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "run/attr.h"

/* One of the comma-separated specs, each [MODEL:]OPERATION with OPERATION a regular expression. */
static bool spec_matches(const char *specs, const struct opref *ref)
{
	bool matched = false;

	while (*specs && !matched) {
		size_t len = strcspn(specs, ",");
		_cleanup_free_ char *spec = strndup(specs, len);
		char *colon = spec ? strrchr(spec, ':') : NULL;
		const char *op = colon ? colon + 1 : spec;
		_cleanup_buf_ struct buf pattern = BUF_INIT;
		regex_t regex;

		specs += len + (specs[len] == ',');
		if (!spec)
			return false;
		if (colon)
			*colon = '\0';
		buf_printf(&pattern, "^(%s)$", op + strspn(op, " "));
		if (regcomp(&regex, buf_str(&pattern), REG_EXTENDED | REG_NOSUB) != 0)
			continue;
		matched = regexec(&regex, ref->op, 0, NULL, 0) == 0 &&
			  (!colon || strcmp(spec, ref->model) == 0);
		regfree(&regex);
	}
	return matched;
}

static bool is_candidate(void *spec, const struct run_summary *s)
{
	return (s->status == RUN_COMPLETED || s->status == RUN_RUNNING ||
		       s->status == RUN_TERMINATED) &&
	       spec_matches(spec, &s->opref);
}

struct marked_job {
	struct catalog *catalog;
	const char *spec;
	uint64_t found;
	int64_t born;
};

/* Few runs are marked: one look at each, and a summary of those. */
static int look_for_marked(void *arg, uint64_t serial)
{
	struct marked_job *job = arg;
	_cleanup_close_ int fd =
		home_open_run(catalog_home(job->catalog), catalog_id(job->catalog, serial));
	_cleanup_summary_ struct run_summary s = {0};
	int64_t born;

	if (fd < 0 || !attr_exists(fd, "marked") || catalog_summary(job->catalog, serial, &s) < 0 ||
		!is_candidate((void *)job->spec, &s))
		return 0;
	born = catalog_born(job->catalog, serial);
	if (!job->found || born > job->born) {
		job->found = serial;
		job->born = born;
	}
	return 0;
}

/* NULL when there is no such run. */
static const char *newest_run_of(struct catalog *catalog, const char *spec)
{
	struct marked_job job = {.catalog = catalog, .spec = spec};
	uint64_t serial;

	catalog_each(catalog, look_for_marked, &job);
	serial = job.found ? job.found : catalog_newest(catalog, is_candidate, (void *)spec);
	return serial ? catalog_id(catalog, serial) : NULL;
}

int dep_runs_fill_flags(struct catalog *catalog, const struct operation *op, struct value *flags)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < op->n_deps; i++) {
		const struct dep *dep = &op->deps[i];
		const struct value *given = value_get(flags, dep->flag_name ? dep->flag_name : "");
		const char *id = NULL;

		if (dep->type != DEP_OPERATION || !dep->flag_name)
			continue;
		if (value_is_null(given)) {
			id = newest_run_of(catalog, dep->spec);
		} else if (value_str(given) && strlen(given->string) < RUN_ID_LEN) {
			uint64_t serial = catalog_find_prefix(catalog, given->string, NULL);

			id = serial ? catalog_id(catalog, serial) : NULL;
		}
		if (id)
			r = value_map_set(flags, dep->flag_name, value_string(id));
	}
	return r;
}

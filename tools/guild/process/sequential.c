/* SPDX-License-Identifier: MIT */
/* Which runs an optimizer learns from, and what it is told of them. */
#include "process/sequential.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "op_log.h"
#include "process/proposer.h"
#include "base/beneath.h"
#include "catalog/facts_reader.h"
#include "catalog/objective.h"
#include "project/space.h"
#include "run/attr.h"
#include "run/opref.h"

/* Runs that are not looked at again, and those that the program knows of. */
enum look { LOOK_AGAIN, LOOK_TOLD_RUNNING, LOOK_DONE };

enum learn { LEARN_OF_BATCH, LEARN_OF_CODE, LEARN_OF_OPERATION };

struct sequential {
	struct guild *g;
	const struct batch *batch;
	const struct batch_plan *plan;
	struct objective objective;
	struct space space;
	struct proposer *proposer; /* NULL: not yet, or it has ended */
	enum learn learn;
	struct opref ref;     /* of the prototype */
	struct buf digest;    /* of its source code */
	bool has_starts;      /* it begins by chance */
	int64_t starts;       /* with so many trials */
	unsigned char *looks; /* by serial */
	size_t n_looks;
	/* Earlier trials: all, those with a value, and of these those within the space. */
	size_t n_found, n_with_value, n_within;
};

/* --- what it is ------------------------------------------------------------------ */

static void read_learn(struct sequential *s)
{
	const char *name = value_str(value_get(s->batch->opt_flags, "prev-trials"));

	s->learn = LEARN_OF_BATCH;
	if (name && strcmp(name, "sourcecode") == 0)
		s->learn = LEARN_OF_CODE;
	else if (name && strcmp(name, "operation") == 0)
		s->learn = LEARN_OF_OPERATION;
}

static int read_proto(struct sequential *s, struct err *err)
{
	_cleanup_close_ int fd = batch_open_proto(s->batch->run_fd);
	int r = fd < 0 ? err_set(err, fd, "cannot read the prototype of the batch")
		       : opref_read(fd, &s->ref, err);

	if (r == 0)
		attr_read_text(fd, "sourcecode_digest", &s->digest);
	return r;
}

static int read_all(struct sequential *s, struct err *err)
{
	const struct value *starts = value_get(s->batch->opt_flags, "random-starts");
	int r = space_open(s->batch->flags, &s->space, err);

	s->has_starts = starts != NULL;
	if (!value_is_null(starts) && !value_as_int(starts, &s->starts))
		return err_set(err, -EINVAL, "the flag 'random-starts' is no integer");
	if (s->starts > (int64_t)s->plan->ids.n)
		s->starts = (int64_t)s->plan->ids.n;
	read_learn(s);
	if (r == 0)
		r = objective_parse(buf_str(&s->batch->objective), &s->objective, err);
	return r < 0 ? r : read_proto(s, err);
}

int sequential_new(struct guild *g, const struct batch *batch, const struct batch_plan *plan,
	struct sequential **ret, struct err *err)
{
	struct sequential *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->g = g;
	s->batch = batch;
	s->plan = plan;
	r = read_all(s, err);
	if (r == 0)
		*ret = s;
	else
		sequential_free(s);
	return r;
}

void sequential_free(struct sequential *s)
{
	if (!s)
		return;
	proposer_close(s->proposer);
	objective_release(&s->objective);
	space_release(&s->space);
	opref_release(&s->ref);
	buf_release(&s->digest);
	free(s->looks);
	free(s);
}

/* --- the program ------------------------------------------------------------------- */

static int begin(struct sequential *s, struct err *err)
{
	const char *project = value_str(
		value_get(value_get(value_get(s->batch->op, "op-cmd"), "cmd-env"), "PROJECT_DIR"));
	_cleanup_value_ struct value *begin = value_map();
	int r = begin ? 0 : -ENOMEM;

	if (r == 0)
		r = value_map_set(begin, "algorithm", value_string(s->batch->algorithm));
	if (r == 0)
		r = value_map_set(begin, "space", space_describe(&s->space));
	if (r == 0)
		r = value_map_set(begin, "flags", value_copy(s->batch->opt_flags));
	if (r == 0)
		r = value_map_set(begin, "seed", value_int(s->batch->spec.seed));
	if (r < 0)
		return r;
	/* A new one knows nothing. */
	free(s->looks);
	s->looks = NULL;
	s->n_looks = s->n_found = s->n_with_value = s->n_within = 0;
	return proposer_open(project ? project : "", &s->g->env, begin, &s->proposer, err);
}

/* --- what it is told --------------------------------------------------------------- */

static int send(struct sequential *s, const char *id, const struct value *point,
	const double *number, const struct run_summary *summary, const char *state, bool own)
{
	_cleanup_value_ struct value *told = value_map();
	double seconds = summary->stopped > summary->started
				 ? (double)(summary->stopped - summary->started) / 1e6
				 : 0;
	int r = told ? value_map_set(told, "id", value_string(id)) : -ENOMEM;

	if (r == 0)
		r = value_map_set(told, "point", value_copy(point));
	if (r == 0)
		r = value_map_set(told, "value", number ? value_float(*number) : value_null());
	if (r == 0)
		r = value_map_set(told, "seconds", value_float(seconds));
	if (r == 0)
		r = value_map_set(told, "state", value_string(state));
	if (r == 0)
		r = value_map_set(told, "own", value_bool(own));
	return r < 0 ? r : proposer_tell(s->proposer, told);
}

static int tell(struct sequential *s, struct facts_reader *reader, uint64_t serial,
	const struct run_summary *summary, bool own)
{
	_cleanup_facts_ struct run_facts facts = {0};
	_cleanup_value_ struct value *point = NULL;
	bool completed = summary->status == RUN_COMPLETED, has_value = false;
	bool live = run_status_live(summary->status);
	const char *state = live ? "running" : completed ? "complete" : "failed";
	double number;
	int r = facts_reader_get(reader, serial, &facts);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (completed)
		has_value = objective_of(&s->objective, &facts, &number);
	r = space_point_of(&s->space, facts.flags, &point);
	if (r < 0 && r != -EDOM)
		return r;
	s->n_found += completed;
	s->n_with_value += has_value;
	s->n_within += has_value && r == 0;
	/* Where it was told to run it was told that it runs. */
	return r < 0 ? 0
		     : send(s, catalog_id(s->g->catalog, serial), point,
			       has_value ? &number : NULL, summary, state, own);
}

/* What Guild AI takes for the same: its source code; and of the same operation, whose values are of
 * the same kind. */
static bool is_alike(struct sequential *s, uint64_t serial, const struct run_summary *summary)
{
	const struct opref *ref = &summary->opref;
	_cleanup_buf_ struct buf digest = BUF_INIT;
	_cleanup_close_ int fd = -1;

	if (s->learn == LEARN_OF_BATCH || summary->proto || strcmp(ref->op, s->ref.op) != 0 ||
		strcmp(ref->model, s->ref.model) != 0 ||
		strcmp(ref->pkg_type, s->ref.pkg_type) != 0 ||
		strcmp(ref->pkg_name, s->ref.pkg_name) != 0)
		return false;
	if (s->learn == LEARN_OF_OPERATION)
		return true;
	fd = home_open_run(s->g->home, catalog_id(s->g->catalog, serial));
	if (fd >= 0)
		attr_read_text(fd, "sourcecode_digest", &digest);
	return fd >= 0 && strcmp(buf_str(&digest), buf_str(&s->digest)) == 0;
}

static int grow(struct sequential *s, uint64_t serial)
{
	size_t n = serial + 64;
	unsigned char *grown;

	if (serial < s->n_looks)
		return 0;
	grown = realloc(s->looks, n);
	if (!grown)
		return -ENOMEM;
	memset(grown + s->n_looks, LOOK_AGAIN, n - s->n_looks);
	s->looks = grown;
	s->n_looks = n;
	return 0;
}

static int look_at(struct sequential *s, struct facts_reader *reader, const struct strv *own_ids,
	uint64_t serial)
{
	bool own = strv_has_sorted(own_ids, catalog_id(s->g->catalog, serial));
	_cleanup_summary_ struct run_summary summary = {0};
	bool live;
	int r = grow(s, serial);

	if (r < 0 || s->looks[serial] == LOOK_DONE ||
		catalog_summary(s->g->catalog, serial, &summary) < 0)
		return r;
	live = run_status_live(summary.status);
	/* Of others only what they have come to. */
	if (live && (!own || s->looks[serial] == LOOK_TOLD_RUNNING))
		return 0;
	s->looks[serial] = live ? LOOK_TOLD_RUNNING : LOOK_DONE;
	if (!own && (summary.status != RUN_COMPLETED || !is_alike(s, serial, &summary)))
		return 0;
	return tell(s, reader, serial, &summary, own);
}

/* All that has changed since the last time, in the order of their starts. */
static int tell_news(struct sequential *s)
{
	_cleanup_strv_ struct strv own = STRV_INIT;
	_cleanup_free_ uint64_t *serials = NULL;
	struct facts_reader *reader = facts_reader_new(s->g->catalog);
	size_t n = 0;
	int r = reader ? batch_links(s->batch->run_fd, &own) : -ENOMEM;

	if (r == 0)
		r = catalog_rescan(s->g->catalog, NULL, NULL);
	if (r == 0)
		r = catalog_newest_first(s->g->catalog, &serials, &n);
	while (r == 0 && n-- > 0)
		r = look_at(s, reader, &own, serials[n]);
	facts_reader_free(reader);
	return r;
}

/* --- the next trial ----------------------------------------------------------------- */

static int64_t number_of(const struct sequential *s, const char *id)
{
	size_t i = 0;

	while (i < s->plan->ids.n && strcmp(s->plan->ids.v[i], id) != 0)
		i++;
	return (int64_t)i;
}

/* Whether it is drawn by chance; why, or from what it is not, is said as Guild AI says it. */
static bool choose_start(const struct sequential *s, int64_t number)
{
	_cleanup_buf_ struct buf why = BUF_INIT;

	if (s->has_starts && number < s->starts)
		buf_printf(&why, "%lld of %lld", (long long)number + 1, (long long)s->starts);
	else if (s->has_starts && !s->n_found)
		buf_puts(&why, "missing previous trials");
	else if (s->has_starts && !s->n_with_value)
		buf_printf(&why, "cannot find objective '%s'", objective_name(&s->objective));
	else if (s->has_starts && !s->n_within)
		buf_puts(&why, "no previous trial is within the ranges");
	if (why.len)
		op_log(OP_LOG_INFO, "Random start for optimization (%s)", buf_str(&why));
	else
		op_log(OP_LOG_INFO, "Found %zu previous trial(s) for use in optimization",
			s->n_found);
	return why.len > 0;
}

static int ask(struct sequential *s, int64_t number, struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *question = value_map();
	int r = question ? value_map_set(question, "number", value_int(number)) : -ENOMEM;

	if (r == 0)
		r = value_map_set(question, "random", value_bool(choose_start(s, number)));
	return r < 0 ? r : proposer_ask(s->proposer, question, ret, err);
}

static int propose(struct sequential *s, int64_t number, struct value **ret, struct err *err)
{
	_cleanup_value_ struct value *point = NULL;
	int r = s->proposer ? 0 : begin(s, err);

	if (r == 0)
		r = tell_news(s);
	if (r == 0)
		r = ask(s, number, &point, err);
	if (r == -EPIPE) {
		proposer_close(s->proposer);
		s->proposer = NULL;
	}
	return r < 0 ? r : space_flags_at(&s->space, point, number == 0, ret, err);
}

int sequential_make(struct sequential *s, const char *id, struct err *err)
{
	_cleanup_value_ struct value *flags = NULL;
	int64_t number = number_of(s, id);
	int r;

	if (batch_has_trial(s->batch, id))
		return 0;
	r = propose(s, number, &flags, err);
	if (r == -EPIPE) {
		op_log(OP_LOG_WARNING, "the optimizer's program has ended: starting it again");
		r = propose(s, number, &flags, err);
	}
	if (r == -EPIPE)
		return err_set(err, r, "the optimizer's program ends as soon as it is asked");
	if (r < 0)
		return err && err->code ? r : err_set(err, r, "%s", strerror(-r));
	return batch_create_trial(s->batch, id, flags, &s->g->env, err);
}

/* SPDX-License-Identifier: MIT */
/*
 * Generators: one function for each entry that prints itself, and the dynamic children of
 * directories. Used by the tables of fs/tree.c and by nothing else; all have the signatures of
 * struct row and struct dynamic (fs/node.h).
 */
#ifndef FS_SHOW_H
#define FS_SHOW_H

#include "node.h"
#include "catalog/catalog.h"

/* show_root.c: the skeleton */
void root_readme(const struct place *p, struct buf *b);
void root_nocopy(const struct place *p, struct buf *b);
void root_errors(const struct place *p, struct buf *b);

/* Also when it would take long to say it. */
bool always_exists(const struct place *p);

/* show_model.c: models and operations */
extern const struct dynamic models_children, operations_children, opspec_children;
void model_description(const struct place *p, struct buf *b);
void model_references(const struct place *p, struct buf *b);
void model_default(const struct place *p, struct buf *b);
void model_guildfile(const struct place *p, struct buf *b);
bool model_has_references(const struct place *p);
void operation_description(const struct place *p, struct buf *b);
void operation_cmd(const struct place *p, struct buf *b);
void operation_requires(const struct place *p, struct buf *b);
void operation_help(const struct place *p, struct buf *b);
void operation_flags_text(const struct place *p, struct buf *b);
void operation_error(const struct place *p, struct buf *b);
void operation_latest(const struct place *p, struct buf *b);
void operation_opspec_target(const struct place *p, struct buf *b);
void operation_drop_target(const struct place *p, struct buf *b);

/* show_packages.c */
extern const struct dynamic packages_children, package_files_children;
void package_header(const struct place *p, struct buf *b);
void package_error(const struct place *p, struct buf *b);
void package_file_target(const struct place *p, struct buf *b);

/* show_resources.c */
extern const struct dynamic resources_children;
void model_resource_text(const struct place *p, struct buf *b);

/* show_runs.c: which runs there are */
extern const struct dynamic runs_children, trash_children, attrs_children;
/* A run that its owner keeps from others is in no list that they see. */
bool run_may_be_seen(struct guildfs *fs, struct opener viewer, const struct place *run);
/* The same for what the catalogue looks up; for as long as the place, which has the viewer. */
struct catalog_viewer runs_viewer(const struct place *asked);
void runs_latest(const struct place *p, struct buf *b);
void runs_prefix(const struct place *p, struct buf *b);

/* show_run.c: the attribute files of one run */
void run_id(const struct place *p, struct buf *b);
void run_operation(const struct place *p, struct buf *b);
void run_status(const struct place *p, struct buf *b);
void run_why(const struct place *p, struct buf *b);
void run_attr_of_row(const struct place *p, struct buf *b); /* attribute named like the row */
void run_time_of_row(const struct place *p, struct buf *b);
void run_attr_of_slot(const struct place *p, struct buf *b); /* attrs/<name> */
void run_duration(const struct place *p, struct buf *b);
void run_pid(const struct place *p, struct buf *b);
void run_project(const struct place *p, struct buf *b);
void run_model(const struct place *p, struct buf *b);
void run_flags(const struct place *p, struct buf *b);
void run_cmd(const struct place *p, struct buf *b);
void run_env(const struct place *p, struct buf *b);
void run_info(const struct place *p, struct buf *b);
bool run_has_attr_of_row(const struct place *p);
bool run_has_flags(const struct place *p);
bool run_has_cmd(const struct place *p);
bool run_has_env(const struct place *p);
bool run_has_log(const struct place *p);

/* show_by.c: views */
extern const struct dynamic by_values_children, by_flags_children, by_runs_children;
extern const struct dynamic operation_runs_children;
extern const struct dynamic where_children, where_runs_children;
extern const struct dynamic trials_children, by_batches_children;
void link_to_run(const struct place *p, struct buf *b);

/* show_batch.c: of a run that starts others */
bool run_is_batch(const struct place *p);
void run_best(const struct place *p, struct buf *b);
bool run_is_queue(const struct place *p);
void run_queue(const struct place *p, struct buf *b);

/* show_metrics.c: a run's numbers */
extern const struct dynamic metrics_children, scalars_children, plots_children;
void metric_value(const struct place *p, struct buf *b);
void metric_samples(const struct place *p, struct buf *b);
void metric_plot(const struct place *p, struct buf *b);
void run_scalars_csv(const struct place *p, struct buf *b);

/* show_logdir.c: what TensorBoard sees */
extern const struct dynamic logdir_children, logdir_link_children, event_children;
void logdir_link(const struct place *p, struct buf *b);
void logdir_start(const struct place *p, struct buf *b);
void logdir_end(const struct place *p, struct buf *b);
bool logdir_has_end(const struct place *p);

/* documents.c: what people write */
void run_label(const struct place *p, struct buf *b);
void run_tags(const struct place *p, struct buf *b);
void run_comments(const struct place *p, struct buf *b);
void run_marked(const struct place *p, struct buf *b);
void run_ctl(const struct place *p, struct buf *b);
int run_store_label(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err);
int run_store_tags(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err);
int run_store_comments(const struct place *p, const struct opener *who, const char *text,
	size_t len, bool append, struct err *err);
int run_store_marked(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err);
int run_store_ctl(const struct place *p, const struct opener *who, const char *text, size_t len,
	bool append, struct err *err);

#endif

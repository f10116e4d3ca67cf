/* SPDX-License-Identifier: MIT */
/*
 * A run's command as a job of Google's Vertex AI, in a container of the target's. The run directory
 * is copied to the bucket, which is a directory of the container (/gcs/BUCKET): there the command
 * runs, and writes what it writes. In the end that is copied back.
 *
 *	BUCKET/RUN/run		what the run directory had; where a custom job runs
 *	BUCKET/RUN/trials/N	where the Nth trial of a hyperparameter tuning job runs
 *	BUCKET/RUN/python	modules of ours that the command may need
 *
 * Exit statuses; what went wrong has been said.
 */
#ifndef VERTEX_JOB_H
#define VERTEX_JOB_H

#include "guild.h"
#include "base/buf.h"
#include "base/strv.h"
#include "models/gcloud.h"
#include "yaml/value.h"

struct vertex_job {
	struct guild *g;
	int run_fd; /* and it is the current directory */
	const char *run_id;
	struct value *op; /* attribute */
	struct value *flags;
	struct value *target;
	struct strv command;      /* words */
	struct value *study;      /* its studySpec; NULL: a custom job */
	int64_t trials, parallel; /* of the study */
	struct value *state;      /* as `describe` has it, when the job has ended */
};

void vertex_job_release(struct vertex_job *job);

int vertex_job_upload(const struct vertex_job *job);
/* Makes it, and follows it to its end. A SIGTERM or SIGINT meanwhile cancels it. */
int vertex_job_run(struct vertex_job *job);
int vertex_job_download(const struct vertex_job *job);

/*
 * What is searched for: `config` has a studySpec as Vertex AI takes it, or the trainingInput of
 * Cloud ML Engine (hyperparameters: goal, hyperparameterMetricTag, maxTrials, maxParallelTrials,
 * params), and sets job->study, job->trials and job->parallel.
 */
int vertex_study_read(struct vertex_job *job, const char *config);
/* trials.csv, and the best one on stdout. */
int vertex_study_report(const struct vertex_job *job);

#endif

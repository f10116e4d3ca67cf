/* SPDX-License-Identifier: MIT */
/* Reading and writing the number. */
#include "run/jobs.h"

#include <stdlib.h>

#include "base/beneath.h"
#include "base/file.h"
#include "project/guildfile.h"
#include "run/attr.h"

#define JOBS_FILE RUN_OWN_DIR "/jobs"

enum { TEXT_MAX = 32 };

int run_jobs_get(int run_fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	long jobs = 0;

	if (beneath_read(run_fd, JOBS_FILE, TEXT_MAX, &text) == 0)
		jobs = strtol(buf_str(&text), NULL, 10);
	return jobs >= 1 && jobs <= JOBS_MAX ? (int)jobs : 1;
}

bool run_jobs_said(int run_fd)
{
	return beneath_exists(run_fd, JOBS_FILE);
}

int run_jobs_set(int run_fd, int jobs)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	int r = beneath_mkdirs(run_fd, RUN_OWN_DIR, 0777);

	buf_printf(&text, "%d\n", jobs);
	if (r == 0)
		r = buf_error(&text);
	return r < 0 ? r : beneath_write(run_fd, JOBS_FILE, text.data, text.len, 0644, FILE_NOSYNC);
}

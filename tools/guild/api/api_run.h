/* SPDX-License-Identifier: MIT */
/* A run as `guild api runs` describes it. */
#ifndef API_RUN_H
#define API_RUN_H

#include "runs/select.h"

/* All that is known of it, files and scalars included; `g` has the home that it may refer to other
 * runs of. NULL: out of memory, or its directory cannot be read any more. */
struct value *api_describe_run(struct guild *g, const struct run_view *v);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * TensorProto, as far as one number or a text is concerned. Elements are in tensor_content (raw,
 * little-endian) or in a field of their type, packed or not. Part of core/metrics/event.h.
 */
#ifndef METRICS_TENSOR_H
#define METRICS_TENSOR_H

#include "metrics/event.h"

/* Which kind it is, and the number of a scalar. 0 or -EBADMSG. */
int tensor_classify(struct wire tensor, enum event_kind *ret_kind, double *ret_scalar);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd, loaded when it is needed: with it comes all of TLS, which no other command has to
 * wait for. Its functions are called as mhd.MHD_NAME() after mhd_lib_load() has said 0.
 */
#ifndef MHD_LIB_H
#define MHD_LIB_H

#include <microhttpd.h>

#include "base/err.h"

#define MHD_FUNCTIONS(X)                                                                           \
	X(MHD_add_response_header)                                                                 \
	X(MHD_create_response_from_buffer)                                                         \
	X(MHD_create_response_from_fd_at_offset64)                                                 \
	X(MHD_destroy_response)                                                                    \
	X(MHD_lookup_connection_value)                                                             \
	X(MHD_queue_response)                                                                      \
	X(MHD_start_daemon)                                                                        \
	X(MHD_stop_daemon)

#define MHD_POINTER(name) __typeof__(name) *name;
struct mhd_functions {
	MHD_FUNCTIONS(MHD_POINTER)
};
extern struct mhd_functions mhd;

/* 0, or -ELIBACC with a sentence: the library is not there. */
int mhd_lib_load(struct err *err);

#endif

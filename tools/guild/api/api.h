/* SPDX-License-Identifier: MIT */
/* guild api: what other programs ask for, answered by JSON: one line, or more with --format. */
#ifndef API_H
#define API_H

#include "guild.h"
#include "run/opref.h"

#define API_FORMAT_OPTION(type, member)                                                            \
	{                                                                                          \
		.name = "--format", .short_name = "-f", .help = "JSON on several lines",           \
		.kind = OPTION_FLAG, .offset = offsetof(type, member)                              \
	}

/* Takes the answer over; NULL stands for no memory. EXIT_OK, or EXIT_ERROR after a message. */
int api_print(bool format, struct value *answer);

/* NULL: out of memory; a text that is NULL is null. */
struct value *api_opref(const struct opref *ref);
struct value *api_text(const char *text);

#endif

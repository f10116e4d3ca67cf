/* SPDX-License-Identifier: MIT */
/*
 * The agreement between core/run/launch.c and guild-supervise:
 *
 *	guild-supervise HOME ID UID GID CMD_DIR
 *
 * with the starter's environment and stdin, and this descriptor, on which it answers with one
 * line: "ok", or "-ERRNO SENTENCE".
 */
#ifndef RUN_SUPERVISE_FD_H
#define RUN_SUPERVISE_FD_H

#define SUPERVISE_REPLY_FD 3

#endif

/* SPDX-License-Identifier: MIT */
/* What starting one run (launch.c) and many (launcher.c) have in common. */
#ifndef RUN_LAUNCH_INTERNAL_H
#define RUN_LAUNCH_INTERNAL_H

#include "run/launch.h"

/* Path of guild-supervise. */
int launch_program(struct buf *ret_path);
/* fd becomes SUPERVISE_REPLY_FD there; it must come from launch_high_fd(). */
int launch_spawn(char *const *argv, const struct launch_spec *spec, int fd, pid_t *ret_pid);
/* Closes fd, and returns the same file under a number that is not in the way. */
int launch_high_fd(int fd);
/* Waits for the supervisor's line on the pipe, or its end. */
int launch_read_reply(int fd, struct err *err);

#endif

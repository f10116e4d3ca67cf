/* SPDX-License-Identifier: MIT */
/*
 * The service manager, if one has started us (Type=notify): it is told over a socket that the mount
 * answers, and that it is about to end. The protocol is sd_notify(3)'s.
 */
#ifndef FS_SERVICE_H
#define FS_SERVICE_H

/* Before the environment is copied for runs, which must not speak in our name. */
void service_take(void);
void service_say(const char *state);

#endif

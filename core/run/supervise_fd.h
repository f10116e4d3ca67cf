/* SPDX-License-Identifier: MIT */
/*
 * The agreement between core/run/launch.c and guild-supervise:
 *
 *	guild-supervise HOME ID UID GID CMD_DIR
 *
 * with the starter's environment and stdin, and this descriptor, on which it answers with one
 * line: "ok", or "-ERRNO SENTENCE".
 *
 *	guild-supervise --serve HOME CMD_DIR
 *
 * of core/run/launcher.c gets messages on that descriptor, a socket: the id of a run, and with it
 * the descriptor for the answer about it.
 *
 *	guild-supervise --job SCRIPT
 *
 * is a job of Slurm, whose script has the program in its first line, as `#!PROGRAM --job`, then
 * HOME, CMD_DIR and the ids of runs, a line each. An array's task takes the run of its number. It
 * answers nobody. Who is on another machine tells it by these signals, since Slurm sends TERM for
 * itself.
 */
#ifndef RUN_SUPERVISE_FD_H
#define RUN_SUPERVISE_FD_H

#include <signal.h>

#define SUPERVISE_REPLY_FD 3

#define SUPERVISE_STOP SIGUSR2 /* TERM to the operation */
#define SUPERVISE_KILL SIGUSR1 /* KILL to it */

#define SUPERVISE_JOB "--job"

#endif

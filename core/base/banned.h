/* SPDX-License-Identifier: MIT */
/*
 * Calls that have a safer form in this project. The Makefile includes this file ahead of every
 * source, so that using one of them does not compile. Standard headers that declare or use the
 * names come first: a poisoned name may not even be declared afterwards.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok
#pragma GCC poison system popen tmpnam tempnam mktemp
#pragma GCC poison atoi atol atof asctime ctime gmtime localtime

#endif

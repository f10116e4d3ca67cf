/* SPDX-License-Identifier: MIT */
/*
 * Scope cleanup: a local that owns something says so where it is declared.
 *
 *	_cleanup_free_ char *path = ...;
 *	_cleanup_close_ int fd = open(...);	// -1 means: nothing to close
 *
 * STEAL(p) hands the thing over: it gives the value and leaves NULL behind.
 * LOCK_SCOPE(&m) holds a mutex until the end of the enclosing block.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <dirent.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void cleanup_unlockp(pthread_mutex_t **mutex)
{
	pthread_mutex_unlock(*mutex);
}

static inline pthread_mutex_t *cleanup_lock(pthread_mutex_t *mutex)
{
	pthread_mutex_lock(mutex);
	return mutex;
}

#define _cleanup_(fn)      __attribute__((__cleanup__(fn)))
#define _cleanup_free_     _cleanup_(cleanup_freep)
#define _cleanup_close_    _cleanup_(cleanup_closep)
#define _cleanup_closedir_ _cleanup_(cleanup_closedirp)

#define STEAL(p)                                                                                   \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})
#define STEAL_FD(fd)                                                                               \
	({                                                                                         \
		int stolen_fd_ = (fd);                                                             \
		(fd) = -1;                                                                         \
		stolen_fd_;                                                                        \
	})

#define CONCAT2_(a, b) a##b
#define CONCAT_(a, b)  CONCAT2_(a, b)
#define LOCK_SCOPE(mutex)                                                                          \
	_cleanup_(cleanup_unlockp) __attribute__((unused)) pthread_mutex_t *CONCAT_(               \
		scope_lock_, __LINE__) = cleanup_lock(mutex)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif

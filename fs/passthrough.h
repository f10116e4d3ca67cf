/* SPDX-License-Identifier: MIT */
/*
 * FUSE passthrough: reads and mappings of an artifact go straight to the file in the store. The
 * kernel (6.9 and later) offers it to daemons with CAP_SYS_ADMIN. libfuse 3.14 does not know it,
 * so that the two replies that need a word more are completed on their way out, in a writev of
 * our own (fuse_session_custom_io). The session's userdata must be the guildfs.
 *
 * The kernel wants all opens of an inode to be in one mode: the first open decides, and the
 * decision is kept until the last release. Thread safe.
 */
#ifndef FS_PASSTHROUGH_H
#define FS_PASSTHROUGH_H

#include <stdbool.h>
#include <stdint.h>

struct fuse_session;
struct passthrough;

struct passthrough *passthrough_new(void); /* NULL: out of memory */
void passthrough_free(struct passthrough *pt);
/* After fuse_session_mount(), before the loop. 0 or -errno; without it all opens are ordinary. */
int passthrough_attach(struct passthrough *pt, struct fuse_session *session);

/*
 * An open of inode `ino`, backed by `fd`, which the kernel does not need after the reply. True:
 * the fuse_reply_open() or _create() that this thread sends next carries the backing file.
 * Each call is paired with one passthrough_close(ino), whatever it returned.
 */
bool passthrough_open(struct passthrough *pt, uint64_t ino, int fd);
void passthrough_close(struct passthrough *pt, uint64_t ino);

#endif

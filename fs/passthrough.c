/* SPDX-License-Identifier: MIT */
/* Backing files by inode, and the writev that completes INIT and OPEN replies. */
#include "passthrough.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "guildfs.h"
#include "base/array.h"
#include "base/cleanup.h"

/* The kernel's interface, linux/fuse.h of 6.9; Debian 12's header is older. */
struct out_header {
	uint32_t len;
	int32_t error;
	uint64_t unique;
};

struct init_out {
	uint32_t major, minor;
	uint32_t max_readahead;
	uint32_t flags;
	uint16_t max_background, congestion_threshold;
	uint32_t max_write, time_gran;
	uint16_t max_pages, map_alignment;
	uint32_t flags2;
	uint32_t max_stack_depth;
	uint16_t request_timeout;
	uint16_t unused[11];
};
_Static_assert(sizeof(struct init_out) == 64, "fuse_init_out");

struct open_out {
	uint64_t fh;
	uint32_t open_flags;
	int32_t backing_id;
};

struct backing_map {
	int32_t fd;
	uint32_t flags;
	uint64_t padding;
};

#define INIT_EXT_FLAG         (1U << 30)
#define FLAGS2_DIRECT_MMAP    (1U << 4) /* bit 36 of the 64; 6.6 */
#define FLAGS2_PASSTHROUGH    (1U << 5) /* bit 37 */
#define OPEN_FLAG_PASSTHROUGH (1U << 7)
#define MINOR_PASSTHROUGH     40
#define IOC_BACKING_OPEN      _IOW(229, 1, struct backing_map)
#define IOC_BACKING_CLOSE     _IOW(229, 2, uint32_t)

/* Two layers above the file, since a run directory may be on overlayfs already. */
enum { STACK_DEPTH = 2 };

struct entry {
	uint64_t ino;
	int32_t backing_id; /* 0: opened the ordinary way, until the last close */
	unsigned opens;
};

struct passthrough {
	pthread_mutex_t lock;
	struct entry *open; /* inodes that are open now; few */
	size_t n, cap;
	int fuse_fd;           /* -1: not attached */
	atomic_bool init_sent; /* the notifier writes, too, as soon as the mount answers */
	bool refused;          /* the kernel said EPERM once: not privileged, do not ask again */
};

/* For the reply that this thread is about to send. */
static _Thread_local int32_t reply_backing_id;

struct passthrough *passthrough_new(void)
{
	struct passthrough *pt = calloc(1, sizeof(*pt));

	if (pt) {
		pthread_mutex_init(&pt->lock, NULL);
		pt->fuse_fd = -1;
	}
	return pt;
}

void passthrough_free(struct passthrough *pt)
{
	if (!pt)
		return;
	pthread_mutex_destroy(&pt->lock);
	free(pt->open);
	free(pt);
}

static void complete_init(struct init_out *out)
{
	out->flags |= INIT_EXT_FLAG;
	out->flags2 |= FLAGS2_PASSTHROUGH | FLAGS2_DIRECT_MMAP;
	out->max_stack_depth = STACK_DEPTH;
	if (out->minor < MINOR_PASSTHROUGH)
		out->minor = MINOR_PASSTHROUGH;
}

/* fuse_open_out ends both the OPEN and the CREATE reply. */
static void complete_open(struct iovec *last)
{
	char *at = (char *)last->iov_base + last->iov_len - sizeof(struct open_out);
	struct open_out out;

	memcpy(&out, at, sizeof(out));
	out.open_flags |= OPEN_FLAG_PASSTHROUGH;
	out.backing_id = reply_backing_id;
	memcpy(at, &out, sizeof(out));
}

static ssize_t io_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	/* libfuse gives these functions the session's userdata. */
	struct passthrough *pt = ((struct guildfs *)userdata)->passthrough;
	const struct out_header *header = iov[0].iov_base;

	if (!pt->init_sent) {
		if (header->unique && count == 2 && iov[1].iov_len == sizeof(struct init_out)) {
			complete_init(iov[1].iov_base);
			pt->init_sent = true;
		}
	} else if (reply_backing_id && header->unique && !header->error && count >= 2) {
		complete_open(&iov[1]);
		reply_backing_id = 0;
	}
	return writev(fd, iov, count);
}

static ssize_t io_read(int fd, void *buf, size_t len, void *userdata)
{
	(void)userdata;
	return read(fd, buf, len);
}

static ssize_t io_splice(
	int in, off_t *in_at, int out, off_t *out_at, size_t len, unsigned flags, void *userdata)
{
	(void)userdata;
	return splice(in, in_at, out, out_at, len, flags);
}

int passthrough_attach(struct passthrough *pt, struct fuse_session *session)
{
	static const struct fuse_custom_io io = {
		.writev = io_writev,
		.read = io_read,
		.splice_receive = io_splice,
		.splice_send = io_splice,
	};
	int r = fuse_session_custom_io(session, &io, fuse_session_fd(session));

	if (r != 0)
		return r < 0 ? r : -EINVAL;
	pt->fuse_fd = fuse_session_fd(session);
	return 0;
}

static struct entry *find(struct passthrough *pt, uint64_t ino)
{
	for (size_t i = 0; i < pt->n; i++)
		if (pt->open[i].ino == ino)
			return &pt->open[i];
	return NULL;
}

static struct entry *insert(struct passthrough *pt, uint64_t ino)
{
	if (array_grow(&pt->open, pt->n, &pt->cap, sizeof(*pt->open)) < 0)
		return NULL;
	pt->open[pt->n] = (struct entry){.ino = ino};
	return &pt->open[pt->n++];
}

static int32_t backing_open(struct passthrough *pt, int fd)
{
	struct backing_map map = {.fd = fd};
	int id;

	if (pt->fuse_fd < 0 || pt->refused)
		return 0;
	id = ioctl(pt->fuse_fd, IOC_BACKING_OPEN, &map);
	if (id < 0 && (errno == EPERM || errno == ENOTTY || errno == EOPNOTSUPP))
		pt->refused = true;
	return id > 0 ? id : 0;
}

bool passthrough_open(struct passthrough *pt, uint64_t ino, int fd)
{
	LOCK_SCOPE(&pt->lock);
	struct entry *e = find(pt, ino);

	if (!e) {
		e = insert(pt, ino);
		if (!e)
			return false;
		e->backing_id = backing_open(pt, fd);
	}
	e->opens++;
	reply_backing_id = e->backing_id;
	return e->backing_id != 0;
}

void passthrough_close(struct passthrough *pt, uint64_t ino)
{
	LOCK_SCOPE(&pt->lock);
	struct entry *e = find(pt, ino);
	uint32_t id;

	if (!e || --e->opens)
		return;
	id = (uint32_t)e->backing_id;
	if (id)
		ioctl(pt->fuse_fd, IOC_BACKING_CLOSE, &id);
	*e = pt->open[--pt->n];
}

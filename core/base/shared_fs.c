/* SPDX-License-Identifier: MIT */
/* The types by their magic numbers. */
#include "base/shared_fs.h"

#include <sys/vfs.h>

#include "base/cleanup.h"

bool shared_fs_type(long type)
{
	static const unsigned long shared[] = {
		0x6969,     /* NFS */
		0x517b,     /* SMB */
		0xfe534d42, /* SMB2 */
		0xff534d42, /* CIFS */
		0x01021997, /* 9p */
		0x00c36400, /* Ceph */
		0x0bd00bd0, /* Lustre */
		0x65735546, /* FUSE: sshfs, GlusterFS, ... */
		0x5346414f, /* AFS */
		0x47504653, /* GPFS */
		0x19830326, /* BeeGFS */
		0xaad7aaea, /* PanFS */
		0x7461636f, /* OCFS2 */
		0x01161970, /* GFS2 */
		0x786f4256, /* VirtualBox */
	};

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		if (((unsigned long)type & 0xffffffff) == shared[i])
			return true;
	return false;
}

bool shared_fs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && shared_fs_type((long)fs.f_type);
}

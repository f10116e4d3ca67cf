/* SPDX-License-Identifier: MIT */
/*
 * mirror DIR MOUNTPOINT: shows DIR, as a file server does. One that is stopped by SIGSTOP is one
 * that does not answer.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int root;

static int result(int r)
{
	return r < 0 ? -errno : 0;
}

static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int get_attr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	return result(fi ? fstat((int)fi->fh, st)
			 : fstatat(root, below(path), st, AT_SYMLINK_NOFOLLOW));
}

static int read_link(const char *path, char *target, size_t size)
{
	ssize_t n = readlinkat(root, below(path), target, size - 1);

	if (n >= 0)
		target[n] = '\0';
	return result((int)n);
}

static int read_dir(const char *path, void *buf, fuse_fill_dir_t fill, off_t offset,
	struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	int fd = openat(root, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	(void)offset, (void)fi, (void)flags;
	if (!dir)
		return -errno;
	for (struct dirent *d; (d = readdir(dir));)
		fill(buf, d->d_name, NULL, 0, 0);
	closedir(dir);
	return 0;
}

static int make_dir(const char *path, mode_t mode)
{
	return result(mkdirat(root, below(path), mode));
}

static int unlink_file(const char *path)
{
	return result(unlinkat(root, below(path), 0));
}

static int remove_dir(const char *path)
{
	return result(unlinkat(root, below(path), AT_REMOVEDIR));
}

static int make_link(const char *target, const char *path)
{
	return result(symlinkat(target, root, below(path)));
}

static int move(const char *from, const char *to, unsigned flags)
{
	return result(renameat2(root, below(from), root, below(to), flags));
}

static int change_mode(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	(void)fi;
	return result(fchmodat(root, below(path), mode, 0));
}

static int change_owner(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	(void)fi;
	return result(fchownat(root, below(path), uid, gid, AT_SYMLINK_NOFOLLOW));
}

static int cut(const char *path, off_t size, struct fuse_file_info *fi)
{
	int fd = fi ? dup((int)fi->fh) : openat(root, below(path), O_WRONLY | O_CLOEXEC);
	int r = result(fd < 0 ? fd : ftruncate(fd, size));

	if (fd >= 0)
		close(fd);
	return r;
}

static int set_times(const char *path, const struct timespec times[2], struct fuse_file_info *fi)
{
	(void)fi;
	return result(utimensat(root, below(path), times, AT_SYMLINK_NOFOLLOW));
}

static int create_file(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	int fd = openat(root, below(path), (fi->flags & ~O_APPEND) | O_CREAT | O_CLOEXEC, mode);

	fi->fh = (uint64_t)fd;
	return result(fd);
}

static int open_file(const char *path, struct fuse_file_info *fi)
{
	int fd = openat(root, below(path), (fi->flags & ~O_APPEND) | O_CLOEXEC);

	fi->fh = (uint64_t)fd;
	return result(fd);
}

static int read_file(
	const char *path, char *data, size_t size, off_t offset, struct fuse_file_info *fi)
{
	ssize_t n = pread((int)fi->fh, data, size, offset);

	(void)path;
	return n < 0 ? -errno : (int)n;
}

static int write_file(
	const char *path, const char *data, size_t size, off_t offset, struct fuse_file_info *fi)
{
	ssize_t n = pwrite((int)fi->fh, data, size, offset);

	(void)path;
	return n < 0 ? -errno : (int)n;
}

static int release_file(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	return result(close((int)fi->fh));
}

static int sync_file(const char *path, int data_only, struct fuse_file_info *fi)
{
	(void)path, (void)data_only;
	return result(fsync((int)fi->fh));
}

static const struct fuse_operations operations = {
	.getattr = get_attr,
	.readlink = read_link,
	.readdir = read_dir,
	.mkdir = make_dir,
	.unlink = unlink_file,
	.rmdir = remove_dir,
	.symlink = make_link,
	.rename = move,
	.chmod = change_mode,
	.chown = change_owner,
	.truncate = cut,
	.utimens = set_times,
	.create = create_file,
	.open = open_file,
	.read = read_file,
	.write = write_file,
	.release = release_file,
	.fsync = sync_file,
};

int main(int argc, char **argv)
{
	char foreground[] = "-f";
	char *arguments[] = {argv[0], foreground, argc > 2 ? argv[2] : NULL, NULL};

	root = argc == 3 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (root < 0)
		return 2;
	return fuse_main(3, arguments, &operations, NULL);
}

/* SPDX-License-Identifier: MIT */
/* A version in a directory, made under a name that nobody looks at, then there by one rename. */
#include "models/deploying.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/partial.h"
#include "run/deploy.h"

static int copy(const struct deploying *d, int dirfd, const char *to)
{
	struct stat st;

	if (stat(buf_str(&d->model), &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? file_copy_tree(AT_FDCWD, buf_str(&d->model), dirfd, to)
				   : file_copy(AT_FDCWD, buf_str(&d->model), dirfd, to);
}

/* Aside, whole and on disk. */
static int make_version(const struct deploying *d, int dirfd)
{
	_cleanup_buf_ struct buf to = BUF_INIT;
	int r;

	buf_printf(&to, "new%s%s", d->member.len ? "/" : "", buf_str(&d->member));
	r = d->member.len && mkdirat(dirfd, "new", 0777) < 0 ? -errno : 0;
	if (r == 0)
		r = copy(d, dirfd, buf_str(&to));
	return r == 0 && syncfs(dirfd) < 0 ? -errno : r;
}

/* The next number that is free: others may deploy there, too. */
static int place_version(struct deploying *d, const struct partial *aside, int fd)
{
	_cleanup_strv_ struct strv names = STRV_INIT;
	int r = file_names(fd, ".", &names);

	for (size_t i = 0; r == 0 && i < names.n; i++)
		deploying_take_version(d, names.v[i]);
	while (r == 0) {
		char name[32];

		snprintf(name, sizeof(name), "%jd", (intmax_t)d->version);
		r = partial_place(aside, "new", fd, name);
		if (r != -EEXIST)
			break;
		d->version++;
		r = 0;
	}
	return r == 0 ? file_fsync_dir(fd, ".") : r;
}

int deploy_to_directory(struct deploying *d)
{
	_cleanup_partial_ struct partial aside = PARTIAL_INIT;
	_cleanup_close_ int fd = -1;
	const char *versions = deploy_versions(d->flags);
	int r;

	buf_printf(&d->where, "%s%s%s", deploying_flag(d, "path"), *versions ? "/" : "", versions);
	r = file_mkdirs(AT_FDCWD, buf_str(&d->where), 0777);
	if (r == 0) {
		fd = open(buf_str(&d->where), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	if (r == 0)
		r = partial_begin(fd, &aside);
	if (r == 0)
		r = make_version(d, aside.fd);
	if (r == 0)
		r = place_version(d, &aside, fd);
	partial_end(&aside);
	aside = PARTIAL_INIT;
	/* Nobody's any more, unless another one is at work there. */
	if (fd >= 0)
		unlinkat(fd, PARTIAL_DIR, AT_REMOVEDIR);
	if (r < 0)
		return complain("cannot deploy to %s: %s", buf_str(&d->where), strerror(-r));
	buf_printf(&d->where, "/%jd", (intmax_t)d->version);
	return deploying_record(d);
}

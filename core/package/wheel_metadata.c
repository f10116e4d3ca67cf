/* SPDX-License-Identifier: MIT */
/* One member of a zip file. */
#include "package/wheel_metadata.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/name.h"
#include "base/partial.h"
#include "base/strv.h"
#include "fetch/archive.h"
#include "package/record.h"

/* NAME.dist-info/METADATA, at the top. */
static int is_metadata(void *arg, const char *member)
{
	const char *slash = strchr(member, '/');

	(void)arg;
	return slash && name_ends_with(member, ".dist-info/METADATA") &&
	       strcmp(slash, "/METADATA") == 0;
}

int wheel_metadata(int dirfd, const char *path, int aside_fd, struct buf *ret, struct err *err)
{
	const struct archive_limits limits = {.bytes = RECORD_MAX, .wanted = is_metadata};
	_cleanup_partial_ struct partial aside = PARTIAL_INIT;
	_cleanup_strv_ struct strv members = STRV_INIT;
	int r = partial_begin(aside_fd, &aside);

	if (r < 0)
		return err_set(
			err, r, "cannot make a directory to unpack %s: %s", path, strerror(-r));
	r = archive_unpack(dirfd, path, "zip", aside.fd, &limits, &members, err);
	if (r < 0)
		return r;
	if (members.n != 1)
		return err_set(err, -EINVAL,
			"%s is no wheel: it has no NAME.dist-info/METADATA, or several", path);
	r = file_read(aside.fd, members.v[0], RECORD_MAX, ret);
	return r < 0 ? err_set(err, r, "cannot read %s of %s: %s", members.v[0], path, strerror(-r))
		     : 0;
}

/* SPDX-License-Identifier: MIT */
/* Unpacking a wheel to look at it. */
#include "package/wheel_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/name.h"
#include "base/strv.h"
#include "fetch/archive.h"
#include "base/digest.h"
#include "package/record.h"

/* As far as anybody publishes; a bomb is recognized long before. */
#define WHEEL_BYTES   (UINT64_C(16) << 30)
#define WHEEL_MEMBERS 100000

/* NAME.dist-info/RECORD, at the top; NULL: there is none, or several. */
static const char *find_record(const struct strv *members)
{
	const char *found = NULL;

	for (size_t i = 0; i < members->n; i++) {
		const char *slash = strchr(members->v[i], '/');

		if (!slash || strcmp(slash, "/RECORD") != 0 ||
			!name_ends_with(members->v[i], ".dist-info/RECORD"))
			continue;
		if (found)
			return NULL;
		found = members->v[i];
	}
	return found;
}

/* Its own digest a record cannot hold, nor those of signatures of it. */
static bool has_no_digest(const char *member, const char *record)
{
	size_t len = strlen(record);

	return strncmp(member, record, len) == 0 &&
	       (!member[len] || strcmp(member + len, ".jws") == 0 ||
		       strcmp(member + len, ".p7s") == 0);
}

struct checking {
	const char *path;
	int dir_fd;
	struct strv members;
	const char *record;
	struct strv seen; /* recorded, with the right digest */
	struct err *err;
};

static int refuse(const struct checking *c, const char *member, const char *why)
{
	return err_set(
		c->err, -EINVAL, "%s is not installed: its member %.300s %s", c->path, member, why);
}

static int check_line(void *arg, const char *member, const char *digest)
{
	struct checking *c = arg;
	_cleanup_buf_ struct buf wanted = BUF_INIT;
	char hex[DIGEST_SHA256_LEN + 1];
	int r;

	if (has_no_digest(member, c->record))
		return strv_add(&c->seen, member);
	if (!strv_has_sorted(&c->members, member))
		return refuse(c, member, "is recorded, and not there");
	if (strncmp(digest, "sha256=", 7) != 0)
		return refuse(c, member, "is recorded without a SHA-256 digest");
	r = digest_file(DIGEST_SHA256, c->dir_fd, member, NULL, hex);
	if (r < 0)
		return refuse(c, member, "cannot be read");
	digest_base64(&wanted, hex, true);
	if (strcmp(buf_str(&wanted), digest + 7) != 0)
		return refuse(c, member, "is not what is recorded: its SHA-256 digest is another");
	return strv_add(&c->seen, member);
}

static int check_members(struct checking *c)
{
	strv_sort(&c->seen);
	for (size_t i = 0; i < c->members.n; i++) {
		struct stat st;

		if (fstatat(c->dir_fd, c->members.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return refuse(c, c->members.v[i], "cannot be read");
		if (S_ISDIR(st.st_mode))
			continue;
		if (!S_ISREG(st.st_mode))
			return refuse(c, c->members.v[i], "is a link");
		if (!strv_has_sorted(&c->seen, c->members.v[i]))
			return refuse(c, c->members.v[i], "is not recorded");
	}
	return 0;
}

static int check_unpacked(struct checking *c)
{
	_cleanup_buf_ struct buf record = BUF_INIT;
	int r;

	c->record = find_record(&c->members);
	if (!c->record)
		return err_set(c->err, -EINVAL,
			"%s is not installed: it has no NAME.dist-info/RECORD, as a wheel has",
			c->path);
	r = file_read(c->dir_fd, c->record, RECORD_MAX, &record);
	if (r < 0)
		return refuse(c, c->record, "cannot be read");
	r = record_each(buf_str(&record), check_line, c);
	return r < 0 ? r : check_members(c);
}

int wheel_check(const char *path, const char *aside, struct err *err)
{
	struct checking c = {.path = path, .dir_fd = -1, .err = err};
	const struct archive_limits limits = {.bytes = WHEEL_BYTES, .members = WHEEL_MEMBERS};
	_cleanup_buf_ struct buf dir = BUF_INIT;
	int r;

	buf_printf(&dir, "%s/guild-wheel-XXXXXX", aside);
	if (buf_error(&dir))
		return -ENOMEM;
	if (!mkdtemp(dir.data))
		return err_set(
			err, -errno, "cannot make a directory in %s: %s", aside, strerror(errno));
	c.dir_fd = open(buf_str(&dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = c.dir_fd < 0 ? -errno : 0;
	if (r == 0)
		r = archive_unpack(AT_FDCWD, path, "zip", c.dir_fd, &limits, &c.members, err);
	if (r == 0)
		r = check_unpacked(&c);
	if (c.dir_fd >= 0)
		close(c.dir_fd);
	file_remove_tree(AT_FDCWD, buf_str(&dir));
	strv_release(&c.members);
	strv_release(&c.seen);
	return r < 0 && err && !err->code ? err_set(err, r, "%s: %s", path, strerror(-r)) : r;
}

/* SPDX-License-Identifier: MIT */
/* Modes of a home's directories. */
#include "run/share.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/birth.h"

static const struct part {
	const char *name;
	mode_t mode;
	int flags; /* to open it */
} parts[] = {
	{"runs", 01777, O_RDONLY | O_DIRECTORY},
	{"trash/runs", 01777, O_RDONLY | O_DIRECTORY},
	{BIRTH_DIR, 01777, O_RDONLY | O_DIRECTORY},
	{HOME_RUN_STATUS, 0666, O_RDONLY | O_CREAT},
	{HOME_CHANGES, 0666, O_RDONLY},
};

static int share(const struct home *home, const struct part *part, struct strv *changed)
{
	_cleanup_close_ int fd = openat(home->fd, part->name,
		part->flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & part->mode) == part->mode)
		return 0;
	if (st.st_uid != geteuid())
		return -EPERM;
	if (fchmod(fd, (st.st_mode & 07777) | part->mode) < 0)
		return -errno;
	return strv_add(changed, part->name);
}

int home_share(const struct home *home, struct strv *changed, struct err *err)
{
	/* Makes the file, too. */
	struct home_changes_mark mark = {0};
	int r = home_changes_read(home, &mark, NULL, NULL);

	if (r < 0 && r != -ESTALE)
		return err_set(err, r, "%s/%s: %s", home->path, HOME_CHANGES, strerror(-r));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		r = share(home, &parts[i], changed);
		if (r == -EPERM)
			return err_set(err, r, "%s/%s belongs to somebody else, who can open it: "
					       "chmod %o",
				home->path, parts[i].name, (unsigned)parts[i].mode);
		if (r < 0)
			return err_set(
				err, r, "%s/%s: %s", home->path, parts[i].name, strerror(-r));
	}
	return 0;
}

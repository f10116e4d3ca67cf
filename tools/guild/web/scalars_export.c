/* SPDX-License-Identifier: MIT */
/* Event files read from end to end, a line for each scalar. */
#include "web/scalars_export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "guild.h"
#include "base/csv.h"
#include "base/file.h"
#include "metrics/event.h"
#include "metrics/event_files.h"
#include "metrics/tfrecord.h"
#include "yaml/scalar.h"

enum { FLUSH_AT = 1 << 16 };

struct export
{
	const char *name; /* of the output */
	int fd;
	struct buf text;
	struct tfrecord_reader reader;
	const char *id;      /* of the run */
	struct buf dir_path; /* below the run, as a field */
};

static void export_release(struct export *e)
{
	if (e->fd > STDERR_FILENO)
		close(e->fd);
	buf_release(&e->text);
	buf_release(&e->dir_path);
	tfrecord_release(&e->reader);
}

static int flush(struct export *e)
{
	int r = buf_error(&e->text);

	if (r == 0)
		r = file_write_all(e->fd, e->text.data, e->text.len);
	buf_clear(&e->text);
	return r < 0 ? complain("cannot write %s: %s", e->name, strerror(-r)) : EXIT_OK;
}

static int add_event(struct export *e, const struct tfrecord *record)
{
	struct event_value value;
	struct event event;
	int r = event_parse(record->data, record->len, &event);

	while (r == 0 && (r = event_next_value(&event, &value)) > 0) {
		_cleanup_buf_ struct buf tag = BUF_INIT;

		r = 0;
		if (value.kind != EVENT_SCALAR)
			continue;
		buf_add(&tag, value.tag.p, wire_len(value.tag));
		buf_printf(&e->text, "%s,%s,", e->id, buf_str(&e->dir_path));
		csv_field(&e->text, buf_str(&tag));
		buf_putc(&e->text, ',');
		scalar_format_float(&e->text, value.scalar);
		buf_printf(&e->text, ",%" PRId64 "\n", event.step);
	}
	return r;
}

static int export_file(struct export *e, int dir_fd, const char *dir, const char *name)
{
	struct tfrecord_place place = {0};
	struct tfrecord record;
	bool opened;
	int status = EXIT_OK, r = tfrecord_open(&e->reader, dir_fd, name, &place);

	opened = r == 0;
	while (r == 0 && (r = tfrecord_next(&e->reader, &record)) > 0) {
		r = add_event(e, &record);
		if (e->text.len >= FLUSH_AT)
			status = flush(e);
		if (status != EXIT_OK)
			break;
	}
	if (opened)
		tfrecord_close(&e->reader, &place);
	if (r < 0 && r != -ENOENT)
		warning("run %.8s: %s%s%s: %s", e->id, dir, *dir ? "/" : "", name,
			r == -EBADMSG ? "damaged; what is behind the damage is not exported"
				      : strerror(-r));
	return status;
}

static int export_dir(struct export *e, int run_fd, const struct event_dir *dir)
{
	const char *path = *dir->path ? dir->path : ".";
	_cleanup_close_ int fd = openat(run_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status = EXIT_OK;

	buf_clear(&e->dir_path);
	csv_field(&e->dir_path, path);
	for (size_t i = 0; fd >= 0 && status == EXIT_OK && i < dir->n; i++)
		status = export_file(e, fd, dir->path, dir->files[i].name);
	return status;
}

static int export_run(struct export *e, struct guild *g, uint64_t serial)
{
	_cleanup_event_files_ struct event_files found = {0};
	_cleanup_close_ int fd = -1;
	int r, status = EXIT_OK;

	e->id = catalog_id(g->catalog, serial);
	fd = home_open_run(g->home, e->id);
	r = fd < 0 ? fd : event_files_find(fd, EVENT_LINKS_RUNS, &found);
	if (r == -ENOENT)
		return EXIT_OK; /* deleted meanwhile */
	if (r < 0)
		return complain("cannot read run %s: %s", e->id, strerror(-r));
	for (size_t i = 0; status == EXIT_OK && i < found.n; i++)
		status = export_dir(e, fd, &found.dirs[i]);
	return status;
}

static int open_output(const char *path)
{
	int fd, r;

	if (strcmp(path, "-") == 0)
		return STDOUT_FILENO;
	r = file_mkdirs_above(AT_FDCWD, path, 0777);
	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	return fd < 0 ? -errno : fd;
}

int scalars_export(struct guild *g, const struct selected *runs, const char *path)
{
	_cleanup_(export_release) struct export e = {
		.name = path, .fd = open_output(path), .reader = TFRECORD_READER_INIT};
	int status = EXIT_OK;

	if (e.fd < 0)
		return complain("error opening %s: %s", path, strerror(-e.fd));
	buf_puts(&e.text, "run,path,tag,value,step\n");
	for (size_t i = 0; status == EXIT_OK && i < runs->n; i++)
		status = export_run(&e, g, runs->serials[i]);
	return status == EXIT_OK ? flush(&e) : status;
}

/* SPDX-License-Identifier: MIT */
/* A zip file by libarchive: the package's files, then what is said about them. */
#include "package/wheel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/archive_lib.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/digest.h"
#include "fetch/utf8_locale.h"
#include "package/description.h"
#include "package/record.h"
#include "package/wheel_files.h"
#include "yaml/yaml.h"

enum { BLOCK = 64 * 1024 };

#define FIRST_ZIP_TIME ((time_t)315532800) /* 1980-01-01 */

struct building {
	const struct package *package;
	const struct wheel_files *files;
	struct archive *zip;
	struct buf stem;   /* NAME-VERSION */
	struct buf record; /* member,digest,size */
	time_t time;
	struct err *err;
};

/* --- names ------------------------------------------------------------------- */

/* As file names have them: every - is a separator. */
static void add_stem(struct buf *b, const struct package *p)
{
	buf_replace(b, p->name, "-", "_");
	buf_printf(b, "-%s", p->version);
}

void wheel_name(struct buf *b, const struct package *p)
{
	add_stem(b, p);
	buf_printf(b, "-%s-none-any.whl", *p->python_tag ? p->python_tag : "py2.py3");
}

/* --- members ------------------------------------------------------------------ */

static int zip_error(const struct building *w, const char *member)
{
	return err_set(w->err, -EIO, "cannot write %s into the wheel: %s", member,
		archive_error_string(w->zip) ? archive_error_string(w->zip) : "no reason known");
}

static int begin_member(struct building *w, const char *member, int64_t size, mode_t mode)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, member);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, mode & S_IXUSR ? 0755 : 0644);
	archive_entry_set_size(entry, size);
	archive_entry_set_mtime(entry, w->time, 0);
	r = archive_write_header(w->zip, entry) == ARCHIVE_OK ? 0 : zip_error(w, member);
	archive_entry_free(entry);
	return r;
}

/* Takes sha over. */
static int end_member(struct building *w, const char *member, struct digest *sha, uint64_t size)
{
	char hex[DIGEST_SHA256_LEN + 1];

	digest_finish(sha, hex);
	csv_field(&w->record, member);
	buf_puts(&w->record, ",sha256=");
	digest_base64(&w->record, hex, true);
	buf_printf(&w->record, ",%ju\n", (uintmax_t)size);
	return buf_error(&w->record);
}

static int add_bytes(
	struct building *w, struct digest *sha, const char *member, const void *data, size_t len)
{
	if (archive_write_data(w->zip, data, len) != (la_ssize_t)len)
		return zip_error(w, member);
	digest_add(sha, data, len);
	return 0;
}

static int add_text(struct building *w, const char *member, const struct buf *text)
{
	_cleanup_digest_ struct digest *sha = NULL;
	int r = buf_error(text);

	if (r == 0)
		r = digest_new(DIGEST_SHA256, &sha);
	if (r == 0)
		r = begin_member(w, member, (int64_t)text->len, 0644);
	if (r == 0)
		r = add_bytes(w, sha, member, buf_str(text), text->len);
	return r == 0 ? end_member(w, member, STEAL(sha), text->len) : r;
}

static int copy_bytes(
	struct building *w, const struct wheel_file *f, int fd, uint64_t size, struct digest *sha)
{
	_cleanup_free_ char *block = malloc(BLOCK);
	uint64_t done = 0;
	ssize_t n = 1;
	int r = block ? 0 : -ENOMEM;

	while (r == 0 && n != 0) {
		n = read(fd, block, BLOCK);
		if (n < 0 && errno != EINTR)
			r = -errno;
		else if (n > 0)
			r = done + (uint64_t)n > size
				    ? -EAGAIN
				    : add_bytes(w, sha, f->member, block, (size_t)n);
		done += n > 0 ? (uint64_t)n : 0;
	}
	if (r == 0 && done != size)
		r = -EAGAIN;
	return r == -EAGAIN ? err_set(w->err, r, "%s changed while it was packed", f->path) : r;
}

static int add_file(struct building *w, const struct wheel_file *f)
{
	_cleanup_close_ int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_digest_ struct digest *sha = NULL;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(w->err, -errno, "cannot read %s: %s", f->path, strerror(errno));
	r = digest_new(DIGEST_SHA256, &sha);
	if (r == 0)
		r = begin_member(w, f->member, st.st_size, st.st_mode);
	if (r == 0)
		r = copy_bytes(w, f, fd, (uint64_t)st.st_size, sha);
	return r == 0 ? end_member(w, f->member, STEAL(sha), (uint64_t)st.st_size) : r;
}

/* --- what is said about it ------------------------------------------------------------ */

/* One line a header, whatever was written. */
static void header(struct buf *b, const char *name, const char *text, size_t len)
{
	if (!len)
		return;
	buf_printf(b, "%s: ", name);
	for (size_t i = 0; i < len; i++)
		buf_putc(b, text[i] == '\n' || text[i] == '\r' ? ' ' : text[i]);
	buf_putc(b, '\n');
}

static void metadata(struct buf *b, const struct package *p)
{
	_cleanup_buf_ struct buf tags = BUF_INIT;
	const struct {
		const char *name, *text;
	} headers[] = {
		{"Home-page", p->url},
		{"Author", p->author},
		{"Author-email", p->author_email},
		{"License", p->license},
	};

	for (size_t i = 0; i < p->tags.n; i++)
		buf_printf(&tags, "%s%s", i ? " " : "", p->tags.v[i]);
	buf_puts(b, "Metadata-Version: 2.1\n");
	header(b, "Name", p->name, strlen(p->name));
	header(b, "Version", p->version, strlen(p->version));
	header(b, "Summary", p->description, strcspn(p->description, "\n"));
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		header(b, headers[i].name, headers[i].text, strlen(headers[i].text));
	header(b, "Keywords", buf_str(&tags), tags.len);
	header(b, "Requires-Python", p->python_requires, strlen(p->python_requires));
	buf_puts(b, "Description-Content-Type: text/x-rst\n");
	for (size_t i = 0; i < p->requires.n; i++)
		header(b, "Requires-Dist", p->requires.v[i], strlen(p->requires.v[i]));
	buf_putc(b, '\n');
	package_describe(b, p);
}

static void wheel(struct buf *b, const struct package *p)
{
	const char *tag = *p->python_tag ? p->python_tag : "py2.py3";

	buf_puts(b, "Wheel-Version: 1.0\nGenerator: guildfs (" GUILDFS_VERSION
		    ")\nRoot-Is-Purelib: true\n");
	while (*tag) {
		size_t len = strcspn(tag, ".");

		buf_printf(b, "Tag: %.*s-none-any\n", (int)len, tag);
		tag += len + (tag[len] == '.');
	}
	buf_putc(b, '\n');
}

static int entry_points(struct buf *b, const struct package *p)
{
	_cleanup_strv_ struct strv models = STRV_INIT, resources = STRV_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->file->n_models; i++) {
		const struct model *m = &p->file->models[i];

		r = strv_add(&models, *m->name ? m->name : "__anonymous__");
		for (size_t j = 0; r == 0 && j < m->n_resources; j++)
			r = strv_addf(&resources, "%s:%s", m->name, m->resources[j].name);
	}
	strv_sort(&models);
	strv_sort(&resources);
	buf_puts(b, models.n ? "[guild.models]\n" : "");
	for (size_t i = 0; i < models.n; i++)
		buf_printf(b, "%s = guild.model:PackageModel\n", models.v[i]);
	buf_puts(b, resources.n ? "\n[guild.resources]\n" : "");
	for (size_t i = 0; i < resources.n; i++)
		buf_printf(b, "%s = guild.model:PackageModelResource\n", resources.v[i]);
	return r;
}

static void top_levels(struct buf *b, const struct wheel_files *files)
{
	_cleanup_strv_ struct strv tops = STRV_INIT;

	for (size_t i = 0; i < files->modules.n; i++)
		if (strv_add_len(&tops, files->modules.v[i], strcspn(files->modules.v[i], ".")) < 0)
			buf_fail(b, -ENOMEM);
	strv_sort(&tops);
	strv_unique(&tops);
	for (size_t i = 0; i < tops.n; i++)
		buf_printf(b, "%s\n", tops.v[i]);
}

/* --- namespace -------------------------------------------------------------------------- */

/* What is before the last dot, which other distributions have too. "" when there is none. */
static void namespace_of(struct buf *b, const struct package *p)
{
	const char *dot = strrchr(p->module, '.');

	if (dot)
		buf_add(b, p->module, (size_t)(dot - p->module));
}

/*
 * Python executes this line when it starts: the namespace is there, and this directory in it,
 * before anybody imports from it, also where a distribution of the namespace that is found first
 * would hide this one. `sitedir` is a variable of the function of Python's site module that
 * executes it; so may be every short name, and asking for the one sets the others back.
 */
static int add_pth(struct building *w, const char *namespace)
{
	_cleanup_buf_ struct buf member = BUF_INIT, line = BUF_INIT, path = BUF_INIT;

	buf_replace(&path, namespace, ".", "', '");
	buf_printf(&member, "%s-nspkg.pth", buf_str(&w->stem));
	buf_printf(&line,
		"import sys, os, importlib.util, importlib.machinery; "
		"ns_dir = os.path.join(sys._getframe(1).f_locals['sitedir'], '%s'); "
		"ns_spec = '%s' not in sys.modules and importlib.machinery.PathFinder.find_spec("
		"'%s', [os.path.dirname(ns_dir)]); "
		"ns_spec and sys.modules.setdefault('%s', "
		"importlib.util.module_from_spec(ns_spec)); "
		"ns_path = getattr(sys.modules.get('%s'), '__path__', [ns_dir]); "
		"ns_dir in ns_path or ns_path.append(ns_dir)\n",
		buf_str(&path), namespace, namespace, namespace, namespace);
	return add_text(w, buf_str(&member), &line);
}

/* --- the whole ---------------------------------------------------------------------------- */

static int add_info(struct building *w, const char *name, const struct buf *text)
{
	_cleanup_buf_ struct buf member = BUF_INIT;

	buf_printf(&member, "%s.dist-info/%s", buf_str(&w->stem), name);
	return add_text(w, buf_str(&member), text);
}

static int add_record(struct building *w)
{
	_cleanup_buf_ struct buf member = BUF_INIT;
	int r;

	buf_printf(&member, "%s.dist-info/RECORD", buf_str(&w->stem));
	csv_field(&w->record, buf_str(&member));
	buf_puts(&w->record, ",,\n");
	r = buf_error(&w->record);
	if (r == 0)
		r = begin_member(w, buf_str(&member), (int64_t)w->record.len, 0644);
	if (r == 0 && archive_write_data(w->zip, w->record.data, w->record.len) !=
			      (la_ssize_t)w->record.len)
		r = zip_error(w, buf_str(&member));
	return r;
}

static int add_all(struct building *w)
{
	_cleanup_buf_ struct buf meta = BUF_INIT, object = BUF_INIT, kind = BUF_INIT,
				 points = BUF_INIT, namespace = BUF_INIT, line = BUF_INIT,
				 tops = BUF_INIT;
	const struct {
		const char *name;
		const struct buf *text;
	} infos[] = {
		{"METADATA", &meta},
		{"PACKAGE", &object},
		{"WHEEL", &kind},
		{"entry_points.txt", &points},
		{"namespace_packages.txt", &line},
		{"top_level.txt", &tops},
	};
	int r = entry_points(&points, w->package);

	metadata(&meta, w->package);
	wheel(&kind, w->package);
	namespace_of(&namespace, w->package);
	buf_printf(&line, "%s\n", buf_str(&namespace));
	top_levels(&tops, w->files);
	if (w->package->file->package)
		yaml_emit(&object, w->package->file->package);
	else
		buf_puts(&object, "{}\n");
	if (r == 0 && namespace.len)
		r = add_pth(w, buf_str(&namespace));
	for (size_t i = 0; r == 0 && i < w->files->n; i++)
		r = add_file(w, &w->files->v[i]);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(infos); i++)
		r = add_info(w, infos[i].name, infos[i].text);
	return r == 0 ? add_record(w) : r;
}

static int write_zip(struct building *w, int fd)
{
	UTF8_LOCALE_SCOPE;
	int r = archive_lib_load(w->err);

	if (r < 0)
		return r;
	w->zip = archive_write_new();
	if (!w->zip)
		return -ENOMEM;
	if (archive_write_set_format_zip(w->zip) != ARCHIVE_OK ||
		archive_write_set_options(w->zip, "hdrcharset=UTF-8") < ARCHIVE_WARN ||
		archive_write_open_fd(w->zip, fd) != ARCHIVE_OK)
		r = zip_error(w, "anything");
	if (r == 0)
		r = add_all(w);
	if (archive_write_close(w->zip) != ARCHIVE_OK && r == 0)
		r = zip_error(w, "the end");
	archive_write_free(w->zip);
	return r;
}

static time_t time_of_members(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	long long seconds = epoch ? strtoll(epoch, NULL, 10) : 0;

	return seconds > FIRST_ZIP_TIME ? (time_t)seconds : FIRST_ZIP_TIME;
}

static int build(struct building *w, const char *dist_dir)
{
	_cleanup_buf_ struct buf path = BUF_INIT, temporary = BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r;

	buf_printf(&path, "%s/", dist_dir);
	wheel_name(&path, w->package);
	buf_printf(&temporary, "%s/.guild-XXXXXX", dist_dir);
	if (buf_error(&path) || buf_error(&temporary))
		return -ENOMEM;
	fd = mkostemp(temporary.data, O_CLOEXEC);
	if (fd < 0)
		return err_set(w->err, -errno, "cannot write in %s: %s", dist_dir, strerror(errno));
	r = write_zip(w, fd);
	if (r == 0 && (fchmod(fd, 0644) < 0 || rename(buf_str(&temporary), buf_str(&path)) < 0))
		r = err_set(w->err, -errno, "cannot write %s: %s", buf_str(&path), strerror(errno));
	if (r < 0)
		unlink(buf_str(&temporary));
	return r;
}

int wheel_build(const struct package *p, const char *dist_dir, struct err *err)
{
	_cleanup_(wheel_files_release) struct wheel_files files = {0};
	struct building w = {.package = p, .files = &files, .time = time_of_members(), .err = err};
	int r = wheel_files_find(p, &files, err);

	add_stem(&w.stem, p);
	if (r == 0) {
		r = file_mkdirs(AT_FDCWD, dist_dir, 0777);
		if (r < 0)
			err_set(err, r, "cannot make %s: %s", dist_dir, strerror(-r));
	}
	if (r == 0)
		r = build(&w, dist_dir);
	buf_release(&w.stem);
	buf_release(&w.record);
	return r < 0 && !err->code ? err_set(err, r, "%s", strerror(-r)) : r;
}

/* SPDX-License-Identifier: MIT */
/* Making a run aside and giving it its name. */
#include "run/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/partial.h"
#include "run/attr.h"
#include "run/birth_attrs.h"
#include "run/manifest.h"
#include "run/source.h"
#include "run/status.h"

/* A birth takes moments; one that is older than this will not be finished. */
enum { SWEEP_AGE_S = 3600 };

/* --- one step after the other --------------------------------------------- */

static int make_skeleton(int dir_fd)
{
	static const char *const dirs[] = {RUN_GUILD_DIR, RUN_ATTRS_DIR};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(dir_fd, dirs[i], 0777) < 0)
			return -errno;
	return 0;
}

static int write_source(const struct birth_spec *spec, int dir_fd, struct err *err)
{
	_cleanup_buf_ struct buf manifest = BUF_INIT;
	char digest[DIGEST_MD5_LEN + 1] = "";
	int r = 0;

	/* Of a batch its prototype has it, and an optimizer that is a project's own. */
	if (spec->batch && spec->op && spec->op->model->file->is_builtin)
		;
	else if (spec->proto_fd >= 0 && (!spec->own_source || !spec->op))
		r = source_copy_run(spec->proto_fd, dir_fd, &manifest, digest, err);
	else
		r = source_snapshot(spec->op, dir_fd, &manifest, digest, spec->warnings, err);
	if (r == 0)
		r = manifest_append(dir_fd, &manifest);
	return r < 0 ? r : birth_write_digest(dir_fd, digest);
}

/* Source code that was there goes, since the new may lack files. */
static int renew_source(const struct birth_spec *spec, int dir_fd, struct err *err)
{
	_cleanup_strv_ struct strv old = STRV_INIT;
	int r = manifest_paths(dir_fd, 's', &old);

	for (size_t i = 0; r == 0 && i < old.n; i++)
		if (name_is_safe_path(old.v[i])) {
			r = beneath_unlink(dir_fd, old.v[i]);
			r = r == -ENOENT ? 0 : r;
		}
	if (r == 0)
		r = manifest_remove(dir_fd, 's');
	if (r == 0)
		r = attr_remove(dir_fd, "vcs_commit");
	return r < 0 ? r : write_source(spec, dir_fd, err);
}

/* An empty log, and that somebody is to start it. */
static int write_start_marks(int dir_fd)
{
	static const char *const files[] = {
		RUN_GUILD_DIR "/output", RUN_TICKET_FILE, RUN_GUILD_DIR "/PENDING"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(files); i++)
		r = file_create(dir_fd, files[i], "", 0, 0644);
	return r;
}

/* A staged run is what Guild AI's is: nothing of ours in it, and no output before its start. */
static int write_stage_marks(const struct birth_spec *spec, int dir_fd)
{
	int r = birth_write_env(spec, dir_fd);

	return r < 0 ? r : file_create(dir_fd, RUN_GUILD_DIR "/STAGED", "", 0, 0644);
}

/* How the run is to go on. */
static int write_marks(const struct birth_spec *spec, int dir_fd)
{
	/* It is there when something of our own was kept with the attributes. */
	if ((!spec->stage || spec->dropped) && mkdirat(dir_fd, RUN_OWN_DIR, 0777) < 0 &&
		errno != EEXIST)
		return -errno;
	if (spec->dropped) {
		int r = file_create(
			dir_fd, RUN_DROP_FILE, spec->dropped, strlen(spec->dropped), 0644);

		if (r < 0)
			return r;
	}
	return spec->stage ? write_stage_marks(spec, dir_fd) : write_start_marks(dir_fd);
}

static int give_to(int dir_fd, const struct birth_spec *spec);

struct give_job {
	int fd;
	const struct birth_spec *spec;
};

static int give_entry(void *arg, const char *name, int d_type)
{
	struct give_job *job = arg;
	int fd, r;

	if (d_type != DT_DIR) {
		r = fchownat(job->fd, name, job->spec->uid, job->spec->gid, AT_SYMLINK_NOFOLLOW);
		return r < 0 ? -errno : 0;
	}
	fd = openat(job->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = give_to(fd, job->spec);
	close(fd);
	return r;
}

/* Everything in it to the run's owner; a directory last, since from then on he can put there what
 * is not his. */
static int give_to(int dir_fd, const struct birth_spec *spec)
{
	struct give_job job = {.fd = dir_fd, .spec = spec};
	int r = file_each(dir_fd, ".", give_entry, &job);

	return r == 0 && fchown(dir_fd, spec->uid, spec->gid) < 0 ? -errno : r;
}

/*
 * What trials are copies of: a run of Guild AI's kind, pending for ever, so that a trial is pending
 * from its first moment on, and nothing of ours says that somebody was to start it.
 */
static int fill_proto(const struct birth_spec *spec, int dir_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (mkdirat(dir_fd, RUN_PROTO_DIR, 0777) < 0)
		return -errno;
	fd = openat(dir_fd, RUN_PROTO_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -errno : file_mkdirs(fd, RUN_ATTRS_DIR, 0777);
	if (r == 0)
		r = birth_write_attrs(spec, "proto", fd, err);
	if (r == 0)
		r = write_source(spec, fd, err);
	return r < 0 ? r : file_create(fd, RUN_GUILD_DIR "/PENDING", "", 0, 0644);
}

static int fill(const struct birth_spec *spec, const char *id, int dir_fd, struct err *err)
{
	int r = make_skeleton(dir_fd);

	if (r == 0 && spec->batch)
		r = fill_proto(spec->batch->proto, dir_fd, err);

	if (r == 0)
		r = birth_write_attrs(spec, id, dir_fd, err);
	if (r == 0)
		r = write_source(spec, dir_fd, err);
	if (r == 0)
		r = write_marks(spec, dir_fd);
	if (r == 0 && geteuid() == 0 && spec->uid != 0)
		r = give_to(dir_fd, spec);
	return r;
}

/* --- the name ------------------------------------------------------------- */

/* A directory that the user chose: it may be there, if it is empty, and on another file system. */
static int publish_outside(const struct home *home, const char *aside, const char *run_dir)
{
	int r = partial_rename(home->fd, aside, home->fd, run_dir);

	if (r == -EEXIST) {
		if (rmdir(run_dir) < 0)
			return -EEXIST;
		r = partial_rename(home->fd, aside, home->fd, run_dir);
	}
	if (r != -EXDEV)
		return r;
	r = file_copy_tree(home->fd, aside, AT_FDCWD, run_dir);
	if (r == 0)
		file_remove_tree(home->fd, aside);
	return r;
}

/*
 * The same run, written again before it was started: readers see one or the other, or for a moment
 * none where the file system cannot exchange them.
 */
static int publish_again(const struct home *home, const char *aside, const char *to)
{
	_cleanup_buf_ struct buf old = BUF_INIT;
	int r = renameat2(home->fd, aside, home->fd, to, RENAME_EXCHANGE) < 0 ? -errno : 0;

	if (r == -EINVAL || r == -ENOSYS) {
		buf_printf(&old, "%s.old", aside);
		r = renameat(home->fd, to, home->fd, buf_str(&old)) < 0 ? -errno : 0;
		if (r == 0)
			r = partial_rename(home->fd, aside, home->fd, to);
		aside = buf_str(&old);
	}
	if (r == 0)
		file_remove_tree(home->fd, aside);
	return r;
}

static const char *id_of(const struct birth_spec *spec, const char *id)
{
	const char *slash = spec->run_dir ? strrchr(spec->run_dir, '/') : NULL;

	return slash ? slash + 1 : spec->id ? spec->id : id;
}

static int publish(
	const struct home *home, const char *aside, const struct birth_spec *spec, const char *id)
{
	_cleanup_buf_ struct buf to = BUF_INIT;
	int r;

	if (spec->run_dir)
		return publish_outside(home, aside, spec->run_dir);
	buf_printf(&to, "runs/%s", id_of(spec, id));
	r = buf_error(&to) ? buf_error(&to)
			   : partial_rename(home->fd, aside, home->fd, buf_str(&to));
	return r == -EEXIST && !spec->id ? publish_again(home, aside, buf_str(&to)) : r;
}

int birth_create(const struct home *home, const struct birth_spec *spec,
	char ret_id[RUN_ID_LEN + 1], struct err *err)
{
	char aside_id[RUN_ID_LEN + 1];
	_cleanup_buf_ struct buf aside = BUF_INIT;
	_cleanup_close_ int dir_fd = -1;
	int r = name_new_run_id(aside_id);

	if (r == 0 && !ret_id[0])
		memcpy(ret_id, aside_id, sizeof(aside_id));
	if (r < 0)
		return err_set(err, r, "no random numbers for a run id: %s", strerror(-r));
	buf_printf(&aside, BIRTH_DIR "/%s", aside_id);
	if (mkdirat(home->fd, buf_str(&aside), 0777) < 0)
		r = -errno;
	if (r == 0) {
		dir_fd = openat(home->fd, buf_str(&aside), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = dir_fd < 0 ? -errno : fill(spec, id_of(spec, ret_id), dir_fd, err);
	}
	if (r == 0)
		r = publish(home, buf_str(&aside), spec, ret_id);
	if (r == 0) {
		home_poke(home, id_of(spec, ret_id));
		return 0;
	}
	file_remove_tree(home->fd, buf_str(&aside));
	if (r == -EEXIST)
		return err_set(err, r, "there is a run '%s' already", id_of(spec, ret_id));
	return err_set(err, r, "cannot make the run in %s: %s", home->path, strerror(-r));
}

static int renew_dir(const struct birth_spec *spec, int dir_fd, struct err *err)
{
	int r = birth_rewrite_attrs(spec, dir_fd, err);

	return r == 0 && spec->own_source && spec->op && !spec->batch
		       ? renew_source(spec, dir_fd, err)
		       : r;
}

static int renew_proto(const struct birth_spec *spec, int run_fd, struct err *err)
{
	_cleanup_close_ int fd = beneath_open(run_fd, RUN_PROTO_DIR, O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? fd : renew_dir(spec, fd, err);
}

int birth_renew(
	const struct home *home, const char *id, const struct birth_spec *spec, struct err *err)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	int r;

	if (run_fd < 0)
		return err_set(err, run_fd, "there is no run %s", id);
	r = renew_dir(spec, run_fd, err);
	if (r == 0 && spec->batch)
		r = renew_proto(spec->batch->proto, run_fd, err);
	home_poke(home, id);
	return r < 0 ? err_set(err, r, "cannot restart the run: %s", strerror(-r)) : 0;
}

int birth_withdraw(const struct home *home, const char *id)
{
	_cleanup_close_ int run_fd = home_open_run(home, id);
	_cleanup_buf_ struct buf from = BUF_INIT, to = BUF_INIT;

	if (run_fd < 0)
		return run_fd;
	if (run_is_supervised(run_fd))
		return -EBUSY;
	/* Out of sight in one step; what is left of it does not matter. */
	buf_printf(&from, "runs/%s", id);
	buf_printf(&to, BIRTH_DIR "/%s.gone", id);
	if (renameat(home->fd, buf_str(&from), home->fd, buf_str(&to)) < 0)
		return -errno;
	file_remove_tree(home->fd, buf_str(&to));
	home_poke(home, id);
	return 0;
}

/*
 * One call for the whole file system: a run is a few dozen small files, and syncing them one by
 * one costs a journal commit each.
 */
void birth_sync(const struct home *home, const char *id)
{
	_cleanup_close_ int fd = home_open_run(home, id);
	_cleanup_close_ int dir = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0)
		syncfs(dir);
}

/* By a rename first: a birth that was only asleep gets its place whole, or finds itself gone. */
void birth_sweep(const struct home *home)
{
	_cleanup_close_ int fd = openat(home->fd, BIRTH_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_strv_ struct strv names = STRV_INIT;
	int64_t now = clock_now() / 1000000;

	if (fd < 0)
		return;
	file_names(fd, ".", &names);
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_partial_ struct partial away = PARTIAL_INIT;
		struct stat st;

		if (fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			now - st.st_mtim.tv_sec > SWEEP_AGE_S && partial_begin(fd, &away) == 0)
			partial_take_away(&away, fd, names.v[i]);
	}
}

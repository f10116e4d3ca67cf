/* SPDX-License-Identifier: MIT */
/* What a worker does, and what must be true of what it sees. */
#include "soak.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/name.h"

#define OPERATION "models/m/operations/quick"

enum { TEXT_MAX = 1 << 20, PAUSE_NS = 20 * 1000 * 1000, KILL_WITHIN_MS = 300 };

static unsigned pick(struct worker *w, unsigned n)
{
	return (unsigned)random_up_to(&w->random, n - 1);
}

/* --- what is wrong -------------------------------------------------------- */

static void wrong(struct worker *w, const char *path, const char *what, const char *seen)
{
	atomic_fetch_add(&w->shared->wrong, 1);
	fprintf(stderr, "worker %u: %s: %s: '%.200s'\n", w->number, path, what, seen);
}

/* A run that another worker has moved away, or that is not in the state for it. */
static bool is_usual(int error)
{
	static const int usual[] = {ENOENT, ESTALE, EBUSY, ESRCH, EEXIST, EALREADY};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (error == -usual[i])
			return true;
	return false;
}

/* Whatever a dead mount says is no error of anybody's, if it died meanwhile. */
static void judge(struct worker *w, const char *path, int error, unsigned generation)
{
	if (error >= 0 || is_usual(error))
		return;
	if (generation & 1 || atomic_load(&w->shared->generation) != generation)
		return;
	wrong(w, path, "an error that is none", strerror(-error));
}

static unsigned generation(struct worker *w)
{
	return atomic_load(&w->shared->generation);
}

static void note(struct worker *w, const char *verb, const char *id, const char *token)
{
	char line[128];
	int len = snprintf(
		line, sizeof(line), "%s %s%s%s\n", verb, id, *id && *token ? " " : "", token);

	if (file_write_all(w->log, line, (size_t)len) < 0)
		wrong(w, "log", "cannot be written", line);
}

/* --- paths, reading, writing ---------------------------------------------- */

enum { PATH_SIZE = 512 };

static const char *path_of(
	struct worker *w, char path[PATH_SIZE], const char *dir, const char *name, const char *end)
{
	snprintf(path, PATH_SIZE, "%s/%s%s%s", w->mount, dir, name, end);
	return path;
}

static bool is_id(const char *name)
{
	return strlen(name) == RUN_ID_LEN && strspn(name, "0123456789abcdef") == RUN_ID_LEN;
}

/* The text, which ends with a NUL of ours; or -errno. */
static int slurp(const char *path, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && len < TEXT_MAX - 1) {
		n = read(fd, text + len, TEXT_MAX - 1 - len);
		if (n > 0)
			len += (size_t)n;
	}
	r = n < 0 ? -errno : (int)len;
	close(fd);
	text[len] = '\0';
	return r;
}

/* In one write, as a shell does; 0 is a promise. */
static int put(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666), r;

	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

/* A file of a run that some are known of; its text is judged by `check`. */
static void read_of_run(
	struct worker *w, const char *name, bool (*check)(const char *text, size_t len))
{
	static char text[TEXT_MAX];
	char path[PATH_SIZE];
	unsigned before = generation(w);
	int len;

	if (!w->n_known)
		return;
	path_of(w, path, "runs/", w->known[pick(w, (unsigned)w->n_known)], name);
	len = slurp(path, text);
	judge(w, path, len, before);
	if (len >= 0 && !check(text, (size_t)len))
		wrong(w, path, "cannot be its content", text);
}

/* --- reading -------------------------------------------------------------- */

static void read_status(struct worker *w)
{
	read_of_run(w, "/status", is_status);
}

static void read_flags(struct worker *w)
{
	read_of_run(w, "/flags", is_flags);
}

static void read_output(struct worker *w)
{
	read_of_run(w, "/output", is_output);
}

static void read_artifact(struct worker *w)
{
	read_of_run(w, "/files/result.txt", is_artifact);
}

static void read_label(struct worker *w)
{
	read_of_run(w, "/label", is_label);
}

static void read_comments(struct worker *w)
{
	read_of_run(w, "/comments", is_comments);
}

static void read_loss(struct worker *w)
{
	read_of_run(w, "/metrics/loss", is_loss);
}

static void read_table(struct worker *w)
{
	static const char *const tables[] = {
		"index.tsv", OPERATION "/index.tsv", "where/epochs > 3/index.tsv"};
	static char text[TEXT_MAX];
	char path[PATH_SIZE];
	unsigned before = generation(w);
	int len = slurp(path_of(w, path, tables[pick(w, ARRAY_SIZE(tables))], "", ""), text);

	judge(w, path, len, before);
	if (len >= 0 && len < TEXT_MAX - 1 && !is_table(text, (size_t)len))
		wrong(w, path, "is no table", text);
}

/* Every name of a directory can be a name there; runs are remembered. */
static void list(struct worker *w)
{
	static const char *const dirs[] = {"runs", "runs", "trash", "by/status/completed",
		OPERATION "/runs", "where/epochs > 3", "tensorboard", OPERATION};
	char path[PATH_SIZE];
	const char *name = dirs[pick(w, ARRAY_SIZE(dirs))];
	unsigned before = generation(w);
	DIR *dir = opendir(path_of(w, path, name, "", ""));
	struct dirent *entry;
	size_t seen = 0;

	if (!dir) {
		judge(w, path, -errno, before);
		return;
	}
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (strcmp(name, "runs") != 0 || *entry->d_name == '.')
			continue;
		if (!is_id(entry->d_name))
			wrong(w, path, "lists what is no run", entry->d_name);
		else if (seen < KNOWN_MAX || pick(w, (unsigned)seen) < KNOWN_MAX)
			memcpy(w->known[seen < KNOWN_MAX ? seen : pick(w, KNOWN_MAX)],
				entry->d_name, sizeof(w->known[0]));
		seen++;
	}
	judge(w, path, -errno, before);
	closedir(dir);
	if (seen)
		w->n_known = seen < KNOWN_MAX ? seen : KNOWN_MAX;
}

/* Who follows for a moment sees whole lines. */
static void follow_events(struct worker *w)
{
	char path[PATH_SIZE], line[4096];
	unsigned before = generation(w);
	int fd = open(path_of(w, path, "events", "", ""), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	judge(w, path, fd < 0 ? -errno : 0, before);
	if (fd < 0)
		return;
	n = poll(&p, 1, 50) > 0 ? read(fd, line, sizeof(line)) : 0;
	if (n > 0 && (line[0] != '{' || line[n - 1] != '\n'))
		wrong(w, path, "is no object on a line", line);
	judge(w, path, n < 0 && errno != EAGAIN ? -errno : 0, before);
	close(fd);
}

/* --- writing -------------------------------------------------------------- */

static void new_token(struct worker *w, char token[32])
{
	snprintf(token, 32, "w%u-%u", w->number, w->n_tokens++);
}

/* More than the machine can end would only pile up. */
static bool may_start(struct worker *w)
{
	int64_t ms = clock_monotonic_ms() - w->shared->began_ms;

	if (atomic_load(&w->shared->starts) * 1000 > ms * STARTS_A_SECOND)
		return false;
	atomic_fetch_add(&w->shared->starts, 1);
	return true;
}

static void started(struct worker *w, const char *path, const char *token, int r, unsigned before)
{
	judge(w, path, r, before);
	if (r == 0)
		note(w, "start", "", token);
}

static void flags_text(struct worker *w, char text[128], const char *token)
{
	snprintf(text, 128, "epochs: %u\nname: %s\nnap: %s\n", pick(w, 9) + 1, token,
		pick(w, 4) ? "0" : "1");
}

static void start_by(struct worker *w, const char *name)
{
	char path[PATH_SIZE], token[32], text[128];
	unsigned before = generation(w);

	if (!may_start(w))
		return;
	new_token(w, token);
	flags_text(w, text, token);
	path_of(w, path, OPERATION "/", *name ? name : token, *name ? "" : ".yml");
	started(w, path, token, put(path, O_TRUNC | (*name ? 0 : O_CREAT), text), before);
}

static void start(struct worker *w)
{
	start_by(w, "flags");
}

static void stage(struct worker *w)
{
	start_by(w, "stage");
}

static void drop(struct worker *w)
{
	start_by(w, "");
}

/* As editors do. */
static void rename_onto(struct worker *w)
{
	char from[PATH_SIZE], to[PATH_SIZE], token[32], text[128];
	unsigned before = generation(w);
	int r;

	if (!may_start(w))
		return;
	new_token(w, token);
	flags_text(w, text, token);
	path_of(w, from, OPERATION "/.", token, ".swp");
	path_of(w, to, OPERATION "/flags", "", "");
	r = put(from, O_CREAT | O_EXCL, text);
	if (r == 0)
		r = rename(from, to) < 0 ? -errno : 0;
	started(w, to, token, r, before);
}

static void be_refused(struct worker *w)
{
	char path[PATH_SIZE];
	unsigned before = generation(w);
	int r = put(path_of(w, path, OPERATION "/flags", "", ""), O_TRUNC, "epocs: 1\n");

	if (r == 0)
		wrong(w, path, "was accepted", "epocs: 1");
	if (r != -EINVAL)
		judge(w, path, r, before);
}

static const char *some_run(struct worker *w)
{
	return w->n_known ? w->known[pick(w, (unsigned)w->n_known)] : NULL;
}

static int put_to_run(
	struct worker *w, const char *id, const char *name, int flags, const char *text)
{
	char path[PATH_SIZE];
	unsigned before = generation(w);
	int r;

	path_of(w, path, "runs/", id, name);
	r = put(path, flags, text);
	judge(w, path, r, before);
	return r;
}

static void label(struct worker *w)
{
	const char *id = some_run(w);
	char text[64];

	snprintf(text, sizeof(text), "label-%u-%u\n", w->number, pick(w, 1000));
	if (id)
		put_to_run(w, id, "/label", O_TRUNC, text);
}

static void comment(struct worker *w)
{
	const char *id = some_run(w);
	char token[32], text[64];

	new_token(w, token);
	snprintf(text, sizeof(text), "%s\n", token);
	if (id && put_to_run(w, id, "/comments", O_APPEND, text) == 0)
		note(w, "comment", id, token);
}

static void ctl(struct worker *w)
{
	static const char *const verbs[] = {"stop\n", "restart\n", "start\n", "kill\n"};
	char path[PATH_SIZE];
	const char *id = some_run(w);
	unsigned before = generation(w);
	int r;

	if (!id || (pick(w, 4) && !may_start(w)))
		return;
	r = put(path_of(w, path, "runs/", id, "/ctl"), 0, verbs[pick(w, ARRAY_SIZE(verbs))]);
	/* Somebody killed the supervisor before it could answer. */
	if (r != -EIO)
		judge(w, path, r, before);
}

/* Of what is started most must be left to be looked at. */
static bool may_delete(struct worker *w)
{
	return atomic_load(&w->shared->deletions) * STARTS_A_DELETION <
	       atomic_load(&w->shared->starts);
}

static void delete_run(struct worker *w)
{
	char path[PATH_SIZE];
	const char *id = some_run(w);
	unsigned before = generation(w);
	int r;

	if (!id || !may_delete(w))
		return;
	r = rmdir(path_of(w, path, "runs/", id, "")) < 0 ? -errno : 0;
	judge(w, path, r, before);
	atomic_fetch_add(&w->shared->deletions, r == 0);
}

/* By the flags of a run in the trash; false when they cannot be read just now. */
static bool token_of(struct worker *w, const char *id, char token[32])
{
	static char text[TEXT_MAX];
	char path[PATH_SIZE];
	const char *name;

	path_of(w, path, "trash/", id, "/flags");
	name = slurp(path, text) > 0 ? strstr(text, "\nname: ") : NULL;
	return name && sscanf(name, " name: %31s", token) == 1;
}

/* Most come back; some go for good. */
static void empty_trash(struct worker *w)
{
	char path[PATH_SIZE], to[PATH_SIZE], id[33] = "", token[32];
	unsigned before = generation(w);
	DIR *dir = opendir(path_of(w, path, "trash", "", ""));
	struct dirent *entry;
	int r = 0;

	while (dir && (entry = readdir(dir)))
		if (is_id(entry->d_name) && (!*id || !pick(w, 4)))
			memcpy(id, entry->d_name, sizeof(id));
	if (dir)
		closedir(dir);
	if (!*id)
		return;
	path_of(w, path, "trash/", id, "");
	if (pick(w, 3)) {
		r = rename(path, path_of(w, to, "runs/", id, "")) < 0 ? -errno : 0;
	} else if (token_of(w, id, token)) {
		note(w, "purge", id, token);
		r = rmdir(path) < 0 ? -errno : 0;
	}
	judge(w, path, r, before);
}

/* --- beside the mount ----------------------------------------------------- */

/* What is killed has promised nothing. */
static void run_by_guild(struct worker *w)
{
	char token[32], text[128];
	unsigned kill_after_ms = pick(w, 2) ? 0 : pick(w, KILL_WITHIN_MS) + 1;

	if (!may_start(w))
		return;
	new_token(w, token);
	flags_text(w, text, token);
	if (guild_run(w, text, kill_after_ms) == 0)
		note(w, "start", "", token);
	atomic_fetch_add(&w->shared->guilds_killed, kill_after_ms > 0);
}

/* One that runs, or its process, or both: by what the mount says is running. */
static void kill_running(struct worker *w)
{
	char path[PATH_SIZE], id[33] = "";
	unsigned before = generation(w), what = pick(w, 3) + 1;
	DIR *dir = opendir(path_of(w, path, "by/status/running", "", ""));
	struct dirent *entry;

	if (!dir)
		judge(w, path, -errno, before);
	while (dir && (entry = readdir(dir)))
		if (is_id(entry->d_name) && (!*id || !pick(w, 3)))
			memcpy(id, entry->d_name, sizeof(id));
	if (dir)
		closedir(dir);
	if (!*id)
		return;
	note(w, "kill", id, "");
	atomic_fetch_add(&w->shared->runs_killed, kill_run(w, id, what & 1, what & 2));
}

/* --- the work ------------------------------------------------------------- */

static const struct action {
	const char *name;
	unsigned weight;
	void (*act)(struct worker *w);
} actions[] = {
	{"list", 8, list},
	{"read status", 20, read_status},
	{"read flags", 10, read_flags},
	{"read output", 12, read_output},
	{"read artifact", 10, read_artifact},
	{"read label", 5, read_label},
	{"read comments", 5, read_comments},
	{"read loss", 6, read_loss},
	{"read table", 2, read_table},
	{"events", 1, follow_events},
	{"start", 5, start},
	{"stage", 2, stage},
	{"drop", 3, drop},
	{"rename", 3, rename_onto},
	{"refused", 4, be_refused},
	{"label", 4, label},
	{"comment", 5, comment},
	{"ctl", 3, ctl},
	{"delete", 2, delete_run},
	{"trash", 3, empty_trash},
	{"guild run", 1, run_by_guild},
	{"kill", 1, kill_running},
};

static const struct action *choose(struct worker *w)
{
	unsigned sum = 0, at;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		sum += actions[i].weight;
	at = pick(w, sum);
	for (size_t i = 0;; i++) {
		if (at < actions[i].weight)
			return &actions[i];
		at -= actions[i].weight;
	}
}

void work(struct worker *w)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct beat *beat = &w->shared->beats[w->number];

	while (!atomic_load(&w->shared->stop)) {
		const struct action *action = choose(w);

		atomic_store(&beat->what, action->name);
		atomic_store(&beat->since_ms, clock_monotonic_ms());
		action->act(w);
		atomic_store(&beat->since_ms, 0);
		atomic_fetch_add(&w->shared->operations, 1);
		if (generation(w) & 1)
			nanosleep(&pause, NULL);
	}
}

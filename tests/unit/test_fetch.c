/* SPDX-License-Identifier: MIT */
/*
 * Downloads from a server of our own (http_server.py), the names in the cache, digests, and
 * unpacking: what must work, and every way in which an archive may try to get out.
 */
#include "support.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "fetch/archive.h"
#include "fetch/sha.h"
#include "fetch/url.h"

enum { CONTENT_LEN = 256 * 40, N_CHILDREN = 6, N_THREADS = 4 };

static pid_t server_pid;
static int server_stdin = -1;
static int port;
static int top_fd = -1; /* the private directory */

static const struct url_events quick = {.stall_s = 1, .retry_pause_ms = 10};

/* --- the server and the directories ---------------------------------------- */

/* What a program writes on stdout; it ends by itself when to_stdin is closed. */
static pid_t start(char *const *argv, int *ret_stdin, int *ret_stdout)
{
	int in[2], out[2];
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	*ret_stdin = in[1];
	*ret_stdout = out[0];
	return pid;
}

static int start_server(void)
{
	char *argv[] = {(char[]){"python3"}, (char[]){"tests/unit/http_server.py"}, NULL};
	char text[32] = "";
	int out = -1;
	size_t len = 0;
	ssize_t n;

	server_pid = start(argv, &server_stdin, &out);
	if (server_pid < 0)
		return -1;
	/* A line; it may come in pieces. */
	while (len < sizeof(text) - 1 && !strchr(text, '\n') &&
		(n = read(out, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(out);
	port = (int)strtol(text, NULL, 10);
	return port ? 0 : -1;
}

static int setup(void **state)
{
	/* What is set up for the machine must not get between this test and its server. */
	setenv("no_proxy", "*", 1);
	umask(022);
	if (support_setup(state))
		return -1;
	top_fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top_fd < 0 ? -1 : start_server();
}

static int teardown(void **state)
{
	close(server_stdin);
	if (server_pid > 0) {
		kill(server_pid, SIGTERM);
		waitpid(server_pid, NULL, 0);
	}
	close(top_fd);
	return support_teardown(state);
}

/* A new directory, open. */
static int new_dir(void)
{
	static int n;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "d%d", n++);
	assert_int_equal(mkdirat(top_fd, name, 0755), 0);
	fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static const char *url_of(const char *path)
{
	static char url[512];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", port, path);
	return url;
}

static int count_of(const char *path)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT, text = BUF_INIT;
	char counter[256];

	snprintf(counter, sizeof(counter), "count/%s", path);
	assert_int_equal(url_fetch(fd, url_of(counter), &quick, &name, NULL), 0);
	assert_int_equal(file_read(fd, buf_str(&name), 100, &text), 0);
	return (int)strtol(buf_str(&text), NULL, 10);
}

/* 0 for what the server has as content, whole. */
static int check_content(int fd, const char *name)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	if (file_read(fd, name, CONTENT_LEN, &text) < 0 || text.len != CONTENT_LEN)
		return -1;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] != i % 256)
			return -1;
	return 0;
}

static int count_name(void *arg, const char *name, int d_type)
{
	(void)name, (void)d_type;
	++*(int *)arg;
	return 0;
}

static int n_names(int fd)
{
	int n = 0;

	assert_int_equal(file_each(fd, ".", count_name, &n), 0);
	return n;
}

/* --- URLs -------------------------------------------------------------------- */

static void check_fetched(const char *path, const char *wanted_name)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct err err = ERR_INIT;

	assert_false(url_is_cached(fd, url_of(path)));
	if (url_fetch(fd, url_of(path), &quick, &name, &err) < 0)
		fail_msg("%s", err_text(&err));
	assert_string_equal(buf_str(&name), wanted_name);
	assert_int_equal(check_content(fd, wanted_name), 0);
	assert_true(url_is_cached(fd, url_of(path)));
	/* The file and the lock, nothing else. */
	assert_int_equal(n_names(fd), 2);
}

static void fetches(void **state)
{
	(void)state;
	check_fetched("ok", "ok");
	check_fetched("redirect", "redirect");
	check_fetched("unknown-length", "unknown-length");
	check_fetched("chunked", "chunked");
}

static void fetches_once(void **state)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	int before = count_of("ok");

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(url_fetch(fd, url_of("ok"), NULL, &name, NULL), 0);
	assert_string_equal(buf_str(&name), "okok");
	assert_int_equal(count_of("ok"), before + 1);
}

static void names_files(void **state)
{
	(void)state;
	check_fetched("ok/a%20b.txt", "a b.txt");
	check_fetched("ok/a b", "a b");
	check_fetched("ok/", "index");
	check_fetched("ok/x.csv?y=/z#f/g", "x.csv");
	check_fetched("ok/x;v=1", "x");
	check_fetched("ok/a%2Fb", "a%2Fb");
	check_fetched("ok/a%0Ab", "a%0Ab");
	check_fetched("ok/a%00b", "a%00b");
	check_fetched("ok/x/%2E%2E%2Fy", "..%2Fy");
	check_fetched("ok/100%25", "100%");
	check_fetched("ok/100%2", "100%2");
	check_fetched("ok/.guild-cache-x.lock", "guild-cache-x.lock");
}

static void names_long_files(void **state)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf path = BUF_INIT, name = BUF_INIT;

	(void)state;
	buf_printf(&path, "http://127.0.0.1:%d/ok/%0300d", port, 7);
	assert_int_equal(url_fetch(fd, buf_str(&path), &quick, &name, NULL), 0);
	assert_true(name.len <= 255);
	assert_int_equal(check_content(fd, buf_str(&name)), 0);
}

static void keeps_empty_files(void **state)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(url_fetch(fd, url_of("empty"), &quick, &name, NULL), 0);
	assert_int_equal(fstatat(fd, "empty", &st, 0), 0);
	assert_int_equal(st.st_size, 0);
}

static void fetches_local_files(void **state)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf url = BUF_INIT, name = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;

	buf_printf(&url, "%s/local file", (char *)*state);
	support_write(buf_str(&url), "local\n");
	buf_clear(&url);
	buf_printf(&url, "file://%s/local%%20file", (char *)*state);
	assert_int_equal(url_fetch(fd, buf_str(&url), NULL, &name, NULL), 0);
	assert_string_equal(buf_str(&name), "local file");
	assert_int_equal(file_read(fd, "local file", 100, &text), 0);
	assert_string_equal(buf_str(&text), "local\n");
	buf_puts(&url, ".none");
	assert_int_equal(url_fetch(fd, buf_str(&url), NULL, &name, NULL), -ENOENT);
	assert_int_equal(url_fetch(fd, "file:///tmp", NULL, &name, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "regular file"));
}

/* An error, its sentence, how many requests, and nothing in the cache. */
static void check_failed(const char *path, int code, const char *sentence, int requests)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(url_fetch(fd, url_of(path), &quick, &name, &err), code);
	if (!strstr(err_text(&err), sentence) || !strstr(err_text(&err), url_of(path)))
		fail_msg("'%s' is not in: %s", sentence, err_text(&err));
	assert_int_equal(err.code, code);
	assert_int_equal(count_of(path), requests);
	assert_int_equal(name.len, 0);
	assert_false(url_is_cached(fd, url_of(path)));
	assert_int_equal(n_names(fd), 1);
}

static void tells_errors(void **state)
{
	(void)state;
	check_failed("404", -ENOENT, "HTTP 404 Not Found; check the URL", 1);
	check_failed("500", -EIO, "HTTP 500 Internal Server Error; try again later (3 tries)", 3);
	check_failed("loop", -ELOOP, "more than 10 redirects", 11);
	check_failed("redirect-to-file", -EPROTONOSUPPORT, "neither http nor https", 1);
	check_failed("truncate", -EBADMSG, "10240 of 11240 bytes; try again later (3 tries)", 3);
	check_failed("chunked-cut", -EBADMSG, "less than it told", 3);
	check_failed("lie-short", -EBADMSG, "more than the 100 bytes", 1);
	check_failed("lie-by-one", -EBADMSG, "more than the 10239 bytes", 1);
	check_failed("drop", -ECONNRESET, "without an answer", 3);
}

static void tells_stalls(void **state)
{
	(void)state;
	check_failed("stall", -ETIMEDOUT, "nothing for 1 seconds, after 10 bytes; try", 3);
}

static void check_bad_url(const char *url, int code, const char *sentence)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(url_fetch(fd, url, &quick, &name, &err), code);
	if (!strstr(err_text(&err), sentence))
		fail_msg("'%s' is not in: %s", sentence, err_text(&err));
}

static void tells_bad_urls(void **state)
{
	(void)state;
	check_bad_url("gopher://x/y", -EPROTONOSUPPORT, "http, https, ftp and file are");
	check_bad_url("data.csv", -EPROTONOSUPPORT, "cannot download data.csv:");
	check_bad_url("http:///x", -EINVAL, "no host");
	check_bad_url("http://127.0.0.1:1/x", -ECONNREFUSED, "could not connect");
	/* A label of more than 63 letters: no resolver is asked. */
	check_bad_url(
		"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		"invalid/x",
		-EHOSTUNREACH, "could not resolve host");
	check_bad_url("http://user:secret@127.0.0.1:1/x", -ECONNREFUSED, "http://127.0.0.1:1/x:");
}

static void tries_again(void **state)
{
	(void)state;
	check_fetched("500-then-ok", "500-then-ok");
	assert_int_equal(count_of("500-then-ok"), 2);
	check_fetched("429-then-ok", "429-then-ok");
}

static void resumes(void **state)
{
	(void)state;
	check_fetched("range", "range");
	assert_int_equal(count_of("range"), 2);
	check_fetched("range-ignored", "range-ignored");
	assert_int_equal(count_of("range-ignored"), 2);
	check_fetched("range-changed", "range-changed");
	assert_int_equal(count_of("range-changed"), 2);
	check_fetched("range-wrong", "range-wrong");
	assert_int_equal(count_of("range-wrong"), 3);
	check_fetched("range-416", "range-416");
	assert_int_equal(count_of("range-416"), 3);
}

/* What an earlier process left: a part with a version, and one without. */
static void resumes_after_death(void **state)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	char half[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(half); i++)
		half[i] = (char)(i % 256);
	assert_int_equal(file_create(fd, ".guild-cache-p.part", half, sizeof(half), 0644), 0);
	assert_int_equal(file_create(fd, ".guild-cache-p.etag", "\"v1\"", 4, 0644), 0);
	assert_int_equal(file_create(fd, ".guild-cache-q.part", "garbage", 7, 0644), 0);
	/* Without the range its first answer would break off. */
	assert_int_equal(url_fetch(fd, url_of("range/p"), &quick, &name, NULL), 0);
	assert_int_equal(check_content(fd, "p"), 0);
	assert_int_equal(count_of("range/p"), 1);
	assert_int_equal(url_fetch(fd, url_of("ok/q"), &quick, &name, NULL), 0);
	assert_int_equal(check_content(fd, "q"), 0);
}

static void does_not_wait_for_the_end(void **state)
{
	(void)state;
	check_fetched("never-closes", "never-closes");
	assert_int_equal(count_of("never-closes"), 1);
}

static void limits_size(void **state)
{
	static const char *const paths[] = {"ok", "unknown-length"};
	struct url_events events = quick;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int fd = new_dir();
		_cleanup_buf_ struct buf name = BUF_INIT;

		events.max_bytes = CONTENT_LEN - 1;
		assert_int_equal(url_fetch(fd, url_of(paths[i]), &events, &name, NULL), -EFBIG);
		assert_int_equal(n_names(fd), 1);
		events.max_bytes = CONTENT_LEN;
		assert_int_equal(url_fetch(fd, url_of(paths[i]), &events, &name, NULL), 0);
	}
}

struct seen {
	uint64_t done, total;
	int asked;
};

static void see_progress(void *arg, uint64_t done, uint64_t total)
{
	struct seen *seen = arg;

	seen->done = done;
	seen->total = total;
}

static bool see_cancel(void *arg)
{
	return ++((struct seen *)arg)->asked > 5;
}

static void reports_progress(void **state)
{
	_cleanup_close_ int fd = new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct seen seen = {0};
	struct url_events events = {.progress = see_progress, .arg = &seen};

	(void)state;
	assert_int_equal(url_fetch(fd, url_of("ok"), &events, &name, NULL), 0);
	assert_int_equal(seen.done, CONTENT_LEN);
	assert_int_equal(seen.total, CONTENT_LEN);
}

static void cancels(void **state)
{
	_cleanup_close_ int fd = new_dir(), lock_fd = -1;
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct seen seen = {0};
	struct url_events events = {.cancelled = see_cancel, .arg = &seen};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	(void)state;
	assert_int_equal(url_fetch(fd, url_of("stall"), &events, &name, NULL), -ECANCELED);
	/* Also while another process downloads. */
	seen.asked = 0;
	lock_fd = openat(fd, ".guild-cache-ok.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(fcntl(lock_fd, F_OFD_SETLK, &lock), 0);
	assert_int_equal(url_fetch(fd, url_of("ok"), &events, &name, NULL), -ECANCELED);
}

static int fetch_slowly(const char *url, int fd)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	return url_fetch(fd, url, &quick, &name, NULL) == 0 ? check_content(fd, buf_str(&name))
							    : -1;
}

static void processes_share(void **state)
{
	_cleanup_close_ int fd = new_dir();
	const char *url = url_of("slow/p");
	pid_t pids[N_CHILDREN];
	int status;

	(void)state;
	for (size_t i = 0; i < N_CHILDREN; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(fetch_slowly(url, fd) == 0 ? 0 : 1);
	}
	for (size_t i = 0; i < N_CHILDREN; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_of("slow/p"), 1);
}

struct fetcher {
	pthread_t thread;
	char url[512];
	int fd;
	int result;
};

static void *fetch_in_thread(void *arg)
{
	struct fetcher *f = arg;

	f->result = fetch_slowly(f->url, f->fd);
	return NULL;
}

static void threads_share(void **state)
{
	_cleanup_close_ int fd = new_dir();
	struct fetcher f[N_THREADS];

	(void)state;
	for (size_t i = 0; i < N_THREADS; i++) {
		f[i] = (struct fetcher){.fd = fd, .result = -1};
		snprintf(f[i].url, sizeof(f[i].url), "%s", url_of("slow/t"));
		assert_int_equal(pthread_create(&f[i].thread, NULL, fetch_in_thread, &f[i]), 0);
	}
	for (size_t i = 0; i < N_THREADS; i++) {
		pthread_join(f[i].thread, NULL);
		assert_int_equal(f[i].result, 0);
	}
	assert_int_equal(count_of("slow/t"), 1);
}

/* --- names in the cache, digests ------------------------------------------------ */

static void keys_are_guild_ais(void **state)
{
	static const char *const urls[] = {
		"http://yann.lecun.com/exdb/mnist/train-images-idx3-ubyte.gz",
		"HTTPS://User:Pw@Host:80/a/b;p=1?q=1&r=/;#frag#2",
		"http://h/a;b/c",
		"http://h/a;b/c;d;e",
		"http://h",
		"http://h?q",
		"http://h#f",
		"ftp://h/x;type=i",
		"file:///a/b;c?d#e",
		"s3://bucket/key;x",
		"  http://h/a\tb\nc d ",
		"//h/p",
		"a/b;c",
		"a;b",
		"1http://h/",
		"x+y-z.1:p;q",
		":a",
		"",
		"http:",
		"http://h/\xc3\xa9?\xc3\xbc",
		"svn_x://h/a",
	};
	char code[] = "import sys, hashlib\n"
		      "from urllib.parse import urlparse\n"
		      "for u in sys.argv[1:]:\n"
		      "    print(hashlib.sha224('\\n'.join(urlparse(u)).encode()).hexdigest())\n";
	char *argv[ARRAY_SIZE(urls) + 6] = {
		(char[]){"python3"}, (char[]){"-X"}, (char[]){"utf8"}, (char[]){"-c"}, code};
	_cleanup_buf_ struct buf keys = BUF_INIT;
	_cleanup_close_ int in = -1, out = -1;
	char wanted[8192] = "";
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		argv[5 + i] = strdup(urls[i]);
		url_cache_key(urls[i], &keys);
		buf_putc(&keys, '\n');
	}
	pid = start(argv, &in, &out);
	assert_true(pid > 0);
	while ((n = read(out, wanted + len, sizeof(wanted) - 1 - len)) > 0)
		len += (size_t)n;
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++)
		free(argv[5 + i]);
	assert_string_equal(buf_str(&keys), wanted);
}

static void digests(void **state)
{
	char hex[SHA256_HEX_LEN + 1], short_hex[SHA224_HEX_LEN + 1];

	(void)state;
	assert_int_equal(file_create(top_fd, "abc", "abc", 3, 0644), 0);
	assert_int_equal(sha256_file(top_fd, "abc", hex), 0);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(sha256_file(top_fd, "none", hex), -ENOENT);
	sha224_text("abc", 3, short_hex);
	assert_string_equal(short_hex, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
}

/* --- archives: making them ------------------------------------------------------- */

/* One member of an archive to be made. */
struct made {
	const char *path;
	mode_t type;      /* 0: the end; S_IFREG when there is a hard link */
	const char *text; /* content of a file, target of a link */
	bool hardlink;
	mode_t mode; /* 0: 0644 or 0755 */
};

enum { MTIME = 1000000000 };

static void add_made(struct archive *a, const struct made *m)
{
	struct archive_entry *e = archive_entry_new();
	size_t len = m->text ? strlen(m->text) : 0;

	archive_entry_set_pathname(e, m->path);
	archive_entry_set_filetype(e, m->type);
	archive_entry_set_perm(e, m->mode ? m->mode : m->type == S_IFDIR ? 0755 : 0644);
	archive_entry_set_mtime(e, MTIME, 0);
	archive_entry_set_size(e, 0);
	if (m->hardlink)
		archive_entry_set_hardlink(e, m->text);
	else if (m->type == S_IFLNK)
		archive_entry_set_symlink(e, m->text);
	else if (m->type == S_IFREG)
		archive_entry_set_size(e, (la_int64_t)len);
	assert_true(archive_write_header(a, e) >= ARCHIVE_WARN);
	if (m->type == S_IFREG && !m->hardlink)
		assert_int_equal(archive_write_data(a, m->text, len), len);
	archive_entry_free(e);
}

/* The format and the filter follow from the name, as in archive_is(). */
static void make_archive(int fd, const char *name, const struct made *members)
{
	struct archive *a = archive_write_new();
	_cleanup_close_ int out = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(out >= 0);
	if (strstr(name, ".zip"))
		archive_write_set_format_zip(a);
	else
		archive_write_set_format_gnutar(a);
	if (strstr(name, ".gz") || strstr(name, ".tgz"))
		archive_write_add_filter_gzip(a);
	if (strstr(name, ".bz2"))
		archive_write_add_filter_bzip2(a);
	if (strstr(name, ".xz"))
		archive_write_add_filter_xz(a);
	if (strstr(name, ".zst"))
		archive_write_add_filter_zstd(a);
	assert_int_equal(archive_write_open_fd(a, out), ARCHIVE_OK);
	for (; members->type; members++)
		add_made(a, members);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

/* text, compressed; no archive. */
static void make_gzip(int fd, const char *name, const char *text, size_t len)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	_cleanup_close_ int out = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	archive_write_set_format_raw(a);
	archive_write_add_filter_gzip(a);
	assert_int_equal(archive_write_open_fd(a, out), ARCHIVE_OK);
	archive_entry_set_filetype(e, S_IFREG);
	archive_entry_set_pathname(e, "x");
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	if (len)
		assert_int_equal(archive_write_data(a, text, len), len);
	archive_entry_free(e);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
}

static void check_file(int fd, const char *path, const char *wanted)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	assert_int_equal(file_read(fd, path, 1000, &text), 0);
	assert_string_equal(buf_str(&text), wanted);
}

static void check_members(const struct strv *members, const char *wanted)
{
	_cleanup_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < members->n; i++)
		buf_printf(&text, "%s%s", i ? " " : "", members->v[i]);
	assert_string_equal(buf_str(&text), wanted);
}

/* --- archives: what works ---------------------------------------------------------- */

static void knows_archives(void **state)
{
	static const char *const yes[] = {
		"a.zip", "a.tar", "a.tgz", "a.tar.xz", "a.tar.gz", "a.gz", "A.ZIP", "x/y.tar.zst"};
	static const char *const no[] = {"a", "zip", "a.txt", "a.tar/b", "tar.xz", "a.xz"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(archive_is(yes[i], NULL));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(archive_is(no[i], NULL));
	assert_true(archive_is("a", "zip") && archive_is("a", "gz") && archive_is("a", "gzip"));
	assert_false(archive_is("a.zip", "rar"));
}

static void unpacks(void **state)
{
	static const char *const names[] = {
		"a.zip", "a.tar", "a.tgz", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst"};
	static const struct made members[] = {
		{"./", S_IFDIR, NULL, false, 0},
		{"./b/", S_IFDIR, NULL, false, 0},
		{"b//c", S_IFREG, "text", false, 0},
		{"a/\xc3\xa9", S_IFREG, "", false, 0},
		{"b/l", S_IFLNK, "../a/x", false, 0},
		{"b/s", S_IFREG, "#!", false, 06755},
		{0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_close_ int from = new_dir(), to = new_dir();
		_cleanup_strv_ struct strv found = STRV_INIT;
		struct err err = ERR_INIT;
		struct stat st;

		make_archive(from, names[i], members);
		/* Twice: what is there is no obstacle. */
		for (int n = 0; n < 2; n++) {
			strv_release(&found);
			if (archive_unpack(from, names[i], NULL, to, NULL, &found, &err) < 0)
				fail_msg("%s", err_text(&err));
			check_members(&found, "a/\xc3\xa9 b b/c b/l b/s");
		}
		check_file(to, "b/c", "text");
		check_file(to, "a/\xc3\xa9", "");
		assert_int_equal(fstatat(to, "b/s", &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0755);
		assert_int_equal(st.st_mtim.tv_sec, MTIME);
		assert_int_equal(fstatat(to, "b", &st, 0), 0);
		assert_int_equal(st.st_mtim.tv_sec, MTIME);
		assert_int_equal(fstatat(to, "b/l", &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISLNK(st.st_mode));
		assert_int_equal(n_names(to), 2);
	}
}

static void unpacks_hard_links(void **state)
{
	static const struct made members[] = {
		{"a/f", S_IFREG, "text", false, 0},
		{"g", S_IFREG, "./a/f", true, 0},
		{"g", S_IFREG, "a/f", true, 0},
		{"a/f", S_IFREG, "new", false, 0},
		{0},
	};
	_cleanup_close_ int fd = new_dir(), to = new_dir();
	_cleanup_strv_ struct strv found = STRV_INIT;

	(void)state;
	make_archive(fd, "a.tar", members);
	assert_int_equal(archive_unpack(fd, "a.tar", NULL, to, NULL, &found, NULL), 0);
	check_members(&found, "a/f g");
	check_file(to, "g", "text");
	check_file(to, "a/f", "new");
	assert_int_equal(n_names(to), 2);
}

static void replaces_files(void **state)
{
	static const struct made members[] = {
		{"f", S_IFREG, "new", false, 0}, {"l", S_IFREG, "new", false, 0}, {0}};
	_cleanup_close_ int fd = new_dir(), to = new_dir();
	_cleanup_strv_ struct strv found = STRV_INIT;

	(void)state;
	make_archive(fd, "a.zip", members);
	assert_int_equal(file_create(fd, "outside", "old", 3, 0644), 0);
	/* One more name of a file outside, and a link to it: it must stay as it is. */
	assert_int_equal(linkat(fd, "outside", to, "f", 0), 0);
	assert_int_equal(symlinkat("f", to, "l"), 0);
	assert_int_equal(archive_unpack(fd, "a.zip", NULL, to, NULL, &found, NULL), 0);
	check_file(to, "f", "new");
	check_file(to, "l", "new");
	check_file(fd, "outside", "old");
}

static void unpacks_gzip(void **state)
{
	_cleanup_close_ int fd = new_dir(), to = new_dir();
	_cleanup_strv_ struct strv found = STRV_INIT;
	struct err err = ERR_INIT;

	(void)state;
	make_gzip(fd, "a.csv.gz", "1,2\n", 4);
	make_gzip(fd, "plain", "1,2\n", 4);
	make_gzip(fd, "empty.gz", "", 0);
	assert_int_equal(file_create(fd, "not.gz", "1,2\n", 4, 0644), 0);
	assert_int_equal(archive_unpack(fd, "a.csv.gz", NULL, to, NULL, &found, NULL), 0);
	assert_int_equal(archive_unpack(fd, "plain", "gzip", to, NULL, &found, NULL), 0);
	assert_int_equal(archive_unpack(fd, "empty.gz", "gz", to, NULL, &found, NULL), 0);
	check_members(&found, "a.csv empty plain");
	check_file(to, "a.csv", "1,2\n");
	check_file(to, "plain", "1,2\n");
	check_file(to, "empty", "");
	assert_int_equal(archive_unpack(fd, "not.gz", NULL, to, NULL, &found, &err), -EINVAL);
	assert_non_null(strstr(err_text(&err), "not compressed by gzip"));
	/* Into the archive's own directory. */
	assert_int_equal(archive_unpack(fd, "plain", "gz", fd, NULL, &found, NULL), -EINVAL);
}

/* --- archives: what is refused ------------------------------------------------------ */

static void check_refused(
	int fd, const char *name, const struct archive_limits *limits, int to, const char *sentence)
{
	_cleanup_strv_ struct strv found = STRV_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(archive_unpack(fd, name, NULL, to, limits, &found, &err), -EINVAL);
	if (!strstr(err_text(&err), sentence) || !strstr(err_text(&err), name))
		fail_msg("'%s' is not in: %s", sentence, err_text(&err));
}

/* The second member is refused: only the first is there, and nothing around it. */
static void check_hostile(
	const char *name, struct made first, struct made second, const char *sentence)
{
	const struct made members[] = {first, second, {0}};
	_cleanup_close_ int fd = new_dir(), to = -1;

	assert_int_equal(mkdirat(fd, "to", 0755), 0);
	to = openat(fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_archive(fd, name, members);
	check_refused(fd, name, NULL, to, sentence);
	assert_int_equal(n_names(to), 1);
	assert_int_equal(n_names(fd), 2);
}

static void refuses_to_leave(void **state)
{
	static const char *const names[] = {"a.tar", "a.zip"};
	const struct made file = {"f", S_IFREG, "x", false, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct {
			struct made made;
			const char *sentence;
		} bad[] = {
			{{"../evil", S_IFREG, "x", false, 0}, "member ../evil has a path that"},
			{{"f/../../evil", S_IFREG, "x", false, 0}, "leads out"},
			{{"..", S_IFDIR, NULL, false, 0}, "leads out"},
			{{"l", S_IFLNK, "/etc", false, 0}, "/etc, an absolute path"},
			{{"l", S_IFLNK, "..", false, 0}, "leads out"},
			{{"l", S_IFLNK, "./../x", false, 0}, "leads out"},
			{{"f2", S_IFLNK, "f/../..", false, 0}, "leads out"},
			{{"f/x", S_IFREG, "x", false, 0}, "lies below f"},
			{{"f", S_IFDIR, NULL, false, 0}, "is a directory, but"},
		};

		for (size_t n = 0; n < ARRAY_SIZE(bad); n++)
			check_hostile(names[i], file, bad[n].made, bad[n].sentence);
	}
}

/* Through links that the archive made itself. */
static void refuses_detours(void **state)
{
	const struct made dot = {"x", S_IFLNK, ".", false, 0};
	const struct made up = {"d/x", S_IFLNK, "..", false, 0};
	const struct made deep = {"d/l", S_IFLNK, "../x", false, 0};

	(void)state;
	check_hostile(
		"a.tar", dot, (struct made){"x/evil", S_IFREG, "x", false, 0}, "lies below x");
	check_hostile("a.tar", dot, (struct made){"y", S_IFLNK, "x/..", false, 0}, "leads out");
	check_hostile("a.tar", dot, (struct made){"h", S_IFREG, "x/f", true, 0}, "lies below x");
	/* No target alone climbs too high; behind the first link the second does. */
	check_hostile("a.tar", up, (struct made){"d/l", S_IFLNK, "x/..", false, 0}, "leads out");
	/* At its new place the same target would lead out. */
	check_hostile("a.tar", deep, (struct made){"h", S_IFREG, "d/l", true, 0}, "not a regular");
	check_hostile("a.tar", dot, (struct made){"h", S_IFREG, "../out", true, 0}, "leads out");
	check_hostile("a.tar", dot, (struct made){"h", S_IFREG, "/etc/passwd", true, 0},
		"hard link to /etc/passwd");
	check_hostile(
		"a.tar", dot, (struct made){"h", S_IFREG, "none", true, 0}, "not in the archive");
}

/* Libraries that make archives take care; these bytes do not. */
static void run_python(int fd, const char *code)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (fchdir(fd) == 0)
			execlp("python3", "python3", "-c", code, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void refuses_absolute_paths(void **state)
{
	_cleanup_close_ int fd = new_dir(), to = new_dir();

	(void)state;
	run_python(fd, "import tarfile, zipfile\n"
		       "t = tarfile.open('a.tar', 'w')\n"
		       "t.addfile(tarfile.TarInfo('/tmp/guildfs-evil'))\n"
		       "t.close()\n"
		       "z = zipfile.ZipFile('a.zip', 'w')\n"
		       "i = zipfile.ZipInfo('x')\n"
		       "i.filename = '/tmp/guildfs-evil'\n"
		       "z.writestr(i, 'x')\n"
		       "z.close()\n");
	check_refused(fd, "a.tar", NULL, to, "/tmp/guildfs-evil");
	check_refused(fd, "a.zip", NULL, to, "/tmp/guildfs-evil");
	assert_int_equal(n_names(to), 0);
	assert_false(file_exists(AT_FDCWD, "/tmp/guildfs-evil"));
}

static void refuses_devices(void **state)
{
	_cleanup_close_ int fd = new_dir(), to = new_dir();

	(void)state;
	run_python(fd, "import tarfile\n"
		       "for n, k in (('c', tarfile.CHRTYPE), ('b', tarfile.BLKTYPE),\n"
		       "             ('f', tarfile.FIFOTYPE)):\n"
		       "    t = tarfile.open(n + '.tar', 'w')\n"
		       "    i = tarfile.TarInfo('dev')\n"
		       "    i.type = k\n"
		       "    t.addfile(i)\n"
		       "    t.close()\n");
	check_refused(fd, "c.tar", NULL, to, "member dev is a device");
	check_refused(fd, "b.tar", NULL, to, "member dev is a device");
	check_refused(fd, "f.tar", NULL, to, "member dev is a device, a fifo");
	assert_int_equal(n_names(to), 0);
}

static void refuses_encrypted(void **state)
{
	static const struct made members[] = {{"f", S_IFREG, "text", false, 0}, {0}};
	_cleanup_close_ int fd = new_dir(), to = new_dir();

	(void)state;
	make_archive(fd, "a.zip", members);
	/* Bit 0 of the general purpose flags, in both headers. */
	run_python(fd, "d = bytearray(open('a.zip', 'rb').read())\n"
		       "d[6] |= 1\n"
		       "d[d.index(b'PK\\1\\2') + 8] |= 1\n"
		       "open('a.zip', 'wb').write(d)\n");
	check_refused(fd, "a.zip", NULL, to, "member f is encrypted");
	assert_int_equal(n_names(to), 0);
}

static void refuses_truncated(void **state)
{
	static const struct made members[] = {
		{"f", S_IFREG, "text", false, 0}, {"g", S_IFREG, "more", false, 0}, {0}};
	static const char *const names[] = {
		"a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar.zst", "a.zip", "a.csv.gz"};
	_cleanup_close_ int fd = new_dir();
	char text[3000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * i >> 3);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_close_ int to = new_dir();
		struct stat st;

		if (strcmp(names[i], "a.csv.gz") == 0)
			make_gzip(fd, names[i], text, sizeof(text));
		else
			make_archive(fd, names[i], members);
		assert_int_equal(fstatat(fd, names[i], &st, 0), 0);
		/* A plain tar file: behind its two members, where nothing seems to be amiss. */
		_cleanup_close_ int file = openat(fd, names[i], O_WRONLY | O_CLOEXEC);
		assert_int_equal(ftruncate(file, i == 0 ? 2048 : st.st_size / 2), 0);
		check_refused(fd, names[i], NULL, to, "incomplete");
	}
}

static void refuses_damaged(void **state)
{
	static const struct made members[] = {{"f", S_IFREG, "text", false, 0}, {0}};
	_cleanup_close_ int fd = new_dir(), to = new_dir();

	(void)state;
	make_archive(fd, "a.tar", members);
	assert_int_equal(renameat(fd, "a.tar", fd, "a.zip"), 0);
	check_refused(fd, "a.zip", NULL, to, "not an archive of this kind");
	run_python(fd, "import zipfile\n"
		       "z = zipfile.ZipFile('b.zip', 'w')\n"
		       "z.writestr('f', 'content')\n"
		       "z.close()\n"
		       "d = open('b.zip', 'rb').read().replace(b'content', b'CONTENT')\n"
		       "open('b.zip', 'wb').write(d)\n");
	check_refused(fd, "b.zip", NULL, to, "member f is damaged");
	assert_int_equal(n_names(to), 0);
	assert_int_equal(
		archive_unpack(fd, "a.txt", NULL, to, NULL, &(struct strv){0}, NULL), -EINVAL);
	assert_int_equal(
		archive_unpack(fd, "none.zip", NULL, to, NULL, &(struct strv){0}, NULL), -ENOENT);
}

static void refuses_bombs(void **state)
{
	static const struct made members[] = {{"d", S_IFDIR, NULL, false, 0},
		{"d/f", S_IFREG, "0123456789", false, 0}, {"g", S_IFREG, "0123456789", false, 0},
		{0}};
	const struct archive_limits bytes = {.bytes = 19}, two = {.members = 2};
	const struct archive_limits ratio = {.ratio = 10, .ratio_from = 10000};
	const struct archive_limits enough = {.bytes = 20, .members = 3};
	_cleanup_close_ int fd = new_dir(), to = new_dir(), zeros = new_dir();
	_cleanup_strv_ struct strv found = STRV_INIT;
	_cleanup_free_ char *text = calloc(1, 100000);

	(void)state;
	make_archive(fd, "a.tar.gz", members);
	check_refused(fd, "a.tar.gz", &bytes, to, "member g makes the contents larger than the 19");
	check_refused(fd, "a.tar.gz", &two, to, "member g is one more than the 2 members");
	assert_int_equal(n_names(to), 1);
	assert_int_equal(archive_unpack(fd, "a.tar.gz", NULL, to, &enough, &found, NULL), 0);
	/* Sizes that are told nowhere are counted while they come. */
	make_gzip(fd, "z.gz", text, 100000);
	check_refused(fd, "z.gz", &ratio, zeros, "decompression bomb");
	check_refused(fd, "z.gz", &bytes, zeros, "larger than the 19");
	assert_int_equal(n_names(zeros), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches),
		cmocka_unit_test(fetches_once),
		cmocka_unit_test(names_files),
		cmocka_unit_test(names_long_files),
		cmocka_unit_test(keeps_empty_files),
		cmocka_unit_test(fetches_local_files),
		cmocka_unit_test(tells_errors),
		cmocka_unit_test(tells_stalls),
		cmocka_unit_test(tells_bad_urls),
		cmocka_unit_test(tries_again),
		cmocka_unit_test(resumes),
		cmocka_unit_test(resumes_after_death),
		cmocka_unit_test(does_not_wait_for_the_end),
		cmocka_unit_test(limits_size),
		cmocka_unit_test(reports_progress),
		cmocka_unit_test(cancels),
		cmocka_unit_test(processes_share),
		cmocka_unit_test(threads_share),
		cmocka_unit_test(keys_are_guild_ais),
		cmocka_unit_test(digests),
		cmocka_unit_test(knows_archives),
		cmocka_unit_test(unpacks),
		cmocka_unit_test(unpacks_hard_links),
		cmocka_unit_test(replaces_files),
		cmocka_unit_test(unpacks_gzip),
		cmocka_unit_test(refuses_to_leave),
		cmocka_unit_test(refuses_detours),
		cmocka_unit_test(refuses_absolute_paths),
		cmocka_unit_test(refuses_devices),
		cmocka_unit_test(refuses_encrypted),
		cmocka_unit_test(refuses_truncated),
		cmocka_unit_test(refuses_damaged),
		cmocka_unit_test(refuses_bombs),
	};

	return cmocka_run_group_tests_name("fetch", tests, setup, teardown);
}

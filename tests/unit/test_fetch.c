/* SPDX-License-Identifier: MIT */
/* Downloads from a server of our own (http_server.py), the names in the cache. */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "fetch/url.h"

enum { CONTENT_LEN = 256 * 40, N_CHILDREN = 6, N_THREADS = 4 };

static pid_t server_pid;
static int server_stdin = -1;
static int port;

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
	return support_setup(state) ? -1 : start_server();
}

static int teardown(void **state)
{
	close(server_stdin);
	if (server_pid > 0) {
		kill(server_pid, SIGTERM);
		waitpid(server_pid, NULL, 0);
	}
	return support_teardown(state);
}

static const char *url_of(const char *path)
{
	static char url[512];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", port, path);
	return url;
}

static int count_of(const char *path)
{
	_cleanup_close_ int fd = support_new_dir();
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

/* --- URLs -------------------------------------------------------------------- */

static void check_fetched(const char *path, const char *wanted_name)
{
	_cleanup_close_ int fd = support_new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct err err = ERR_INIT;

	assert_false(url_is_cached(fd, url_of(path)));
	if (url_fetch(fd, url_of(path), &quick, &name, &err) < 0)
		fail_msg("%s", err_text(&err));
	assert_string_equal(buf_str(&name), wanted_name);
	assert_int_equal(check_content(fd, wanted_name), 0);
	assert_true(url_is_cached(fd, url_of(path)));
	/* The file and the lock, nothing else. */
	assert_int_equal(support_n_names(fd, "."), 2);
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
	_cleanup_close_ int fd = support_new_dir();
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
	_cleanup_close_ int fd = support_new_dir();
	_cleanup_buf_ struct buf path = BUF_INIT, name = BUF_INIT;

	(void)state;
	buf_printf(&path, "http://127.0.0.1:%d/ok/%0300d", port, 7);
	assert_int_equal(url_fetch(fd, buf_str(&path), &quick, &name, NULL), 0);
	assert_true(name.len <= 255);
	assert_int_equal(check_content(fd, buf_str(&name)), 0);
}

static void keeps_empty_files(void **state)
{
	_cleanup_close_ int fd = support_new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(url_fetch(fd, url_of("empty"), &quick, &name, NULL), 0);
	assert_int_equal(fstatat(fd, "empty", &st, 0), 0);
	assert_int_equal(st.st_size, 0);
}

static void fetches_local_files(void **state)
{
	_cleanup_close_ int fd = support_new_dir();
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
	_cleanup_close_ int fd = support_new_dir();
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(url_fetch(fd, url_of(path), &quick, &name, &err), code);
	if (!strstr(err_text(&err), sentence) || !strstr(err_text(&err), url_of(path)))
		fail_msg("'%s' is not in: %s", sentence, err_text(&err));
	assert_int_equal(err.code, code);
	assert_int_equal(count_of(path), requests);
	assert_int_equal(name.len, 0);
	assert_false(url_is_cached(fd, url_of(path)));
	assert_int_equal(support_n_names(fd, "."), 1);
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
	_cleanup_close_ int fd = support_new_dir();
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
	_cleanup_close_ int fd = support_new_dir();
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
		_cleanup_close_ int fd = support_new_dir();
		_cleanup_buf_ struct buf name = BUF_INIT;

		events.max_bytes = CONTENT_LEN - 1;
		assert_int_equal(url_fetch(fd, url_of(paths[i]), &events, &name, NULL), -EFBIG);
		assert_int_equal(support_n_names(fd, "."), 1);
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
	_cleanup_close_ int fd = support_new_dir();
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
	_cleanup_close_ int fd = support_new_dir(), lock_fd = -1;
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
	_cleanup_close_ int fd = support_new_dir();
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
	_cleanup_close_ int fd = support_new_dir();
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

/* --- names in the cache ------------------------------------------------ */

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
	};

	return cmocka_run_group_tests_name("fetch", tests, setup, teardown);
}

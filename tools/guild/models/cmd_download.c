/* SPDX-License-Identifier: MIT */
/* guild download: puts a file where operations that depend on its URL look for it, in the cache. */
#include "guild.h"

#include <stdio.h>
#include <string.h>

#include "term/progress.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "fetch/url.h"

static void note_bytes(void *arg, uint64_t done, uint64_t total)
{
	struct progress *p = arg;

	(void)total;
	p->bytes = done; /* less than before when another try begins anew */
}

static bool is_cancelled(void *arg)
{
	return !progress_go_on(arg, 0);
}

static int fetch(int cache_fd, const char *url, struct buf *ret_name, struct err *err)
{
	struct progress p;
	const struct url_events events = {
		.progress = note_bytes, .cancelled = is_cancelled, .arg = &p};
	int r;

	progress_begin(&p, 0);
	r = url_fetch(cache_fd, url, &events, ret_name, err);
	progress_end(&p);
	return r;
}

static int download(struct guild *g, void *options, const struct strv *args)
{
	_cleanup_buf_ struct buf key = BUF_INIT, cache = BUF_INIT, name = BUF_INIT;
	_cleanup_close_ int cache_fd = -1;
	char sha256[DIGEST_SHA256_LEN + 1];
	struct err err = ERR_INIT;
	int r;

	(void)options;
	if (args->n != 1) {
		complain(args->n ? "unexpected argument '%s'" : "missing argument for %s",
			args->n ? args->v[1] : "URL");
		return EXIT_USAGE;
	}
	if (guild_open_home(g) != EXIT_OK)
		return EXIT_ERROR;
	url_cache_key(args->v[0], &key);
	cache_fd = home_open_resources(g->home, buf_str(&key), &cache);
	if (cache_fd < 0)
		return complain("cannot open %s: %s", buf_str(&cache), strerror(-cache_fd));
	r = fetch(cache_fd, args->v[0], &name, &err);
	if (r < 0)
		return complain("%s", err.code ? err_text(&err) : strerror(-r));
	r = digest_file(DIGEST_SHA256, cache_fd, buf_str(&name), NULL, sha256);
	if (r < 0)
		return complain(
			"cannot read %s/%s: %s", buf_str(&cache), buf_str(&name), strerror(-r));
	printf("%s  %s/%s\n", sha256, buf_str(&cache), buf_str(&name));
	return EXIT_OK;
}

static const struct option_def no_options[] = {{0}};

const struct command cmd_download = {
	.name = "download",
	.usage = "download URL",
	.summary = "Download a file that operations depend on, and print its SHA-256",
	.options = no_options,
	.run = download,
};

/* SPDX-License-Identifier: MIT */
/* gcloud as a child, whose messages are among the run's output. */
#include "models/gcloud.h"

#include <stdio.h>
#include <string.h>

#include "guild.h"
#include "base/output_of.h"
#include "base/shell.h"
#include "yaml/yaml.h"

extern char **environ;

void gcloud_release(struct gcloud *c)
{
	strv_release(&c->words);
}

void gcloud_word(struct gcloud *c, const char *word)
{
	if (c->error == 0)
		c->error = strv_add(&c->words, word);
}

void gcloud_command(struct gcloud *c, const char *words)
{
	gcloud_word(c, "gcloud");
	for (; *words && c->error == 0; words += *words == ' ') {
		size_t len = strcspn(words, " ");

		c->error = strv_add_len(&c->words, words, len);
		words += len;
	}
}

void gcloud_option(struct gcloud *c, const char *name, const char *value)
{
	if (c->error == 0 && value && *value)
		c->error = strv_addf(&c->words, "--%s=%s", name, value);
}

static void show(const struct gcloud *c)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	shell_join(&line, c->words.v, c->words.n);
	printf("%s\n", buf_str(&line));
	fflush(stdout);
}

int gcloud_run(struct gcloud *c, struct value **ret)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	int status;

	gcloud_option(c, "format", ret ? "json" : NULL);
	gcloud_word(c, "--quiet");
	if (c->error)
		return complain("out of memory");
	show(c);
	status = output_of_env((const char *const *)c->words.v, NULL, environ, STDERR_KEPT, &out);
	if (status < 0)
		return complain("gcloud cannot be started: is it on PATH?");
	if (status)
		return complain("gcloud failed with exit status %d (see above)", status);
	if (ret && yaml_parse(buf_str(&out), out.len, ret, &err) < 0)
		return complain("gcloud answered what is no JSON: %s", err_text(&err));
	return EXIT_OK;
}

const char *gcloud_id(const char *resource)
{
	const char *slash = strrchr(resource, '/');

	return slash ? slash + 1 : resource;
}

static bool is_called(const struct value *resource, const char *called)
{
	const char *shown = value_str(value_get(resource, "displayName"));
	const char *name = value_str(value_get(resource, "name"));

	return (shown && strcmp(shown, called) == 0) ||
	       (name && strcmp(gcloud_id(name), called) == 0);
}

size_t gcloud_find(const struct value *list, const char *called, const struct value **ret)
{
	size_t n = 0;

	*ret = NULL;
	for (size_t i = 0; list && list->type == VALUE_LIST && i < list->list.n; i++)
		if (is_called(list->list.items[i], called) && n++ == 0)
			*ret = list->list.items[i];
	return n;
}

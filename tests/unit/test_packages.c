/* SPDX-License-Identifier: MIT */
/* What packages and indexes say, in all forms that they are met in; the order of versions. */
#include "support.h"

#include <errno.h>

#include "base/version.h"
#include "package/index_page.h"
#include "package/metadata.h"

static void versions_in_order(void **state)
{
	static const char *const sorted[] = {"nonsense", "0.9.9", "1.0.dev1", "1.0a1.dev2", "1.0a1",
		"1.0alpha2", "1.0b1", "1.0rc1", "1.0-pre2", "1.0", "1.0+local.1", "1.0.post1.dev1",
		"1.0.post1", "1.0-2", "1.0.1", "1.2", "1.10", "v2", "1!0.1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sorted); j++)
			assert_int_equal(version_compare(sorted[i], sorted[j]), (i > j) - (i < j));
	assert_int_equal(version_compare("1.0", "1.0.0"), 0);
	assert_int_equal(version_compare("1.0RC1", "1.0.c1"), 0);
	assert_int_equal(version_compare("x", "1..2"), 0);
	assert_true(version_is_final("1.0.post1"));
	assert_false(version_is_final("1.0.dev1"));
	assert_false(version_is_final("1.0rc1"));
	assert_false(version_is_final(""));
}

static int add_operation(void *arg, const char *operation, const char *description)
{
	buf_printf(arg, "%s=%s;", operation, description);
	return 0;
}

static void check_operations(const char *text, const char *wanted)
{
	_cleanup_buf_ struct buf b = BUF_INIT;

	assert_int_equal(metadata_operations(text, add_operation, &b), 0);
	assert_string_equal(buf_str(&b), wanted);
}

static void operations_of_descriptions(void **state)
{
	(void)state;
	/* As ours are. */
	check_operations(
		"gpkg.x\n######\n\nA sample\n\nBase operations\n***************\n\n"
		"bare\n^^^^\n\nbare one\n\n  **f**\n\nModels\n******\n\ncnn\n===\n\nNet\n\n"
		"Operations\n----------\n\nModels\n^^^^^^\n\ntrain\n^^^^^\n\nFit \\*it\\*\n\n"
		"more\n\n**lr**\n\nReferences\n----------\n\n- http://x\n\nempty\n=====\n\n"
		"Nothing\n",
		"bare=bare one;cnn:Models=;cnn:train=Fit *it*;empty=Nothing;");
	/* As Guild AI's are: emphasis, other lines, operations of no model as models are. */
	check_operations("gpkg.x\r\n######\r\n\r\n*A\r\nsample*\r\n\r\nBase Operations\r\n"
			 "###############\r\n\r\nbare\r\n====\r\n*bare one*\r\n\r\nFlags\r\n"
			 "^^^^^\r\n**f**\r\n  *(d)*\r\n\r\nModels\r\n######\r\n\r\ncnn\r\n===\r\n"
			 "\r\n*Net*\r\n\r\nOperations\r\n^^^^^^^^^^\r\n\r\ntrain\r\n-----\r\n"
			 "*Fit\r\nit*\r\n\r\nFlags\r\n"
			 "`````\r\n**lr**\r\n\r\n\r\nevaluate\r\n--------\r\n\r\nrnn\r\n===\r\n\r\n"
			 "Operations\r\n^^^^^^^^^^\r\n\r\ntrain\r\n-----\r\n",
		"bare=bare one;cnn:train=Fit it;cnn:evaluate=;rnn:train=;");
	/* What is none of them. */
	check_operations("", "");
	check_operations("Models", "");
	check_operations("Title\n=====\n\nOperations\n----------\n\nx\n", "");
	check_operations("Models\n###\n", "");
}

static void check_page(const char *type, const char *text, const char *wanted)
{
	struct page page = {0};
	struct index_page links;
	_cleanup_buf_ struct buf b = BUF_INIT;
	int r;

	buf_puts(&page.type, type);
	buf_puts(&page.text, text);
	buf_puts(&page.url, "http://h/simple/p/");
	r = index_page_parse(&page, &links, NULL);
	assert_true(r == 0 || r == -EINVAL);
	if (r < 0)
		buf_puts(&b, "no page");
	for (size_t i = 0; i < links.n; i++) {
		const struct index_link *l = &links.v[i];

		buf_printf(&b, "%s %s%s%s%s%s%s%s;", l->name, l->url, *l->sha256 ? " #" : "",
			l->sha256, l->yanked ? " yanked" : "", l->has_metadata ? " metadata" : "",
			*l->metadata_sha ? " #" : "", l->metadata_sha);
	}
	assert_string_equal(buf_str(&b), wanted);
	index_page_release(&links);
	page_release(&page);
}

static void pages_of_indexes(void **state)
{
	static const char html[] = "text/html; charset=UTF-8", json[] = "application/x+json";

	(void)state;
	check_page(html, "<a href=\"a.whl#sha256=0f\" data-core-metadata=\"sha256=1e\">a.whl</a>",
		"a.whl http://h/simple/p/a.whl #0f metadata #1e;");
	check_page(html, "<a href='/x/a.whl' data-dist-info-metadata=true data-yanked>a.whl</a>",
		"a.whl http://h/x/a.whl yanked metadata;");
	check_page(html, "<A HREF=../b?c=1&amp;d=2>\n  b <i>c</i>\n<a href=https://o/d>d",
		"b c http://h/simple/b?c=1&d=2;d https://o/d;");
	check_page(html, "<base href='https://o/f/'><a href=e>e</a><!-- <a href=x>x</a> -->",
		"e https://o/f/e;");
	check_page(html, "<a>none</a><a name=x href=''></a><a href='http://[bad'>bad</a>", "");
	check_page(html, "\xff\xfe<<a <a href=\"f\">f</a", "f http://h/simple/p/f;");
	check_page(html, "", "");
	check_page(json, "{\"projects\": [{\"name\": \"q\"}, {}, 3]}", "q http://h/simple/p/q/;");
	check_page(json,
		"{\"files\": [{\"filename\": \"a\", \"url\": \"../a\", \"hashes\": "
		"{\"sha256\": \"0f\"}, \"core-metadata\": {\"sha256\": \"1e\"}, \"yanked\": "
		"\"why\"},"
		" {\"filename\": \"b\", \"url\": \"b\", \"core-metadata\": true, "
		"\"yanked\": false},"
		" {\"filename\": \"c\", \"url\": \"c\", \"dist-info-metadata\": false}]}",
		"a http://h/simple/a #0f yanked metadata #1e;b http://h/simple/p/b metadata;"
		"c http://h/simple/p/c;");
	check_page(json, "{}", "no page");
	check_page(json, "<a href=x>x</a>", "no page");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_in_order),
		cmocka_unit_test(operations_of_descriptions),
		cmocka_unit_test(pages_of_indexes),
	};

	return cmocka_run_group_tests_name("packages", tests, NULL, NULL);
}

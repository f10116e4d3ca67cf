/* SPDX-License-Identifier: MIT */
/* What a file can say, whatever is done to its run meanwhile. */
#include <ctype.h>
#include <string.h>

#include "soak.h"
#include "base/cleanup.h"

bool is_status(const char *text, size_t len)
{
	static const char *const all[] = {
		"pending\n", "staged\n", "running\n", "completed\n", "error\n", "terminated\n"};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (len == strlen(all[i]) && strcmp(text, all[i]) == 0)
			return true;
	return false;
}

bool is_flags(const char *text, size_t len)
{
	return strncmp(text, "epochs: ", 8) == 0 && text[len - 1] == '\n';
}

/* Each line begins as one that the operation prints; the last one may be cut. */
bool is_output(const char *text, size_t len)
{
	static const char *const words[] = {"epochs=", "loss: 0.", "end"};

	if (strlen(text) != len)
		return false;
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t n = strcspn(p, "\n"), i = 0;

		while (i < ARRAY_SIZE(words) &&
			strncmp(p, words[i], n < strlen(words[i]) ? n : strlen(words[i])) != 0)
			i++;
		if (i == ARRAY_SIZE(words))
			return false;
	}
	return true;
}

bool is_artifact(const char *text, size_t len)
{
	return len <= 7 && memcmp(text, "result\n", len) == 0;
}

bool is_label(const char *text, size_t len)
{
	return !len || (strchr(text, '\n') == text + len - 1 && isalnum((unsigned char)*text));
}

bool is_comments(const char *text, size_t len)
{
	return strlen(text) == len && (!len || (*text == '#' && text[len - 1] == '\n'));
}

bool is_loss(const char *text, size_t len)
{
	return len > 2 && strncmp(text, "0.", 2) == 0 && text[len - 1] == '\n';
}

/* Every row has as many cells as the heading. */
bool is_table(const char *text, size_t len)
{
	int wanted = -1;

	if (!len || text[len - 1] != '\n')
		return false;
	for (const char *p = text; *p;) {
		int tabs = 0;

		for (; *p != '\n'; p++)
			tabs += *p == '\t';
		p++;
		if (wanted < 0)
			wanted = tabs;
		else if (tabs != wanted)
			return false;
	}
	return true;
}

/* SPDX-License-Identifier: MIT */
/* Reading and sorting names. */
#include "catalog/names.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/name.h"

enum { BLOCK_SIZE = 16 * 1024 };

struct names_block {
	struct names_block *next;
	size_t used, size;
	char text[];
};

bool names_may_be_run(const char *name)
{
	return name[0] != '.' && name_is_component(name);
}

char *names_copy(struct names *names, const char *text)
{
	struct names_block *block = names->blocks;
	size_t len = strlen(text) + 1;
	char *copy;

	if (!block || block->size - block->used < len) {
		size_t size = len < BLOCK_SIZE ? BLOCK_SIZE : len;

		block = malloc(sizeof(*block) + size);
		if (!block)
			return NULL;
		*block = (struct names_block){.next = names->blocks, .size = size};
		names->blocks = block;
	}
	copy = memcpy(block->text + block->used, text, len);
	block->used += len;
	return copy;
}

static struct name name_of(char *text)
{
	uint64_t key = 0;

	memcpy(&key, text, strnlen(text, sizeof(key)));
	return (struct name){.key = be64toh(key), .text = text};
}

static int compare(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(x->text, y->text);
}

static int add(void *arg, const char *name, int d_type)
{
	struct names *names = arg;
	char *text;

	if ((d_type != DT_DIR && d_type != DT_UNKNOWN) || !names_may_be_run(name))
		return 0;
	if (array_grow(&names->v, names->n, &names->cap, sizeof(*names->v)) < 0)
		return -ENOMEM;
	text = names_copy(names, name);
	if (!text)
		return -ENOMEM;
	names->v[names->n++] = name_of(text);
	return 0;
}

int names_read(struct names *names, int runs_fd)
{
	int r = file_each(runs_fd, ".", add, names);

	if (r == 0 && names->n > 1)
		qsort(names->v, names->n, sizeof(*names->v), compare);
	return r;
}

bool names_have(const struct names *names, const char *text)
{
	struct name wanted = name_of((char *)text);

	return names->n && bsearch(&wanted, names->v, names->n, sizeof(*names->v), compare);
}

void names_drop_list(struct names *names)
{
	free(names->v);
	names->v = NULL;
	names->n = names->cap = 0;
}

void names_release(struct names *names)
{
	names_drop_list(names);
	for (struct names_block *block = names->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	names->blocks = NULL;
}

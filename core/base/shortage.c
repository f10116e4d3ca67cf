/* SPDX-License-Identifier: MIT */
/* A count and the last error, for each thread. */
#include "base/shortage.h"

#include <errno.h>

static _Thread_local unsigned count;
static _Thread_local int last;

bool is_shortage(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

int shortage_note(int error)
{
	if (is_shortage(error)) {
		count++;
		last = error;
	}
	return error;
}

unsigned shortages(void)
{
	return count;
}

int shortage_since(unsigned before)
{
	return count == before ? 0 : last;
}

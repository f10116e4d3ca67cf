/* SPDX-License-Identifier: MIT */
/* Arrays of anything that get longer one by one; their owner frees them. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/*
 * Room for one more in *array (the address of a pointer), which has n of *cap elements of this
 * size; NULL and 0 at first. -ENOMEM, and then it is as it was.
 */
int array_grow(void *array, size_t n, size_t *cap, size_t size);
/* The same where anything may come next: element `at` is there then, and new ones are zero. */
int array_reach(void *array, size_t at, size_t *n, size_t size);

#endif

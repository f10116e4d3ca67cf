/* SPDX-License-Identifier: MIT */
/*
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded and read as Python's random
 * module and numpy's RandomState do it, so that a seed chooses the same here as in Guild AI. For
 * choices that are to be repeated, not for secrets or ids.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum { RANDOM_STATE = 624 };

struct random {
	uint32_t state[RANDOM_STATE];
	size_t next;
};

void random_seed_python(
	struct random *r, uint64_t seed);                /* random.seed(int); the sign counts not */
void random_seed_numpy(struct random *r, uint32_t seed); /* RandomState(int) */

uint32_t random_next(struct random *r); /* 32 bits */
double random_unit(struct random *r);   /* [0, 1), 53 bits: random() of either */
/* 0 to max, max included: RandomState.randint(0, max + 1) */
uint64_t random_up_to(struct random *r, uint64_t max);
/*
 * random.sample(range(n), k): k different ones of 0 to n - 1, in the order in which they were
 * drawn. `ret` has room for k; k <= n. -ENOMEM.
 */
int random_sample(struct random *r, size_t n, size_t k, size_t *ret);

#endif

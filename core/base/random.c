/* SPDX-License-Identifier: MIT */
/* The generator, and the two ways in which it is asked. */
#include "base/random.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { SHIFT = 397, WORD_BITS = 32 };

/* --- the generator --------------------------------------------------------- */

static void init(struct random *r, uint32_t seed)
{
	r->state[0] = seed;
	for (uint32_t i = 1; i < RANDOM_STATE; i++)
		r->state[i] = 1812433253U * (r->state[i - 1] ^ (r->state[i - 1] >> 30)) + i;
	r->next = RANDOM_STATE;
}

static void init_by_array(struct random *r, const uint32_t *key, size_t n)
{
	size_t i = 1, j = 0;

	init(r, 19650218U);
	for (size_t k = RANDOM_STATE; k; k--) {
		uint32_t before = r->state[i - 1];

		r->state[i] = (r->state[i] ^ ((before ^ (before >> 30)) * 1664525U)) + key[j] +
			      (uint32_t)j;
		j = j + 1 < n ? j + 1 : 0;
		if (++i == RANDOM_STATE) {
			r->state[0] = r->state[RANDOM_STATE - 1];
			i = 1;
		}
	}
	for (size_t k = RANDOM_STATE - 1; k; k--) {
		uint32_t before = r->state[i - 1];

		r->state[i] =
			(r->state[i] ^ ((before ^ (before >> 30)) * 1566083941U)) - (uint32_t)i;
		if (++i == RANDOM_STATE) {
			r->state[0] = r->state[RANDOM_STATE - 1];
			i = 1;
		}
	}
	r->state[0] = 0x80000000U;
}

static void refill(struct random *r)
{
	for (size_t i = 0; i < RANDOM_STATE; i++) {
		uint32_t y = (r->state[i] & 0x80000000U) |
			     (r->state[(i + 1) % RANDOM_STATE] & 0x7fffffffU);

		r->state[i] =
			r->state[(i + SHIFT) % RANDOM_STATE] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfU : 0);
	}
	r->next = 0;
}

uint32_t random_next(struct random *r)
{
	uint32_t y;

	if (r->next >= RANDOM_STATE)
		refill(r);
	y = r->state[r->next++];
	y ^= y >> 11;
	y ^= (y << 7) & 0x9d2c5680U;
	y ^= (y << 15) & 0xefc60000U;
	return y ^ (y >> 18);
}

/* --- seeds and numbers ------------------------------------------------------ */

void random_seed_python(struct random *r, uint64_t seed)
{
	const uint32_t key[] = {(uint32_t)seed, (uint32_t)(seed >> WORD_BITS)};

	init_by_array(r, key, key[1] ? 2 : 1);
}

void random_seed_numpy(struct random *r, uint32_t seed)
{
	init(r, seed);
}

double random_unit(struct random *r)
{
	uint32_t high = random_next(r) >> 5, low = random_next(r) >> 6;

	return (high * 67108864.0 + low) / 9007199254740992.0;
}

static unsigned bit_length(uint64_t n)
{
	unsigned bits = 0;

	for (; n; n >>= 1)
		bits++;
	return bits;
}

/* As many bits as `max` has, until they are no more than it; 64 come with the high half first. */
uint64_t random_up_to(struct random *r, uint64_t max)
{
	unsigned bits = bit_length(max);
	uint64_t mask = bits < 64 ? (1ULL << bits) - 1 : UINT64_MAX, n;

	if (!max)
		return 0;
	do {
		n = random_next(r);
		if (bits > WORD_BITS)
			n = n << WORD_BITS | random_next(r);
		n &= mask;
	} while (n > max);
	return n;
}

/* Python's _randbelow(): the uppermost bits of a word. */
static size_t below(struct random *r, size_t n)
{
	unsigned bits = bit_length(n);
	uint64_t k;

	do {
		if (bits <= WORD_BITS) {
			k = random_next(r) >> (WORD_BITS - bits);
		} else {
			k = random_next(r);
			k |= (uint64_t)(random_next(r) >> (2 * WORD_BITS - bits)) << WORD_BITS;
		}
	} while (k >= n);
	return (size_t)k;
}

static int sample_from_pool(struct random *r, size_t n, size_t k, size_t *ret)
{
	_cleanup_free_ size_t *pool = calloc(n, sizeof(*pool));

	if (!pool)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		pool[i] = i;
	for (size_t i = 0; i < k; i++) {
		size_t j = below(r, n - i);

		ret[i] = pool[j];
		pool[j] = pool[n - i - 1];
	}
	return 0;
}

static int sample_by_drawing(struct random *r, size_t n, size_t k, size_t *ret)
{
	_cleanup_free_ unsigned char *taken = calloc(n, 1);

	if (!taken)
		return -ENOMEM;
	for (size_t i = 0; i < k; i++) {
		size_t j = below(r, n);

		while (taken[j])
			j = below(r, n);
		taken[j] = 1;
		ret[i] = j;
	}
	return 0;
}

/* Which way is taken decides what is drawn: Python weighs the sizes of a list and of a set. */
int random_sample(struct random *r, size_t n, size_t k, size_t *ret)
{
	double set_size = 21;

	if (!k)
		return 0;
	if (k > 5)
		set_size += pow(4, ceil(log((double)k * 3) / log(4)));
	return (double)n <= set_size ? sample_from_pool(r, n, k, ret)
				     : sample_by_drawing(r, n, k, ret);
}

/* SPDX-License-Identifier: MIT */
/* Eight bytes a step: one instruction on x86-64 and arm64, eight table look-ups elsewhere. */
#include "metrics/crc32c.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

enum { SLICES = 8, BITS = 8 };
#define POLYNOMIAL 0x82f63b78u

static uint32_t table[SLICES][1 << BITS];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

/* table[k][b]: what byte b does to the checksum when k more bytes come behind it. */
static void make_table(void)
{
	for (uint32_t byte = 0; byte < 1 << BITS; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < BITS; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][byte] = crc;
	}
	for (int slice = 1; slice < SLICES; slice++)
		for (uint32_t byte = 0; byte < 1 << BITS; byte++) {
			uint32_t before = table[slice - 1][byte];

			table[slice][byte] = before >> BITS ^ table[0][before & 0xff];
		}
}

uint32_t crc32c_portable(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t crc = ~0u;

	pthread_once(&table_once, make_table);
	for (; len >= SLICES; len -= SLICES, p += SLICES) {
		uint64_t word;

		memcpy(&word, p, sizeof(word));
		word = le64toh(word) ^ crc;
		crc = 0;
		for (int slice = 0; slice < SLICES; slice++)
			crc ^= table[SLICES - 1 - slice][word >> BITS * slice & 0xff];
	}
	while (len--)
		crc = crc >> BITS ^ table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t crc = ~0u, word;
	uint32_t half;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		crc = _mm_crc32_u64(crc, word);
	}
	if (len >= sizeof(half)) {
		memcpy(&half, p, sizeof(half));
		crc = _mm_crc32_u32((uint32_t)crc, half);
		len -= sizeof(half);
		p += sizeof(half);
	}
	while (len--)
		crc = _mm_crc32_u8((uint32_t)crc, *p++);
	return ~(uint32_t)crc;
}
#elif defined(__ARM_FEATURE_CRC32)
static uint32_t by_instruction(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t crc = ~0u;
	uint64_t word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		crc = __crc32cd(crc, le64toh(word));
	}
	while (len--)
		crc = __crc32cb(crc, *p++);
	return ~crc;
}
#endif

uint32_t crc32c(const void *data, size_t len)
{
#if defined(__x86_64__)
	/* A load and a test: cheaper than remembering the choice somewhere. */
	if (__builtin_cpu_supports("sse4.2"))
		return by_instruction(data, len);
#elif defined(__ARM_FEATURE_CRC32)
	return by_instruction(data, len);
#endif
	return crc32c_portable(data, len);
}

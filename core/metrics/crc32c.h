/* SPDX-License-Identifier: MIT */
/*
 * CRC-32C (Castagnoli: reflected polynomial 0x82F63B78, initial value and final xor all ones), the
 * checksum of TFRecord files (reference/filesystem-facts, section 5). Thread safe.
 */
#ifndef METRICS_CRC32C_H
#define METRICS_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* By the processor's own instruction where it has one. */
uint32_t crc32c(const void *data, size_t len);
/* The same by tables, on any processor. */
uint32_t crc32c_portable(const void *data, size_t len);

/* How TFRecord stores a checksum, so that the checksum of a checksum is not degenerate. */
static inline uint32_t crc32c_mask(uint32_t crc)
{
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

#endif

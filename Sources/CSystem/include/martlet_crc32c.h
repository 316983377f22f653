/* CRC-32C (Castagnoli), as record batches and the metadata journal carry it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The checksum of `count` bytes that follow bytes whose checksum is `seed` (0 when there are none), by the quickest way
   that this processor has. */
uint32_t martlet_crc32c(uint32_t seed, const void *bytes, size_t count);

/* The ways to compute it. All give the same checksum; the tests compare them. */
typedef enum martlet_crc32c_variant {
    MARTLET_CRC32C_TABLE,
    /* SSE4.2 and PCLMULQDQ on x86-64, the CRC extension on AArch64. */
    MARTLET_CRC32C_HARDWARE,
} martlet_crc32c_variant;

bool martlet_crc32c_has(martlet_crc32c_variant variant);

/* Only for a variant that this processor has. */
uint32_t martlet_crc32c_by(martlet_crc32c_variant variant, uint32_t seed, const void *bytes, size_t count);

#include "martlet_crc32c.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif
#endif

#define POLYNOMIAL 0x82F63B78u /* Castagnoli, least significant bit first */

typedef uint32_t (*crc32c_function)(uint32_t crc, const uint8_t *bytes, size_t count);

static inline uint64_t load64(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return value;
}

/* table[k][b]: what byte b does to the remainder when k more bytes follow it. */
static uint32_t table[8][256];

static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; bit++) remainder = remainder >> 1 ^ (remainder & 1 ? POLYNOMIAL : 0);
        table[0][byte] = remainder;
    }
    for (int k = 1; k < 8; k++)
        for (int byte = 0; byte < 256; byte++)
            table[k][byte] = table[k - 1][byte] >> 8 ^ table[0][table[k - 1][byte] & 0xFF];
}

static uint32_t crc32c_table(uint32_t crc, const uint8_t *bytes, size_t count) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word = load64(bytes) ^ crc;
        crc = table[7][word & 0xFF] ^ table[6][word >> 8 & 0xFF] ^ table[5][word >> 16 & 0xFF] ^
              table[4][word >> 24 & 0xFF] ^ table[3][word >> 32 & 0xFF] ^ table[2][word >> 40 & 0xFF] ^
              table[1][word >> 48 & 0xFF] ^ table[0][word >> 56];
    }
#endif
    for (; count > 0; count--, bytes++) crc = crc >> 8 ^ table[0][(crc ^ *bytes) & 0xFF];
    return crc;
}

#if defined(__x86_64__)

#define ACCELERATED __attribute__((target("sse4.2,pclmul")))

/* The crc32 instruction takes three cycles and starts one each cycle: three streams keep it busy. A block is three
   neighbouring pieces; to join them, the remainder of a piece is moved past the bytes that follow it, which is a
   multiplication by x^(8 * bytes) modulo the polynomial. The carry-less product of two reflected 32-bit values is
   reflected in 63 bits and the crc32 instruction multiplies by x^32: hence the constants x^(8 * bytes - 33). */
#define LONG_PIECE 4096
#define LONG_PIECE_ONCE 0x82F89C77u
#define LONG_PIECE_TWICE 0x54A86326u
#define SHORT_PIECE 256
#define SHORT_PIECE_ONCE 0xB9E02B86u
#define SHORT_PIECE_TWICE 0xDD7E3B0Cu

ACCELERATED static inline __m128i moved(uint32_t crc, uint32_t factor) {
    return _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)crc), _mm_cvtsi32_si128((int)factor), 0);
}

ACCELERATED static inline __attribute__((always_inline)) uint32_t
crc32c_blocks(uint32_t crc, const uint8_t **bytes, size_t *count, size_t piece, uint32_t once, uint32_t twice) {
    const uint8_t *next = *bytes;
    size_t left = *count;
    for (; left >= 3 * piece; left -= 3 * piece, next += 3 * piece) {
        uint64_t first = crc, second = 0, third = 0;
        for (size_t at = 0; at < piece; at += 8) {
            first = _mm_crc32_u64(first, load64(next + at));
            second = _mm_crc32_u64(second, load64(next + piece + at));
            third = _mm_crc32_u64(third, load64(next + 2 * piece + at));
        }
        __m128i joined = _mm_xor_si128(moved((uint32_t)first, twice), moved((uint32_t)second, once));
        crc = (uint32_t)(third ^ _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(joined)));
    }
    *bytes = next;
    *count = left;
    return crc;
}

ACCELERATED static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
    crc = crc32c_blocks(crc, &bytes, &count, LONG_PIECE, LONG_PIECE_ONCE, LONG_PIECE_TWICE);
    crc = crc32c_blocks(crc, &bytes, &count, SHORT_PIECE, SHORT_PIECE_ONCE, SHORT_PIECE_TWICE);
    uint64_t remainder = crc;
    for (; count >= 8; count -= 8, bytes += 8) remainder = _mm_crc32_u64(remainder, load64(bytes));
    crc = (uint32_t)remainder;
    for (; count > 0; count--, bytes++) crc = _mm_crc32_u8(crc, *bytes);
    return crc;
}

static bool has_hardware(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

#elif defined(__aarch64__)

__attribute__((target("crc"))) static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; count -= 8, bytes += 8) crc = __crc32cd(crc, load64(bytes));
    for (; count > 0; count--, bytes++) crc = __crc32cb(crc, *bytes);
    return crc;
}

static bool has_hardware(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

#else

static uint32_t crc32c_hardware(uint32_t crc, const uint8_t *bytes, size_t count) {
    return crc32c_table(crc, bytes, count);
}

static bool has_hardware(void) { return false; }

#endif

static crc32c_function chosen;

/* Runs before main, when there is one thread. */
__attribute__((constructor)) static void choose(void) {
    make_table();
    chosen = has_hardware() ? crc32c_hardware : crc32c_table;
}

uint32_t martlet_crc32c(uint32_t seed, const void *bytes, size_t count) { return ~chosen(~seed, bytes, count); }

bool martlet_crc32c_has(martlet_crc32c_variant variant) { return variant == MARTLET_CRC32C_TABLE || has_hardware(); }

uint32_t martlet_crc32c_by(martlet_crc32c_variant variant, uint32_t seed, const void *bytes, size_t count) {
    return ~(variant == MARTLET_CRC32C_TABLE ? crc32c_table : crc32c_hardware)(~seed, bytes, count);
}

/* SPDX-License-Identifier: MIT
 *
 * sha512: SHA-512 of bytes that come in pieces (FIPS 180-4). Ed25519 asks for it.
 */
#ifndef ENDPLATE_SHA512_H
#define ENDPLATE_SHA512_H

#include <stdint.h>

enum { SHA512_BLOCK = 128, SHA512_BYTES = 64 };

typedef struct sha512_state {
    uint64_t hash[8];
    uint64_t taken; /* bytes so far */
    uint8_t block[SHA512_BLOCK];
} sha512_state;

void sha512_init(sha512_state *state);
void sha512_add(sha512_state *state, const uint8_t *bytes, int32_t n);
void sha512_end(sha512_state *state, uint8_t out[SHA512_BYTES]);

#endif

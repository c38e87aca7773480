/* SPDX-License-Identifier: MIT
 *
 * signature: whether an Ed25519 signature (RFC 8032) fits. The curve is Monocypher's, which is not
 * part of this tree (../Makefile, MONOCYPHER); SHA-512 is ours, since Monocypher's own comes in a
 * file that not everyone ships, and since the message comes in pieces.
 */
#ifndef ENDPLATE_SIGNATURE_H
#define ENDPLATE_SIGNATURE_H

#include "sha512.h"

enum { SIGNATURE_BYTES = 64, SIGNATURE_KEY_BYTES = 32 };

/* The key that images have to be signed with; all zeros: none. Written by firmware/image.py. */
extern const uint8_t signature_key[SIGNATURE_KEY_BYTES];

/* Whether this build can check signatures: it has a curve and a key. */
int32_t signature_available(void);
/* Begins with signature and key; the message is added with sha512_add. */
void signature_begin(sha512_state *state, const uint8_t signature[SIGNATURE_BYTES],
                     const uint8_t key[SIGNATURE_KEY_BYTES]);
/* 1: it is this key's signature of what was added. 0 in a build that cannot check. */
int32_t signature_good(sha512_state *state, const uint8_t signature[SIGNATURE_BYTES],
                       const uint8_t key[SIGNATURE_KEY_BYTES]);

#endif

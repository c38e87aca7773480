/* SPDX-License-Identifier: MIT */
#include "signature.h"

#ifdef ENDPLATE_MONOCYPHER
#include "monocypher.h"
#endif

int32_t signature_available(void)
{
#ifdef ENDPLATE_MONOCYPHER
    uint32_t any = 0;
    for (int32_t i = 0; i < SIGNATURE_KEY_BYTES; i++) {
        any |= signature_key[i];
    }
    return any != 0;
#else
    return 0;
#endif
}

void signature_begin(sha512_state *state, const uint8_t signature[SIGNATURE_BYTES],
                     const uint8_t key[SIGNATURE_KEY_BYTES])
{
    sha512_init(state);
    sha512_add(state, signature, SIGNATURE_BYTES / 2); /* R, the first half */
    sha512_add(state, key, SIGNATURE_KEY_BYTES);
}

int32_t signature_good(sha512_state *state, const uint8_t signature[SIGNATURE_BYTES],
                       const uint8_t key[SIGNATURE_KEY_BYTES])
{
    uint8_t digest[SHA512_BYTES];
    sha512_end(state, digest);
#ifdef ENDPLATE_MONOCYPHER
    uint8_t reduced[32];
    crypto_eddsa_reduce(reduced, digest);
    return crypto_eddsa_check_equation(signature, key, reduced) == 0;
#else
    (void)signature;
    (void)key;
    return 0;
#endif
}

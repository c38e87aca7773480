/* SPDX-License-Identifier: MIT */
#include "sha512.h"

#include <string.h>

enum { ROUNDS = 80 };

/* FIPS 180-4, 4.2.3: the fraction of the cube roots of the first 80 primes. */
static const uint64_t K[ROUNDS] = {
    0x428A2F98D728AE22u, 0x7137449123EF65CDu, 0xB5C0FBCFEC4D3B2Fu, 0xE9B5DBA58189DBBCu,
    0x3956C25BF348B538u, 0x59F111F1B605D019u, 0x923F82A4AF194F9Bu, 0xAB1C5ED5DA6D8118u,
    0xD807AA98A3030242u, 0x12835B0145706FBEu, 0x243185BE4EE4B28Cu, 0x550C7DC3D5FFB4E2u,
    0x72BE5D74F27B896Fu, 0x80DEB1FE3B1696B1u, 0x9BDC06A725C71235u, 0xC19BF174CF692694u,
    0xE49B69C19EF14AD2u, 0xEFBE4786384F25E3u, 0x0FC19DC68B8CD5B5u, 0x240CA1CC77AC9C65u,
    0x2DE92C6F592B0275u, 0x4A7484AA6EA6E483u, 0x5CB0A9DCBD41FBD4u, 0x76F988DA831153B5u,
    0x983E5152EE66DFABu, 0xA831C66D2DB43210u, 0xB00327C898FB213Fu, 0xBF597FC7BEEF0EE4u,
    0xC6E00BF33DA88FC2u, 0xD5A79147930AA725u, 0x06CA6351E003826Fu, 0x142929670A0E6E70u,
    0x27B70A8546D22FFCu, 0x2E1B21385C26C926u, 0x4D2C6DFC5AC42AEDu, 0x53380D139D95B3DFu,
    0x650A73548BAF63DEu, 0x766A0ABB3C77B2A8u, 0x81C2C92E47EDAEE6u, 0x92722C851482353Bu,
    0xA2BFE8A14CF10364u, 0xA81A664BBC423001u, 0xC24B8B70D0F89791u, 0xC76C51A30654BE30u,
    0xD192E819D6EF5218u, 0xD69906245565A910u, 0xF40E35855771202Au, 0x106AA07032BBD1B8u,
    0x19A4C116B8D2D0C8u, 0x1E376C085141AB53u, 0x2748774CDF8EEB99u, 0x34B0BCB5E19B48A8u,
    0x391C0CB3C5C95A63u, 0x4ED8AA4AE3418ACBu, 0x5B9CCA4F7763E373u, 0x682E6FF3D6B2B8A3u,
    0x748F82EE5DEFB2FCu, 0x78A5636F43172F60u, 0x84C87814A1F0AB72u, 0x8CC702081A6439ECu,
    0x90BEFFFA23631E28u, 0xA4506CEBDE82BDE9u, 0xBEF9A3F7B2C67915u, 0xC67178F2E372532Bu,
    0xCA273ECEEA26619Cu, 0xD186B8C721C0C207u, 0xEADA7DD6CDE0EB1Eu, 0xF57D4F7FEE6ED178u,
    0x06F067AA72176FBAu, 0x0A637DC5A2C898A6u, 0x113F9804BEF90DAEu, 0x1B710B35131C471Bu,
    0x28DB77F523047D84u, 0x32CAAB7B40C72493u, 0x3C9EBE0A15C9BEBCu, 0x431D67C49C100D4Cu,
    0x4CC5D4BECB3E42B6u, 0x597F299CFC657E2Au, 0x5FCB6FAB3AD6FAECu, 0x6C44198C4A475817u,
};

/* FIPS 180-4, 5.3.5: the fraction of the square roots of the first 8 primes. */
static const uint64_t START[8] = {
    0x6A09E667F3BCC908u, 0xBB67AE8584CAA73Bu, 0x3C6EF372FE94F82Bu, 0xA54FF53A5F1D36F1u,
    0x510E527FADE682D1u, 0x9B05688C2B3E6C1Fu, 0x1F83D9ABFB41BD6Bu, 0x5BE0CD19137E2179u,
};

static uint64_t turned(uint64_t x, uint32_t by)
{
    const uint32_t rest = 64u - by;
    return x >> by | x << rest;
}

static uint64_t big_endian(const uint8_t *at)
{
    uint64_t x = 0;
    for (int32_t i = 0; i < 8; i++) {
        x = x << 8 | at[i];
    }
    return x;
}

/* The schedule is kept as a ring of 16: 80 words would be 512 bytes more of stack. */
static void take_block(uint64_t *hash, const uint8_t *block)
{
    uint64_t w[16];
    uint64_t a = hash[0], b = hash[1], c = hash[2], d = hash[3];
    uint64_t e = hash[4], f = hash[5], g = hash[6], h = hash[7];
    for (int32_t i = 0; i < 16; i++) {
        w[i] = big_endian(block + 8 * i);
    }
    for (int32_t i = 0; i < ROUNDS; i++) {
        if (i >= 16) {
            const uint64_t x = w[(i + 1) % 16], y = w[(i + 14) % 16];
            w[i % 16] += (turned(x, 1) ^ turned(x, 8) ^ x >> 7) + w[(i + 9) % 16]
                + (turned(y, 19) ^ turned(y, 61) ^ y >> 6);
        }
        const uint64_t one = h + (turned(e, 14) ^ turned(e, 18) ^ turned(e, 41))
            + ((e & f) ^ (~e & g)) + K[i] + w[i % 16];
        const uint64_t two =
            (turned(a, 28) ^ turned(a, 34) ^ turned(a, 39)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + one;
        d = c;
        c = b;
        b = a;
        a = one + two;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
    hash[5] += f;
    hash[6] += g;
    hash[7] += h;
}

void sha512_init(sha512_state *state)
{
    memset(state, 0, sizeof *state);
    memcpy(state->hash, START, sizeof state->hash);
}

void sha512_add(sha512_state *state, const uint8_t *bytes, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        state->block[state->taken % SHA512_BLOCK] = bytes[i];
        state->taken++;
        if (state->taken % SHA512_BLOCK == 0u) {
            take_block(state->hash, state->block);
        }
    }
}

void sha512_end(sha512_state *state, uint8_t out[SHA512_BYTES])
{
    static const uint8_t one = 0x80, zero = 0;
    uint64_t bits = 8u * state->taken; /* of less than 2^61 bytes */
    uint8_t length[16] = {0};
    sha512_add(state, &one, 1);
    while (state->taken % SHA512_BLOCK != SHA512_BLOCK - sizeof length) {
        sha512_add(state, &zero, 1);
    }
    for (int32_t i = 15; i >= 8; i--) {
        length[i] = (uint8_t)(bits & 255u);
        bits >>= 8;
    }
    sha512_add(state, length, (int32_t)sizeof length);
    for (int32_t i = 0; i < SHA512_BYTES; i++) {
        out[i] = (uint8_t)(state->hash[i / 8] >> (56 - 8 * (i % 8)) & 255u);
    }
}

/* SPDX-License-Identifier: MIT
 *
 * elementary: log, exp and power as polynomials of our own, so that host and hand compute the same
 * bits. The C library's logf and expf differ between glibc and newlib; + - * / and sqrt do not.
 */
#ifndef ENDPLATE_CORE_ELEMENTARY_H
#define ENDPLATE_CORE_ELEMENTARY_H

#include "sizes.h"

/* A float and its bits (IEEE 754 binary32); C11 allows writing one member and reading the other. */
typedef union elementary_bits {
    float value;
    uint32_t bits;
} elementary_bits;

/* x > 0, else returns -126; relative error < 3e-7 over the normal floats. */
float elementary_log2(float x);
float elementary_exp2(float x);           /* clamped to [-126, 126] */
float elementary_power(float x, float p); /* x^p for x >= 0; x^1 is x itself, to the bit */
int32_t elementary_finite(float x);       /* 1, or 0 for a NaN or an infinity */

#endif

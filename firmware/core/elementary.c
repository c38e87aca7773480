/* SPDX-License-Identifier: MIT */
#include "elementary.h"

static const float SMALLEST_NORMAL = 1.17549435e-38f;
static const float SQRT_2 = 1.41421356f;

float elementary_log2(float x) {
    if (!(x >= SMALLEST_NORMAL)) return -126.0f; /* 0, negative, subnormal, NaN */
    elementary_bits m = {x};
    int32_t exponent = (int32_t)(m.bits >> 23) - 127;
    m.bits = (m.bits & 0x007FFFFFu) | 0x3F800000u; /* 1 <= m < 2 */
    if (m.value > SQRT_2) {
        m.value *= 0.5f;
        exponent += 1;
    }
    /* ln m = 2 atanh(s), abs(s) <= 0.172: five terms of the series leave 2e-9. */
    const float f = m.value - 1.0f;
    const float s = f / (m.value + 1.0f);
    const float z = s * s;
    float series = 1.0f / 9.0f;
    series = series * z + 1.0f / 7.0f;
    series = series * z + 1.0f / 5.0f;
    series = series * z + 1.0f / 3.0f;
    series = series * z;
    const float TWO_OVER_LN_2 = 2.88539008f;
    const float lead = s * TWO_OVER_LN_2;
    return (float)exponent + (lead + lead * series);
}

float elementary_exp2(float x) {
    if (!(x > -126.0f)) x = -126.0f; /* also NaN */
    if (x > 126.0f) x = 126.0f;
    const int32_t whole = (int32_t)(x + (x < 0.0f ? -0.5f : 0.5f));
    const float t = (x - (float)whole) * 0.693147181f; /* abs(t) <= 0.347 */
    /* e^t: eight terms of the series leave 5e-9. */
    float series = 1.0f / 5040.0f;
    series = series * t + 1.0f / 720.0f;
    series = series * t + 1.0f / 120.0f;
    series = series * t + 1.0f / 24.0f;
    series = series * t + 1.0f / 6.0f;
    series = series * t + 0.5f;
    series = series * t + 1.0f;
    series = series * t + 1.0f;
    elementary_bits scale = {0.0f};
    scale.bits = (uint32_t)(whole + 127) << 23;
    return series * scale.value;
}

float elementary_power(float x, float p) {
    if (p == 1.0f) return x;
    if (p == 0.0f) return 1.0f;
    if (!(x > 0.0f)) return 0.0f;
    return elementary_exp2(p * elementary_log2(x));
}

int32_t elementary_finite(float x) { return x - x == 0.0f; }

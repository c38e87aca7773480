/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * counted: the emulator's timer as a count of instructions (qemu -icount shift=10: an instruction is
 * 1024 ns of it), for programs that say what something costs as one line of JSON, which begins here
 * with `known`: the microseconds of a stretch of COUNTED_KNOWN instructions.
 */
#ifndef ENDPLATE_TESTS_COUNTED_H
#define ENDPLATE_TESTS_COUNTED_H

#include "replay_files.h"
#include "stm32f405.h"

enum { COUNTED_KNOWN = 400000, COUNTED_MHZ = 1000000000 / 1000000 };

static void say(const char *name, uint32_t value)
{
    replay_say(name);
    replay_say_number(value);
}

static void counted_begin(void)
{
    TIM2_PSC = COUNTED_MHZ - 1;
    TIM2_EGR = TIM_UG;
    TIM2_CR1 = TIM_CEN;
    const uint32_t before = TIM2_CNT;
    uint32_t turns = COUNTED_KNOWN / 2;
    __asm volatile("1: subs %0, #1\n bne 1b" : "+r"(turns)::"cc");
    say("{\"known\": ", TIM2_CNT - before);
}

#endif

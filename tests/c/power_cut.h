/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * power_cut: cells of flash in RAM whose power goes at an operation that is chosen, in one of WAYS ways:
 * nothing of the operation was done, half of it, some bits of it by chance, all of it. For the programs
 * *_cuts.c, which say where the cells lie; each is one file, so everything here is static. The tactor is
 * on whenever an operation begins, and has to be off when an erase does.
 */
#ifndef ENDPLATE_POWER_CUT_H
#define ENDPLATE_POWER_CUT_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

#define MUST(holds)                                            \
    do {                                                       \
        if (!(holds)) {                                        \
            printf("failed: line %d: %s\n", __LINE__, #holds); \
            printf("history %d, cut %d, way %d\n", history, power.cut, power.way); \
            exit(1);                                           \
        }                                                      \
    } while (0)

enum { WAYS = 4, NEVER = 0 };

static struct {
    int cut, way, done; /* power goes at operation number `cut` */
    int unnoticed;      /* 1: programming says it worked, whatever it did */
    int erases;
    jmp_buf off;
} power;

static int history; /* what was done with the flash before; 0 where that does not vary */
static uint64_t seed = 1;
static int tactor = 255;

static uint32_t chance(void) /* splitmix64 */
{
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

void board_tactor(uint8_t level)
{
    tactor = level;
}

/* Programs a word; `stuck`: it takes no bit. What board_flash_program returns. */
static int32_t power_program(uint8_t *at, uint32_t word, int stuck)
{
    const int cut = ++power.done == power.cut;
    const uint32_t bits[WAYS] = {0, 0xFFFFu, chance(), 0xFFFFFFFFu};
    uint32_t now;
    memcpy(&now, at, 4);
    if (!stuck) now &= word | ~(cut ? bits[power.way] : 0xFFFFFFFFu);
    memcpy(at, &now, 4);
    if (cut) longjmp(power.off, 1);
    return power.unnoticed || now == word;
}

static int32_t power_erase(uint8_t *from, int32_t n)
{
    MUST(tactor == 0);
    tactor = 255;
    power.erases++;
    const int cut = ++power.done == power.cut;
    for (int32_t i = 0; i < n; i++) {
        const uint32_t bits[WAYS] = {0, i < n / 2 + 2 ? 255u : 0u, chance(), 255u};
        from[i] |= (uint8_t)(cut ? bits[power.way] : 255u);
    }
    if (cut) longjmp(power.off, 1);
    return 1;
}

#endif

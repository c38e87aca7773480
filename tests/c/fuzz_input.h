/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_input: what the harnesses of the application share: the input, byte by byte, and the check of
 * what must hold. Each harness is one program; everything here is static.
 */
#ifndef ENDPLATE_FUZZ_INPUT_H
#define ENDPLATE_FUZZ_INPUT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static const uint8_t *at;
static size_t left;

static void ask(int holds, const char *what, const char *file, int line)
{
    if (holds) return;
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}
#define must(holds) ask((holds), #holds, __FILE__, __LINE__)

/* 0 behind the end. */
static uint8_t byte(void)
{
    if (left == 0) return 0;
    left--;
    return *at++;
}

#endif

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "wire_vectors.h"

int main(void)
{
    const char *failed = "";
    const int32_t passed = wire_vectors_replay(&failed);
    if (passed < 0) {
        printf("failed: %s\n", failed);
        return 1;
    }
    printf("passed: %ld\n", (long)passed);
    return 0;
}

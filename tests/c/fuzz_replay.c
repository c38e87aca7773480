/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_replay: runs a harness of libFuzzer over the files named, without libFuzzer: any compiler
 * will do.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 16 };

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return 2;
        }
        /* exactly as large as the input, so that a byte too far is seen */
        uint8_t *bytes = malloc(MOST);
        const size_t n = bytes ? fread(bytes, 1, MOST, file) : 0;
        fclose(file);
        uint8_t *input = bytes ? realloc(bytes, n ? n : 1) : NULL;
        if (!input) return 2;
        fprintf(stderr, "%s\n", argv[i]);
        (void)LLVMFuzzerTestOneInput(input, n);
        free(input);
    }
    printf("%d files\n", argc - 1);
    return 0;
}

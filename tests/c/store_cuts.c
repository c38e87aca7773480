/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * store_cuts: store.c on flash in RAM that loses power at every single operation, in four ways:
 * nothing of the operation was done, half of it, some bits of it by chance, all of it. After each:
 * what is kept is the old row or the new one, and the next save works. Also: cells that do not take
 * a bit, and every single bit of a record turned over. Prints one line of counts, or the line of the
 * first check that fails.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "store.h"

#define MUST(holds)                                            \
    do {                                                       \
        if (!(holds)) {                                        \
            printf("failed: line %d: %s\n", __LINE__, #holds); \
            printf("history %d, cut %d, way %d\n", history, chip.cut, chip.way); \
            exit(1);                                           \
        }                                                      \
    } while (0)

enum { PLACES = 4, SECTOR = PLACES * STORE_BYTES, COUNT = 11, FORMAT = 77, WAYS = 4, NEVER = 0 };

static struct {
    uint8_t bytes[STORE_SECTORS][SECTOR];
    int cut, way, done; /* power goes at operation number `cut` */
    int stuck_sector;   /* words of this sector lose no bit; -1: all work. 2: both sectors */
    int unnoticed;      /* 1: programming says it worked, whatever it did */
    int erases;
    jmp_buf off;
} chip;

static int history;
static uint64_t seed = 1;

static uint32_t chance(void) /* splitmix64 */
{
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

/* What the tactor is driven with; it is on whenever an operation begins. */
static int tactor = 255;

void board_tactor(uint8_t level)
{
    tactor = level;
}

int32_t board_flash_bytes(void)
{
    return SECTOR;
}

void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    memcpy(bytes, chip.bytes[sector] + at, (size_t)n);
}

/* Which bits of the operation happen: all when power stays. */
static uint32_t bits_done(int cut)
{
    const uint32_t by_way[WAYS] = {0, 0xFFFFu, chance(), 0xFFFFFFFFu};
    return cut ? by_way[chip.way] : 0xFFFFFFFFu;
}

int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    const int cut = ++chip.done == chip.cut;
    uint32_t now;
    MUST(sector >= 0 && sector < STORE_SECTORS && at >= 0 && at % 4 == 0 && at < SECTOR);
    memcpy(&now, chip.bytes[sector] + at, 4);
    if (chip.stuck_sector != sector && chip.stuck_sector != STORE_SECTORS) {
        now &= word | ~bits_done(cut);
    }
    memcpy(chip.bytes[sector] + at, &now, 4);
    if (cut) longjmp(chip.off, 1);
    return chip.unnoticed || now == word;
}

int32_t board_flash_erase(int32_t sector)
{
    MUST(tactor == 0);
    tactor = 255;
    const int cut = ++chip.done == chip.cut;
    MUST(sector >= 0 && sector < STORE_SECTORS);
    chip.erases++;
    for (int32_t i = 0; i < SECTOR; i++) {
        const int half = chip.way == 1 && i >= SECTOR / 2 + 2;
        const uint32_t bits = chip.way == 1 ? (half ? 0u : 255u) : bits_done(cut);
        chip.bytes[sector][i] |= (uint8_t)(cut ? bits : 255u);
    }
    if (cut) longjmp(chip.off, 1);
    return 1;
}

static void fill(int32_t *row, int32_t which)
{
    for (int32_t i = 0; i < COUNT; i++) row[i] = which * 1000 - i * 7;
}

static int32_t holds(const int32_t *row, int32_t which)
{
    int32_t wanted[COUNT];
    fill(wanted, which);
    return memcmp(row, wanted, sizeof wanted) == 0;
}

/* A boot: opens the store; which row it holds (0: none), -1 for one that nobody wrote. */
static int32_t boot(store_state *store)
{
    int32_t row[COUNT];
    const int32_t found = store_open(store, BOARD_PARAMS, FORMAT, row, COUNT);
    store_make_room(store);
    MUST(found == STORE_BLANK || found == STORE_KEPT || found == STORE_OLDER);
    if (found == STORE_BLANK) return 0;
    for (int32_t which = 1; which < 99; which++) {
        if (holds(row, which)) return which;
    }
    return -1;
}

static int32_t save(store_state *store, int32_t which)
{
    int32_t row[COUNT];
    fill(row, which);
    return store_write(store, FORMAT, row, COUNT);
}

/* An empty chip on which 1 .. history were saved, one boot each. */
static void prepare(void)
{
    store_state store;
    memset(chip.bytes, 0xFF, sizeof chip.bytes);
    chip.cut = NEVER;
    chip.stuck_sector = -1;
    chip.unnoticed = 0;
    for (int32_t which = 1; which <= history; which++) {
        MUST(boot(&store) == which - 1 && store.found != STORE_OLDER);
        MUST(save(&store, which) == STORE_OK && store.found == STORE_KEPT);
    }
}

static unsigned long points, old_kept, new_kept, erase_points;

/* Boot and save of `which` with power going at operation `cut`; 1 when it went. */
static int32_t interrupted(int cut, int32_t which)
{
    static store_state store;
    chip.cut = cut;
    chip.done = 0;
    if (setjmp(chip.off) != 0) {
        chip.cut = NEVER;
        return 1;
    }
    (void)boot(&store);
    MUST(save(&store, which) == STORE_OK);
    chip.cut = NEVER;
    return 0;
}

/* Boots and saves `history` + 1 with power going at operation `cut`; 0 when it was not reached. */
static int32_t cut_once(int cut)
{
    store_state store;
    prepare();
    const int erases = chip.erases;
    if (!interrupted(cut, history + 1)) return 0;
    erase_points += chip.erases != erases;
    const int32_t held = boot(&store);
    MUST(held == history || held == history + 1);
    *(held == history ? &old_kept : &new_kept) += 1;
    points++;
    MUST(boot(&store) == held);
    MUST(save(&store, 50) == STORE_OK);
    MUST(boot(&store) == 50 && store.found == STORE_KEPT);
    MUST(save(&store, 51) == STORE_OK && boot(&store) == 51);
    return 1;
}

/* The same, and power goes a second time in the boot and save that follow. */
static void cut_twice(int cut)
{
    for (int second = 1; second < 4; second++) {
        store_state store;
        prepare();
        if (!interrupted(cut, history + 1) || !interrupted(second, 50)) return;
        const int32_t held = boot(&store);
        points++;
        MUST(held == history || held == history + 1 || held == 50);
        MUST(save(&store, 51) == STORE_OK && boot(&store) == 51);
    }
}

static void cells(void)
{
    store_state store;
    for (history = 1; history < 2 * PLACES; history++) {
        prepare();
        MUST(boot(&store) == history);
        chip.stuck_sector = store.sector;
        MUST(save(&store, 20) == STORE_OK); /* in the other one */
        MUST(boot(&store) == 20);
        prepare();
        MUST(boot(&store) == history);
        chip.stuck_sector = STORE_SECTORS;
        for (chip.unnoticed = 0; chip.unnoticed < 2; chip.unnoticed++) {
            MUST(save(&store, 20) == STORE_NOT_KEPT && store.found == STORE_KEPT);
            MUST(boot(&store) == history);
        }
    }
    history = 0;
    prepare();
    MUST(boot(&store) == 0);
    chip.stuck_sector = STORE_SECTORS;
    MUST(save(&store, 20) == STORE_NOT_KEPT && boot(&store) == 0);
}

/* Every bit of a record: alone it is damage, with an older one that one counts, behind a newer one
 * nobody misses it. */
static unsigned long turned(void)
{
    unsigned long n = 0;
    for (int32_t bit = 0; bit < 8 * (STORE_BYTES - 4); bit++, n++) {
        store_state store;
        int32_t row[COUNT] = {0}, found;
        history = 1;
        prepare();
        chip.bytes[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
        MUST(store_open(&store, BOARD_PARAMS, FORMAT, row, COUNT) == STORE_DAMAGED && row[0] == 0);
        MUST(save(&store, 9) == STORE_OK && boot(&store) == 9 && store.found == STORE_KEPT);

        history = PLACES + 1; /* the newest alone in the second sector */
        prepare();
        MUST(boot(&store) == history);
        const int32_t sector = store.sector;
        chip.bytes[sector][bit / 8] ^= (uint8_t)(1 << bit % 8);
        found = store_open(&store, BOARD_PARAMS, FORMAT, row, COUNT);
        MUST(found == STORE_OLDER && holds(row, history - 1));
        MUST(save(&store, 9) == STORE_OK && boot(&store) == 9);

        history = 3; /* an older one */
        prepare();
        chip.bytes[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
        MUST(boot(&store) == 3 && store.found == STORE_KEPT);
    }
    return n;
}

static void formats(void)
{
    store_state store;
    int32_t row[STORE_VALUES + 1] = {5};
    history = 1;
    prepare();
    MUST(store_open(&store, BOARD_PARAMS, FORMAT + 1, row, COUNT) == STORE_OTHER && row[0] == 5);
    MUST(store_open(&store, BOARD_PARAMS, FORMAT, row, COUNT - 1) == STORE_OTHER && row[0] == 5);
    MUST(store_write(&store, FORMAT, row, STORE_VALUES + 1) == STORE_BAD_ARGUMENT);
    MUST(store_write(&store, FORMAT, row, STORE_VALUES) == STORE_OK);
    MUST(store_open(&store, BOARD_PARAMS, FORMAT, row, STORE_VALUES) == STORE_KEPT && row[0] == 5);
    memset(chip.bytes, 0x5A, sizeof chip.bytes);
    MUST(store_open(&store, BOARD_PARAMS, FORMAT, row, COUNT) == STORE_DAMAGED);
    for (int32_t which = 1; which < 3 * PLACES; which++) { /* nothing is left of the damage */
        MUST(save(&store, which) == STORE_OK);
        MUST(boot(&store) == which && store.found == STORE_KEPT);
    }
    MUST(store_crc(0, (const uint8_t *)"123456789", 9) == 0xE3069283u);
}

int main(void)
{
    formats(); /* the quick ones first */
    cells();
    const unsigned long bits = turned();
    for (history = 0; history <= 2 * PLACES + 2; history++) {
        for (chip.way = 0; chip.way < WAYS; chip.way++) {
            int cut = 1;
            for (; cut_once(cut); cut++) cut_twice(cut);
            MUST(cut > STORE_WORDS);
        }
    }
    printf("{\"cuts\": %lu, \"old\": %lu, \"new\": %lu, \"erasing\": %lu, \"bits\": %lu}\n",
           points, old_kept, new_kept, erase_points, bits);
    return 0;
}

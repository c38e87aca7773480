/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * store_cuts: store.c on flash in RAM that loses power at every single operation, in four ways:
 * nothing of the operation was done, half of it, some bits of it by chance, all of it. After each:
 * what is kept is the old row or the new one, and the next save works. Also: cells that do not take
 * a bit, and every single bit of a record turned over. Prints one line of counts, or the line of the
 * first check that fails.
 */
#include "power_cut.h"
#include "store.h"

enum { PLACES = 4, SECTOR = PLACES * STORE_BYTES, COUNT = 11, FORMAT = 77 };

static struct {
    uint8_t bytes[STORE_SECTORS][SECTOR];
    int stuck_sector; /* words of this sector lose no bit; -1: all work. 2: both sectors */
} chip;

int32_t board_flash_bytes(void)
{
    return SECTOR;
}

void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    memcpy(bytes, chip.bytes[sector] + at, (size_t)n);
}

int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    MUST(sector >= 0 && sector < STORE_SECTORS && at >= 0 && at % 4 == 0 && at < SECTOR);
    return power_program(chip.bytes[sector] + at, word,
                         chip.stuck_sector == sector || chip.stuck_sector == STORE_SECTORS);
}

int32_t board_flash_erase(int32_t sector)
{
    MUST(sector >= 0 && sector < STORE_SECTORS);
    return power_erase(chip.bytes[sector], SECTOR);
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
    power.cut = NEVER;
    chip.stuck_sector = -1;
    power.unnoticed = 0;
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
    power.cut = cut;
    power.done = 0;
    if (setjmp(power.off) != 0) {
        power.cut = NEVER;
        return 1;
    }
    (void)boot(&store);
    MUST(save(&store, which) == STORE_OK);
    power.cut = NEVER;
    return 0;
}

/* Boots and saves `history` + 1 with power going at operation `cut`; 0 when it was not reached. */
static int32_t cut_once(int cut)
{
    store_state store;
    prepare();
    const int erases = power.erases;
    if (!interrupted(cut, history + 1)) return 0;
    erase_points += power.erases != erases;
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
        for (power.unnoticed = 0; power.unnoticed < 2; power.unnoticed++) {
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
        for (power.way = 0; power.way < WAYS; power.way++) {
            int cut = 1;
            for (; cut_once(cut); cut++) cut_twice(cut);
            MUST(cut > STORE_WORDS);
        }
    }
    printf("{\"cuts\": %lu, \"old\": %lu, \"new\": %lu, \"erasing\": %lu, \"bits\": %lu}\n",
           points, old_kept, new_kept, erase_points, bits);
    return 0;
}

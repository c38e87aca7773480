/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * slot_cuts: slot.c on flash in RAM that loses power at every single operation of a change, in four
 * ways: nothing of it was done, half of it, some bits by chance, all of it. After each, what is kept
 * is the old set of parts or the new one, and the next change works. Also: cells that do not take a
 * bit, and every single bit of a slot turned over. Prints one line of counts, or the line of the
 * first check that fails.
 */
#include "power_cut.h"
#include "slot.h"
#include "store.h"

enum { SECTOR = 512, LONGEST = 48 };

static struct {
    uint8_t bytes[SLOTS][SECTOR];
    int stuck; /* words of this slot lose no bit; -1: all work */
} chip;

int32_t board_flash_bytes(void)
{
    return 0;
}

int32_t board_flash_slot_bytes(void)
{
    return SECTOR;
}

void board_watchdog_feed(void)
{
}

void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    MUST(sector >= BOARD_FLASH_SLOTS && at >= 0 && at + n <= SECTOR);
    memcpy(bytes, chip.bytes[sector - BOARD_FLASH_SLOTS] + at, (size_t)n);
}

int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    const int32_t slot = sector - BOARD_FLASH_SLOTS;
    uint32_t now;
    MUST(slot >= 0 && slot < SLOTS && at >= 0 && at % 4 == 0 && at < SECTOR);
    memcpy(&now, chip.bytes[slot] + at, 4);
    MUST(now == 0xFFFFFFFFu || chip.stuck >= 0); /* never over what stands there */
    return power_program(chip.bytes[slot] + at, word, chip.stuck == slot);
}

int32_t board_flash_erase(int32_t sector)
{
    const int32_t slot = sector - BOARD_FLASH_SLOTS;
    MUST(slot >= 0 && slot < SLOTS);
    return power_erase(chip.bytes[slot], SECTOR);
}

static uint32_t fill(uint8_t *bytes, int32_t which)
{
    const uint32_t size = 5u + (uint32_t)(which * 7 % 40);
    memset(bytes, 0xFF, LONGEST);
    for (uint32_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 31u + (uint32_t)which * 17u);
    return size;
}

static int32_t change(slot_state *slots, int32_t which)
{
    uint8_t bytes[LONGEST];
    slot_part what;
    what.size = fill(bytes, which);
    what.hash = store_crc(0, bytes, (int32_t)what.size);
    return slot_write(slots, which % SLOT_PARTS, what, bytes, -1);
}

/* Whether the parts are those after changes 1 .. n. */
static int32_t holds(const slot_state *slots, int32_t n)
{
    for (int32_t p = 0; p < SLOT_PARTS; p++) {
        uint8_t wanted[LONGEST], got[LONGEST];
        int32_t which = n;
        while (which > 0 && which % SLOT_PARTS != p) which--;
        const uint32_t size = which > 0 ? fill(wanted, which) : 0u;
        if (slots->part[p].size != size) return 0;
        slot_read(slots, p, got);
        if (size > 0 && memcmp(wanted, got, size) != 0) return 0;
        if (size > 0 && slots->part[p].hash != store_crc(0, wanted, (int32_t)size)) return 0;
    }
    return 1;
}

static void prepare(void)
{
    slot_state slots;
    memset(chip.bytes, 0xFF, sizeof chip.bytes);
    power.cut = NEVER;
    chip.stuck = -1;
    power.unnoticed = 0;
    for (int32_t which = 1; which <= history; which++) {
        slot_open(&slots);
        MUST(holds(&slots, which - 1) && !slots.damaged);
        MUST(change(&slots, which) == SLOT_OK && holds(&slots, which));
    }
}

static int32_t interrupted(int cut, int32_t which)
{
    static slot_state slots;
    power.cut = cut;
    power.done = 0;
    if (setjmp(power.off) != 0) {
        power.cut = NEVER;
        return 1;
    }
    slot_open(&slots);
    MUST(change(&slots, which) == SLOT_OK);
    power.cut = NEVER;
    return 0;
}

static unsigned long points, old_kept, new_kept;

static int32_t cut_once(int cut)
{
    slot_state slots;
    prepare();
    if (!interrupted(cut, history + 1)) return 0;
    slot_open(&slots);
    const int32_t is_new = holds(&slots, history + 1);
    MUST(is_new || holds(&slots, history));
    *(is_new ? &new_kept : &old_kept) += 1;
    points++;
    const int32_t next = is_new ? history + 2 : history + 1;
    MUST(change(&slots, next) == SLOT_OK);
    slot_open(&slots);
    MUST(holds(&slots, next) && !slots.damaged);
    return 1;
}

/* Power goes a second time in the change that follows. */
static void cut_twice(int cut)
{
    for (int second = 1; second < 12; second++) {
        slot_state slots;
        prepare();
        if (!interrupted(cut, history + 1)) return;
        slot_open(&slots);
        const int32_t held = holds(&slots, history + 1) ? history + 1 : history;
        if (!interrupted(second, held + 1)) return;
        slot_open(&slots);
        points++;
        MUST(holds(&slots, held) || holds(&slots, held + 1));
    }
}

static void cells(void)
{
    slot_state slots;
    for (history = 1; history < 5; history++) {
        for (power.unnoticed = 0; power.unnoticed < 2; power.unnoticed++) {
            const int unnoticed = power.unnoticed;
            prepare();
            slot_open(&slots);
            power.unnoticed = unnoticed;
            chip.stuck = 1 - slots.slot;
            MUST(change(&slots, history + 1) == SLOT_NOT_KEPT && holds(&slots, history));
            slot_open(&slots);
            MUST(holds(&slots, history));
            power.unnoticed = unnoticed;
        }
    }
}

/* Every bit of the slot in use: with an older one that one counts, alone nothing does. */
static unsigned long turned(void)
{
    unsigned long n = 0;
    for (history = 1; history < 3; history++) {
        prepare();
        slot_state slots;
        slot_open(&slots);
        const int32_t slot = slots.slot;
        int32_t end = SLOT_HEADER;
        for (int32_t p = 0; p < SLOT_PARTS; p++) end += (int32_t)((slots.part[p].size + 3u) & ~3u);
        for (int32_t bit = 0; bit < 8 * end; bit++, n++) {
            chip.bytes[slot][bit / 8] ^= (uint8_t)(1 << bit % 8);
            slot_open(&slots);
            MUST(holds(&slots, history - 1));
            MUST(slots.damaged == (bit >= 32)); /* without its magic it is one that was cut short */
            chip.bytes[slot][bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        slot_open(&slots);
        MUST(holds(&slots, history));
    }
    return n;
}

static void sizes(void)
{
    slot_state slots;
    uint8_t bytes[SECTOR] = {0};
    history = 3;
    prepare();
    slot_open(&slots);
    MUST(slot_write(&slots, 0, (slot_part){SECTOR, 1}, bytes, -1) == SLOT_NOT_KEPT);
    MUST(slot_write(&slots, 0, (slot_part){0xFFFFFFFFu, 1}, bytes, -1) == SLOT_NOT_KEPT);
    MUST(holds(&slots, history));
    MUST(slot_write(&slots, 0, (slot_part){4, 7}, bytes, 1) == SLOT_OK);
    slot_open(&slots);
    MUST(slots.part[0].hash == 7 && slots.part[1].size == 0 && slots.part[2].size > 0);
}

int main(void)
{
    sizes();
    cells();
    const unsigned long bits = turned();
    for (history = 0; history <= 6; history++) {
        for (power.way = 0; power.way < WAYS; power.way++) {
            int cut = 1;
            for (; cut_once(cut); cut++) cut_twice(cut);
            MUST(cut > 10);
        }
    }
    printf("{\"cuts\": %lu, \"old\": %lu, \"new\": %lu, \"bits\": %lu}\n", points, old_kept,
           new_kept, bits);
    return 0;
}

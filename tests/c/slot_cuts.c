/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * slot_cuts: slot.c on flash in RAM that loses power at every single operation of a change (erasure,
 * words of the new part, the others behind it, header), in four ways: nothing of it was done, half of
 * it, some bits by chance, all of it. After each, what is kept is the old set of parts or the new one,
 * and the next change works. Also: cells that do not take a bit, one or all; uploads that are given
 * up; sizes and places that cannot be; and every single bit of a slot turned over. Prints one line of
 * counts, or the line of the first check that fails.
 */
#include "power_cut.h"
#include "slot.h"
#include "store.h"

enum { SECTOR = 512, LONGEST = 48, ALL = SECTOR };

static struct {
    _Alignas(4) uint8_t bytes[SLOTS][SECTOR];
    int stuck; /* the slot of cells that lose no bit; -1: all work */
    int word;  /* the one of them; ALL: every one */
    int none;  /* 1: there is no such flash */
} chip;

int32_t board_flash_bytes(void)
{
    return 0;
}

int32_t board_flash_slot_bytes(void)
{
    return chip.none ? 0 : SECTOR;
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
    return power_program(chip.bytes[slot] + at, word,
                         chip.stuck == slot && (chip.word == ALL || chip.word == at / 4));
}

int32_t board_flash_erase(int32_t sector)
{
    const int32_t slot = sector - BOARD_FLASH_SLOTS;
    MUST(slot >= 0 && slot < SLOTS);
    return power_erase(chip.bytes[slot], SECTOR);
}

const uint8_t *board_flash_at(int32_t sector)
{
    const int32_t slot = sector - BOARD_FLASH_SLOTS;
    MUST(slot >= 0 && slot < SLOTS);
    return chip.bytes[slot];
}

static uint32_t padded(uint32_t size)
{
    return (size + 3u) & ~3u;
}

static uint32_t fill(uint8_t *bytes, int32_t which)
{
    const uint32_t size = 5u + (uint32_t)(which * 7 % 40);
    memset(bytes, 0xFF, LONGEST);
    for (uint32_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i * 31u + (uint32_t)which * 17u);
    return size;
}

/* Whether the parts are those after changes 1 .. n. */
static int32_t holds(const slot_state *slots, int32_t n)
{
    for (int32_t p = 0; p < SLOT_PARTS; p++) {
        uint8_t wanted[LONGEST];
        int32_t which = n;
        while (which > 0 && which % SLOT_PARTS != p) which--;
        const uint32_t size = which > 0 ? fill(wanted, which) : 0u;
        if (slots->part[p].size != size) return 0;
        if (size > 0 && memcmp(wanted, slot_bytes(slots, p), size) != 0) return 0;
        if (size > 0 && slots->part[p].hash != store_crc(0, wanted, (int32_t)size)) return 0;
    }
    return 1;
}

/* The first `words` words of an upload, from the erasure on. */
static int32_t put(const slot_state *slots, const uint8_t *bytes, uint32_t words)
{
    if (slot_begin(slots) != SLOT_OK) return SLOT_NOT_KEPT;
    for (uint32_t at = 0; at < 4u * words; at += 4u) {
        uint32_t word;
        memcpy(&word, bytes + at, 4);
        if (slot_put(slots, at, word) != SLOT_OK) return SLOT_NOT_KEPT;
    }
    return SLOT_OK;
}

static int32_t change(slot_state *slots, int32_t which)
{
    uint8_t bytes[LONGEST];
    slot_part what;
    what.size = fill(bytes, which);
    what.hash = store_crc(0, bytes, (int32_t)what.size);
    const int32_t all = put(slots, bytes, padded(what.size) / 4u);
    MUST(holds(slots, which - 1)); /* what is in use stands where it stood */
    if (all != SLOT_OK) return all;
    MUST(memcmp(slot_new(slots), bytes, what.size) == 0 || chip.stuck >= 0);
    return slot_finish(slots, which % SLOT_PARTS, what, -1);
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
    MUST(!slots.damaged); /* it was not finished: that is another thing */
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

/* The next change, with cells that do not take a bit; what is kept then. */
static int32_t tried(int word, int unnoticed)
{
    slot_state slots;
    prepare();
    slot_open(&slots);
    power.unnoticed = unnoticed;
    chip.stuck = 1 - slots.slot;
    chip.word = word;
    const int32_t kept = change(&slots, history + 1);
    MUST(holds(&slots, kept == SLOT_OK ? history + 1 : history));
    slot_open(&slots);
    MUST(holds(&slots, kept == SLOT_OK ? history + 1 : history));
    return kept;
}

/* All cells of a slot, and each alone. */
static unsigned long cells(void)
{
    unsigned long refused = 0;
    for (history = 1; history < 5; history++) {
        for (int unnoticed = 0; unnoticed < 2; unnoticed++) {
            MUST(tried(ALL, unnoticed) == SLOT_NOT_KEPT);
            for (int word = 0; word < SECTOR / 4; word++) {
                const int32_t kept = tried(word, unnoticed);
                refused += kept != SLOT_OK;
                MUST(kept != SLOT_OK || word >= SLOT_HEADER / 4); /* no word of it is all ones */
            }
        }
    }
    return refused;
}

/* An upload that somebody gives up, anywhere, is in nobody's way; an empty slot is not worn. */
static void given_up(void)
{
    uint8_t bytes[LONGEST];
    slot_state slots;
    for (history = 0; history < 4; history++) {
        for (uint32_t words = 0; words <= padded(fill(bytes, 9)) / 4u; words++) {
            prepare();
            slot_open(&slots);
            MUST(put(&slots, bytes, words) == SLOT_OK && holds(&slots, history));
            slot_open(&slots);
            MUST(holds(&slots, history) && !slots.damaged);
            const int erases = power.erases;
            MUST(slot_begin(&slots) == SLOT_OK && power.erases - erases == (words > 0));
            MUST(slot_begin(&slots) == SLOT_OK && power.erases - erases == (words > 0));
            MUST(change(&slots, history + 1) == SLOT_OK);
            slot_open(&slots);
            MUST(holds(&slots, history + 1) && !slots.damaged);
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
    static const uint8_t bytes[SECTOR] = {0};
    const uint32_t room = SECTOR - SLOT_HEADER;
    slot_state slots;
    history = 3;
    prepare();
    slot_open(&slots);
    MUST(put(&slots, bytes, room / 4u) == SLOT_OK); /* all of a slot, and not a word more */
    MUST(slot_put(&slots, room, 0) == SLOT_NOT_KEPT && slot_put(&slots, 2, 0) == SLOT_NOT_KEPT);
    MUST(slot_put(&slots, 0xFFFFFFFCu, 0) == SLOT_NOT_KEPT);
    MUST(slot_finish(&slots, 0, (slot_part){SECTOR, 1}, -1) == SLOT_NOT_KEPT);
    MUST(slot_finish(&slots, 0, (slot_part){0xFFFFFFFFu, 0}, -1) == SLOT_NOT_KEPT);
    const slot_part whole = {room, store_crc(0, bytes, (int32_t)room)}; /* the others stand behind */
    MUST(slot_finish(&slots, 0, whole, -1) == SLOT_NOT_KEPT && holds(&slots, history));
    slot_open(&slots);
    MUST(holds(&slots, history) && !slots.damaged);
    MUST(put(&slots, bytes, 1) == SLOT_OK);
    MUST(slot_finish(&slots, 0, (slot_part){4, 7}, 1) == SLOT_NOT_KEPT); /* that is not its hash */
    MUST(put(&slots, bytes, 1) == SLOT_OK);
    const slot_part what = {4, store_crc(0, bytes, 4)};
    MUST(slot_finish(&slots, 0, what, 1) == SLOT_OK);
    slot_open(&slots);
    MUST(slots.part[0].hash == what.hash && slots.part[1].size == 0 && slots.part[2].size > 0);
    chip.none = 1;
    MUST(slot_begin(&slots) == SLOT_NOT_KEPT);
    slot_open(&slots);
    MUST(slots.slot == -1 && slots.part[0].size == 0);
    chip.none = 0;
}

/* A slot whose sums fit, as another firmware may have left it: its parts lie where they can or it is
 * not used. */
static void places(void)
{
    static const struct { uint32_t size, place; int32_t good; } CASE[] = {
        {8, SLOT_HEADER, 1}, {8, SLOT_HEADER + 2, 0}, {8, SLOT_HEADER + 8, 1},
        {8, SLOT_HEADER + 12, 0}, {8, 0, 0},
        {8, SLOT_HEADER - 4, 0}, {8, SECTOR, 0}, {8, 0xFFFFFFF8u, 0}, {0, SLOT_HEADER, 1},
        {SECTOR, SLOT_HEADER, 0}, {0xFFFFFFFCu, SLOT_HEADER, 0},
    };
    history = 2;
    for (uint32_t n = 0; n < sizeof CASE / sizeof CASE[0]; n++) {
        uint32_t word[SLOT_HEADER / 4] = {0x544F4C53u, 99};
        slot_state slots;
        prepare();
        slot_open(&slots);
        uint8_t *to = chip.bytes[1 - slots.slot];
        for (int32_t p = 0; p < SLOT_PARTS; p++) word[3 + 3 * p + 2] = SLOT_HEADER;
        word[3] = CASE[n].size;
        word[5] = CASE[n].place;
        word[3 + 6] = 8;
        memset(to, 0, SECTOR);
        memcpy(to, word, sizeof word);
        const uint32_t first = CASE[n].size < SECTOR / 2 ? CASE[n].size : 0u;
        const int32_t end = SLOT_HEADER + 8 + (int32_t)first;
        word[2] = store_crc(store_crc(0, to + 4, 4), to + 12, end - 12);
        memcpy(to, word, sizeof word);
        slot_open(&slots);
        MUST(CASE[n].good ? slots.sequence == 99 && !slots.damaged
                          : holds(&slots, history) && slots.damaged);
    }
}

int main(void)
{
    chip.word = ALL;
    sizes();
    places();
    given_up();
    const unsigned long refused = cells();
    const unsigned long bits = turned();
    for (history = 0; history <= 6; history++) {
        for (power.way = 0; power.way < WAYS; power.way++) {
            int cut = 1;
            for (; cut_once(cut); cut++) cut_twice(cut);
            MUST(cut > 10);
        }
    }
    printf("{\"cuts\": %lu, \"old\": %lu, \"new\": %lu, \"bits\": %lu, \"cells\": %lu}\n", points,
           old_kept, new_kept, bits, refused);
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include "store.h"

#include "board.h"

#include <string.h>

enum { MAGIC, SEQUENCE, FORMAT, COUNT, VALUES, CRC = STORE_WORDS - 2, DONE = STORE_WORDS - 1 };

static const uint32_t RECORD = 0x50415245u; /* "ERAP" */
static const uint32_t ERASED = 0xFFFFFFFFu;
static const uint32_t FINISHED = 0x00000000u;

typedef struct record {
    uint32_t word[STORE_WORDS];
} record;

uint32_t store_crc(uint32_t crc, const uint8_t *bytes, int32_t n)
{
    /* of the 16 values that four bits can have */
    static const uint32_t BY_NIBBLE[16] = {
        0x00000000u, 0x105EC76Fu, 0x20BD8EDEu, 0x30E349B1u, 0x417B1DBCu, 0x5125DAD3u,
        0x61C69362u, 0x7198540Du, 0x82F63B78u, 0x92A8FC17u, 0xA24BB5A6u, 0xB21572C9u,
        0xC38D26C4u, 0xD3D3E1ABu, 0xE330A81Au, 0xF36E6F75u,
    };
    crc = ~crc;
    for (int32_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        crc = (crc >> 4) ^ BY_NIBBLE[crc & 15u];
        crc = (crc >> 4) ^ BY_NIBBLE[crc & 15u];
    }
    return ~crc;
}

static uint32_t crc_of(const record *one)
{
    return store_crc(0, (const uint8_t *)one->word, 4 * CRC);
}

static void read_record(const store_state *store, record *one, int32_t sector, int32_t place)
{
    board_flash_read(store->first + sector, place * STORE_BYTES, one->word, STORE_BYTES);
}

static int32_t blank(const record *one)
{
    for (int32_t i = 0; i < STORE_WORDS; i++) {
        if (one->word[i] != ERASED) {
            return 0;
        }
    }
    return 1;
}

static int32_t checks(const record *one)
{
    return one->word[MAGIC] == RECORD && one->word[COUNT] <= STORE_VALUES
        && one->word[CRC] == crc_of(one);
}

/* Not cut short: its writer went on after the CRC. */
static int32_t finished(const record *one)
{
    return one->word[DONE] != ERASED;
}

/* Places up to the last that is not blank. */
static int32_t used(const store_state *store, int32_t sector)
{
    record one;
    int32_t n = store->places;
    for (; n > 0; n--) {
        read_record(store, &one, sector, n - 1);
        if (!blank(&one)) {
            break;
        }
    }
    return n;
}

/* Whether a finished record that does not check stands where one newer than that at `place` may
 * have stood: behind it, or in the other sector when its own is full. */
static int32_t newer_is_bad(const store_state *store, int32_t place)
{
    record one;
    for (int32_t s = 0; s < STORE_SECTORS; s++) {
        const int32_t own = s == store->sector;
        for (int32_t p = own ? place + 1 : 0; p < store->places; p++) {
            read_record(store, &one, s, p);
            if ((own || store->next == store->places) && finished(&one) && !checks(&one)) {
                return 1;
            }
        }
    }
    return 0;
}

int32_t store_open(store_state *store, int32_t first, uint32_t format,
                   int32_t *values, int32_t count)
{
    record one;
    int32_t bad = 0, place = 0;
    memset(store, 0, sizeof *store);
    store->first = first;
    store->sector = -1;
    store->places = board_flash_bytes() / STORE_BYTES;
    for (int32_t s = 0; s < STORE_SECTORS; s++) {
        for (int32_t p = 0; p < store->places; p++) {
            read_record(store, &one, s, p);
            if (!checks(&one)) {
                bad |= finished(&one);
            } else if (store->sector < 0 || one.word[SEQUENCE] >= store->sequence) {
                store->sector = s;
                store->sequence = one.word[SEQUENCE];
                place = p;
            }
        }
    }
    if (store->sector < 0) {
        store->found = bad ? STORE_DAMAGED : STORE_BLANK;
        return store->found;
    }
    store->next = used(store, store->sector);
    read_record(store, &one, store->sector, place);
    if (one.word[FORMAT] != format || one.word[COUNT] != (uint32_t)count) {
        store->found = STORE_OTHER;
        return store->found;
    }
    for (int32_t i = 0; i < count; i++) {
        values[i] = (int32_t)one.word[VALUES + i];
    }
    store->found = newer_is_bad(store, place) ? STORE_OLDER : STORE_KEPT;
    return store->found;
}

int32_t store_erase(int32_t sector)
{
    board_tactor(0);
    return board_flash_erase(sector);
}

void store_make_room(const store_state *store)
{
    const int32_t spare = 1 - store->sector;
    if (store->sector >= 0 && store->next > store->places - store->places / 4
        && used(store, spare) > 0) {
        (void)store_erase(store->first + spare);
    }
}

/* One record into one place; 1 when it is there. */
static int32_t put(const store_state *store, const record *one, int32_t sector, int32_t place)
{
    record back;
    for (int32_t i = 0; i < DONE; i++) {
        if (!board_flash_program(store->first + sector, place * STORE_BYTES + 4 * i, one->word[i])) {
            return 0; /* and without `done`: it counts as cut short */
        }
    }
    read_record(store, &back, sector, place);
    if (memcmp(back.word, one->word, 4 * DONE) != 0) {
        return 0;
    }
    /* Says only that a CRC that does not fit is damage; the record is kept already. */
    (void)board_flash_program(store->first + sector, place * STORE_BYTES + 4 * DONE, FINISHED);
    return 1;
}

int32_t store_write(store_state *store, uint32_t format, const int32_t *values, int32_t count)
{
    record one;
    if (count < 0 || count > STORE_VALUES) {
        return STORE_BAD_ARGUMENT;
    }
    if (store->places == 0) {
        return STORE_NOT_KEPT;
    }
    memset(&one, 0xFF, sizeof one);
    one.word[MAGIC] = RECORD;
    one.word[SEQUENCE] = store->sequence + 1u;
    one.word[FORMAT] = format;
    one.word[COUNT] = (uint32_t)count;
    for (int32_t i = 0; i < count; i++) {
        one.word[VALUES + i] = (uint32_t)values[i];
    }
    one.word[CRC] = crc_of(&one);

    /* The sector in use first, then the other; with neither in use, both from their start. */
    const int32_t anew = store->sector < 0;
    for (int32_t turn = 0; turn < STORE_SECTORS; turn++) {
        const int32_t fresh = turn > 0 || anew;
        const int32_t sector = anew ? turn : turn > 0 ? 1 - store->sector : store->sector;
        int32_t place = fresh ? 0 : store->next;
        if (fresh && used(store, sector) > 0 && !store_erase(store->first + sector)) {
            continue;
        }
        for (int32_t last = place + STORE_TRIES; place < last && place < store->places; place++) {
            if (put(store, &one, sector, place)) {
                store->found = STORE_KEPT;
                store->sector = sector;
                store->next = place + 1;
                store->sequence++;
                if (anew && used(store, 1 - sector) > 0) { /* damaged, and not to be asked again */
                    (void)store_erase(store->first + 1 - sector);
                }
                return STORE_OK;
            }
        }
        if (!fresh) {
            store->next = place;
        }
    }
    return STORE_NOT_KEPT;
}

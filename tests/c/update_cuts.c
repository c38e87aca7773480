/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * update_cuts: update.c and boot.c on flash in RAM that loses power at any operation, in four ways
 * (store_cuts.c). Every image is a file, made and signed by the test.
 *
 *   update_cuts cuts OLD_A NEW_B        an update with power going once, then twice: what starts is
 *                                       the old image or the new one, whole, and the next update works
 *   update_cuts rollback OLD_A NEW_B    the new one never confirms: begun 3 times, cut anywhere
 *   update_cuts flips OLD_A NEW_B       every single bit turned over, with all CRCs put right
 *   update_cuts take OLD_A NEW          prints "STATUS FIELD SLOT": the verdict, and what starts then
 *   update_cuts ed25519                 lines "KEY SIGNATURE MESSAGE" in hex -> 1 or 0 each
 *   update_cuts sha512                  lines "PIECE MESSAGE" -> the digest in hex
 */
#include "power_cut.h"
#include "update.h"

enum { STORE = 2048, ROOM = 4096, SECTOR = 1024, HAND = 0x1234, CHUNK = 144 };

typedef struct file {
    uint8_t bytes[2 * ROOM];
    int32_t n;
} file;

static struct {
    uint8_t store[2][STORE];
    uint8_t slot[2][ROOM];
    int stuck; /* 1: no word takes a bit any more */
} chip;

static file old, new;
static int32_t running;
static update_state update;

/* ---- the board ---- */

static uint8_t *store(int32_t sector)
{
    MUST(sector >= BOARD_BOOT && sector < BOARD_BOOT + 2);
    return chip.store[sector - BOARD_BOOT];
}

int32_t board_flash_bytes(void) { return STORE; }
void board_flash_read(int32_t sector, int32_t at, void *bytes, int32_t n)
{
    memcpy(bytes, store(sector) + at, (size_t)n);
}
int32_t board_flash_program(int32_t sector, int32_t at, uint32_t word)
{
    return power_program(store(sector) + at, word, chip.stuck);
}
int32_t board_flash_erase(int32_t sector) { return power_erase(store(sector), STORE); }
int32_t board_image_slot(void) { return running; }
int32_t board_image_bytes(void) { return ROOM; }
void board_image_read(int32_t slot, int32_t at, void *bytes, int32_t n)
{
    MUST(slot >= 0 && slot < 2 && at >= 0 && at + n <= ROOM);
    memcpy(bytes, chip.slot[slot] + at, (size_t)n);
}
int32_t board_image_program(int32_t slot, int32_t at, uint32_t word)
{
    MUST(slot != running && at >= 0 && at < ROOM && at % 4 == 0);
    return power_program(chip.slot[slot] + at, word, chip.stuck);
}
int32_t board_image_sector(int32_t slot, int32_t at)
{
    (void)slot;
    return at % SECTOR == 0;
}
void board_watchdog_feed(void) {}
int32_t board_image_erase(int32_t slot, int32_t at)
{
    MUST(slot != running && at % SECTOR == 0);
    return power_erase(chip.slot[slot] + at, SECTOR);
}

/* ---- lives ---- */

static void load(file *one, const char *path)
{
    FILE *in = fopen(path, "rb");
    MUST(in != NULL);
    one->n = (int32_t)fread(one->bytes, 1, sizeof one->bytes, in);
    fclose(in);
}

static void fresh_chip(void)
{
    memset(&chip.store, 0xFF, sizeof chip.store);
    memset(&chip.slot, 0xFF, sizeof chip.slot);
    memcpy(chip.slot[0], old.bytes, (size_t)old.n);
    power.cut = NEVER;
    chip.stuck = 0;
}

/* Reset: the slot that starts, whose image has to be whole. */
static int32_t boot(void)
{
    static const uint8_t version[3] = {0, 0, 0};
    boot_state state;
    running = BOOT_NONE;
    const int32_t slot = boot_choose(&state);
    MUST(slot == 0 || slot == 1);
    const file *wanted = slot == 0 ? &old : &new;
    MUST(memcmp(chip.slot[slot], wanted->bytes, (size_t)wanted->n) == 0);
    running = slot;
    update_init(&update, version);
    MUST(update.running == slot && update.bytes == wanted->n);
    MUST(update.hash == store_crc(0, wanted->bytes, wanted->n));
    return slot;
}

/* Sends an image; the first status that is not OK, or COMMIT's. */
static int32_t send(const file *one)
{
    const uint32_t hash = store_crc(0, one->bytes, one->n);
    int32_t status = update_begin(&update, (uint32_t)one->n, hash);
    for (int32_t at = 0; at < one->n && status == UPDATE_OK; at += CHUNK) {
        const int32_t n = one->n - at < CHUNK ? one->n - at : CHUNK;
        status = update_chunk(&update, (uint32_t)at, one->bytes + at, n, HAND);
    }
    return status == UPDATE_OK ? update_commit(&update, hash) : status;
}

/* An update from boot to confirmation with power going at operation `cut`; 1 when it went. What was
 * answered before is in `committed`. */
static int32_t committed;
static int32_t interrupted(int cut, int32_t confirms)
{
    power.cut = cut;
    power.done = 0;
    committed = 0;
    if (setjmp(power.off) != 0) {
        power.cut = NEVER;
        return 1;
    }
    if (boot() == 0) {
        MUST(send(&new) == UPDATE_OK);
        committed = 1;
    }
    for (int32_t i = 0; i < 5; i++) {
        const int32_t slot = boot();
        MUST(slot == (confirms || i < BOOT_TRIES));
        if (confirms) update_confirm(&update);
    }
    power.cut = NEVER;
    return 0;
}

static void finishes(void)
{
    if (boot() == 1 && update_on_trial(&update)) update_confirm(&update);
    if (running == 0) {
        MUST(send(&new) == UPDATE_OK);
        MUST(boot() == 1 && update_on_trial(&update));
        update_confirm(&update);
    }
    for (int32_t i = 0; i < 5; i++) MUST(boot() == 1 && !update_on_trial(&update));
}

static void cuts(void)
{
    unsigned long points = 0, of_old = 0, of_new = 0, twice = 0;
    for (power.way = 0; power.way < WAYS; power.way++) {
        for (int cut = 1;; cut++) {
            fresh_chip();
            if (!interrupted(cut, 1)) break;
            const int32_t was = committed, slot = boot();
            MUST(!was || slot == 1);
            *(slot == 1 ? &of_new : &of_old) += 1;
            points++;
            finishes();
        }
        /* and once more in what follows, at some pairs */
        for (int cut = 1;; cut += 7) {
            fresh_chip();
            if (!interrupted(cut, 1)) break;
            for (int second = 1; second < 400; second += 31) {
                fresh_chip();
                MUST(interrupted(cut, 1));
                if (!interrupted(second, 1)) break;
                (void)boot();
                finishes();
                twice++;
            }
        }
    }
    printf("%lu cuts, %lu old, %lu new, %lu twice\n", points, of_old, of_new, twice);
}

/* The new image never confirms. However often power goes: begun at most 3 times and what a cut in
 * the counting costs, then the old one, for good. */
static void rollback(void)
{
    unsigned long points = 0;
    fresh_chip();
    MUST(!interrupted(NEVER, 0) && update.boot.failed == 1 && !update_on_trial(&update));
    for (power.way = 0; power.way < WAYS; power.way++) {
        for (int cut = 1;; cut++) {
            int32_t begun = 0;
            fresh_chip();
            if (!interrupted(cut, 0)) break;
            points++;
            while (boot() == 1) MUST(++begun <= BOOT_TRIES);
            for (int32_t i = 0; i < 5; i++) MUST(boot() == 0);
            finishes();
        }
    }
    /* on trial, never begun, and half written over by the next: none to begin */
    fresh_chip();
    MUST(boot() == 0 && send(&new) == UPDATE_OK);
    MUST(update_begin(&update, (uint32_t)new.n, 0) == UPDATE_OK);
    MUST(update_chunk(&update, 0, new.bytes, CHUNK, HAND) == UPDATE_OK);
    MUST(boot() == 0 && update.boot.trial == BOOT_NONE);
    /* a start that cannot be counted is not made */
    fresh_chip();
    MUST(boot() == 0 && send(&new) == UPDATE_OK);
    chip.stuck = 1;
    MUST(boot() == 0);
    chip.stuck = 0;
    MUST(boot() == 1);
    MUST(update_begin(&update, 1024, 0) == UPDATE_CONTRADICTS); /* its fall-back is not given up */
    /* the confirmed one rots: the other one starts, and is what is kept from then on */
    update_confirm(&update);
    chip.slot[1][new.n - 1] ^= 1;
    MUST(boot() == 0 && update_on_trial(&update));
    update_confirm(&update);
    MUST(boot() == 0 && !update_on_trial(&update));
    printf("%lu cuts\n", points);
}

static void put_crc(file *one)
{
    uint32_t crc = store_crc(0, one->bytes + IMAGE_CRC_FROM, IMAGE_SIGNATURE - IMAGE_CRC_FROM);
    crc = store_crc(crc, one->bytes + IMAGE_SIGNED_ON, one->n - IMAGE_SIGNED_ON);
    memcpy(one->bytes + 4, &crc, 4);
}

static void flips(void)
{
    unsigned long bits = 0, by_signature = 0;
    fresh_chip();
    MUST(boot() == 0);
    for (int32_t right = 0; right < 2; right++) {
        for (int32_t bit = 0; bit < 8 * new.n; bit++) {
            static file bad;
            bad = new;
            bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (right) put_crc(&bad);
            if (memcmp(bad.bytes, new.bytes, (size_t)new.n) == 0) continue; /* a bit of the CRC */
            const int32_t status = send(&bad);
            MUST(status != UPDATE_OK);
            by_signature += status == UPDATE_WRONG_SIGNATURE;
            bits++;
            MUST(update_on_trial(&update) == 0);
            if (bit % 64 == 0) MUST(boot() == 0);
        }
    }
    MUST(send(&new) == UPDATE_OK && boot() == 1);
    printf("%lu flips, %lu by the signature\n", bits, by_signature);
}

static void take(void)
{
    fresh_chip();
    MUST(boot() == 0);
    const int32_t status = send(&new), field = update.field;
    boot_state state;
    running = BOOT_NONE;
    printf("%d %d %d\n", status, field, boot_choose(&state));
}

static int32_t from_hex(const char *text, uint8_t *out)
{
    int32_t n = 0;
    unsigned int byte;
    for (; text[0] != 0 && text[1] != 0 && sscanf(text, "%2x", &byte) == 1; text += 2) {
        out[n++] = (uint8_t)byte;
    }
    return n;
}

static void ed25519(void)
{
    static char key[100], sign[200], text[20000];
    static uint8_t k[64], s[128], m[10000];
    while (scanf("%99s %199s %19999s", key, sign, text) == 3) {
        sha512_state state;
        MUST(from_hex(key, k) == 32 && from_hex(sign, s) == 64);
        signature_begin(&state, s, k);
        sha512_add(&state, m, from_hex(text, m));
        printf("%d\n", signature_good(&state, s, k));
    }
}

static void sha512(void)
{
    static char text[20000];
    static uint8_t m[10000];
    int piece;
    while (scanf("%d %19999s", &piece, text) == 2) {
        uint8_t digest[SHA512_BYTES];
        const int32_t n = from_hex(text, m);
        sha512_state state;
        sha512_init(&state);
        for (int32_t at = 0; at < n; at += piece) {
            sha512_add(&state, m + at, n - at < piece ? n - at : piece);
        }
        sha512_end(&state, digest);
        for (int32_t i = 0; i < SHA512_BYTES; i++) printf("%02x", digest[i]);
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (argc == 4) {
        load(&old, argv[2]);
        load(&new, argv[3]);
    }
    if (strcmp(what, "cuts") == 0) cuts();
    if (strcmp(what, "rollback") == 0) rollback();
    if (strcmp(what, "flips") == 0) flips();
    if (strcmp(what, "take") == 0) take();
    if (strcmp(what, "ed25519") == 0) ed25519();
    if (strcmp(what, "sha512") == 0) sha512();
    return 0;
}

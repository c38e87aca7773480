/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_update: libFuzzer harness of the firmware's update: frames -> app/link_blob.c -> update.c ->
 * image.c, boot.c, store.c -> slots and a boot journal in RAM, which lose power at any operation, have
 * bits that do not take, and journals that hold anything. The input is a list of steps (enum step).
 * What is looked for, beside crashes:
 *   the slot that runs is never touched, and there is always one that starts
 *   an image that counts as one is, to the last byte, one that was signed
 *   outside disarmed and fault nothing is begun, written or erased; nothing takes more than its share
 *   an image that does not confirm is begun three times, then the other one
 *
 * A signature here is made of the SHA-512 of what Ed25519 would sign, so that inputs can be signed;
 * the curve is tested in tests/core/test_update.py. At the end it says how far it came.
 */
#include "fuzz_update_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum step { IMAGE, BEGIN, CHUNK, COMMIT, STATE, RESET, CONFIRM, CUT_AT, STUCK, JOURNAL, STEPS };
/* `how` of IMAGE */
enum { NO_BEGIN = 1, NO_COMMIT = 2, UNSIGNED = 4, BAD_CRC = 8, OLD_SLOT = 16, PART = 32, BAD_HASH = 64 };
enum {
    CHUNK_MOST = WIRE_BLOB_BYTES / 4 + 1, /* flash operations: its words, and a sector erased */
    COMMIT_MOST = 1 + 2 * STORE_TRIES * STORE_WORDS + 2
};

static int32_t begun;  /* starts of an image that has not confirmed, */
static int32_t excuse; /* and how many more of them may be: cuts in the counting */
static int32_t rotten; /* the journal was damaged, or does not take */
static uint64_t taken, started, fell_back, cuts, refused;

/* ---- lives ---- */

/* Reset: what the boot loader does, then the program. It may lose power itself. */
static void reset(void)
{
    static const uint8_t version[3] = {0, 1, 0};
    boot_state boot;
    const int32_t before = running;
    running = BOOT_NONE;
    if (setjmp(chip.off)) {
        excuse++;
        cuts++;
    }
    const int32_t operations = chip.done;
    const int32_t slot = boot_choose(&boot);
    must(chip.done - operations <= COMMIT_MOST + 1);
    must(slot == 0 || slot == 1);
    must(genuine(slot));
    (void)genuine(1 - slot);
    running = slot;
    const int32_t written = chip.done;
    update_init(&app.update, version);
    must(chip.done == written && update_usable(&app.update) && app.update.running == slot);
    app.guard.state = GUARD_DISARMED;
    if (update_on_trial(&app.update)) {
        started++;
        must(++begun <= BOOT_TRIES + excuse || rotten);
    } else {
        fell_back += before >= 0 && before != slot;
        begun = excuse = 0;
    }
}

static void confirm(void)
{
    if (app.guard.state != GUARD_DISARMED || !update_on_trial(&app.update)) return; /* app_asked.c */
    if (setjmp(chip.off)) {
        cuts++;
        reset();
        return;
    }
    const int32_t erased = chip.erased;
    update_confirm(&app.update);
    must(chip.erased - erased <= STORE_SECTORS); /* each takes as long as 2 s, and wears the flash */
    begun = excuse = 0;
}

/* ---- the steps ---- */

static int32_t send(wire_frame *frame)
{
    wire_blob_status told;
    const update_state before = app.update;
    const int32_t operations = chip.done, most = frame->msg == WIRE_BLOB_CHUNK ? CHUNK_MOST
        : frame->msg == WIRE_BLOB_COMMIT                                       ? COMMIT_MOST
                                                                               : 0;
    app.link.frame = *frame;
    app.link.frame.session = 5;
    app.link.frame.seq = 9;
    answered = 0;
    if (setjmp(chip.off)) {
        cuts++;
        reset();
        return -1;
    }
    must(link_blob(&app.link, &app) == 1 && answered == 1);
    must(wire_unpack_blob_status(&app.link.frame, &told) == WIRE_OK && told.kind == WIRE_BLOB_FIRMWARE);
    must(told.asked == frame->msg && told.slot == running && told.room == ROOM);
    must(chip.done - operations <= most);
    must(!update_on_trial(&before) || chip.done == operations); /* the other slot is its fall-back */
    must(app.update.received <= app.update.announced);
    if (!may_write() || frame->msg == WIRE_BLOB_GET) {
        must(memcmp(&before, &app.update, sizeof before) == 0 && chip.done == operations);
    }
    const int32_t whole = chip.done != operations && genuine(running) && genuine(1 - running);
    if (frame->msg == WIRE_BLOB_COMMIT && told.status == WIRE_BLOB_OK) {
        must((whole || before.done) && app.update.done && app.update.boot.trial == 1 - running);
        taken += !before.done;
        begun = excuse = 0;
    } else {
        refused += told.status != WIRE_BLOB_OK;
    }
    return told.status;
}

static void send_begin(uint32_t size, uint32_t hash)
{
    wire_frame frame = {0};
    const wire_blob_begin begin = {size, hash, WIRE_BLOB_FIRMWARE};
    if (wire_pack_blob_begin(&begin, &frame) >= 0) (void)send(&frame);
}

static void send_chunk(uint32_t offset, const uint8_t *bytes, uint32_t count)
{
    wire_frame frame = {0};
    wire_blob_chunk chunk = {.offset = offset, .kind = WIRE_BLOB_FIRMWARE, .count = (uint8_t)count};
    memcpy(chunk.bytes, bytes, count);
    if (wire_pack_blob_chunk(&chunk, &frame) >= 0) (void)send(&frame);
}

static int32_t send_commit(uint8_t msg, uint32_t hash)
{
    wire_frame frame = {0};
    const wire_blob which = {hash, WIRE_BLOB_FIRMWARE};
    return wire_pack_blob(msg, &which, &frame) >= 0 ? send(&frame) : -1;
}

static void put32(uint8_t *to, uint32_t value) { memcpy(to, &value, 4); }

/* A whole image of `words` words of program for a slot, signed; then a byte of it turned. */
static int32_t make(uint8_t image[ROOM], int32_t slot, int32_t words, int32_t how, uint32_t turned, uint8_t by)
{
    const int32_t n = IMAGE_HEADER + 4 * words;
    uint8_t digest[SHA512_BYTES];
    memset(image, 0, ROOM);
    put32(image, IMAGE_MAGIC);
    image[8] = IMAGE_FORMAT;
    image[9] = (uint8_t)slot;
    put32(image + 16, HAND);
    put32(image + 20, (uint32_t)words * 4u);
    memcpy(image + 24, signature_key, IMAGE_KEY_ID);
    for (int32_t i = IMAGE_HEADER; i < n; i++) image[i] = (uint8_t)(i * 7 + words);
    if (!(how & UNSIGNED)) image[turned % (uint32_t)n] ^= by; /* signed as it is, whatever it says */
    uint32_t crc = store_crc(0, image + IMAGE_CRC_FROM, IMAGE_SIGNATURE - IMAGE_CRC_FROM);
    crc = store_crc(crc, image + IMAGE_SIGNED_ON, n - IMAGE_SIGNED_ON);
    if (turned % (uint32_t)n >= 8 || by == 0 || (how & UNSIGNED)) put32(image + 4, crc ^ (how & BAD_CRC));
    digest_of(image, n, digest);
    memcpy(image + IMAGE_SIGNATURE + 32, digest, 32);
    if (how & UNSIGNED) {
        image[turned % (uint32_t)n] ^= by;
        crc = store_crc(0, image + IMAGE_CRC_FROM, IMAGE_SIGNATURE - IMAGE_CRC_FROM);
        crc = store_crc(crc, image + IMAGE_SIGNED_ON, n - IMAGE_SIGNED_ON);
        put32(image + 4, crc);
    }
    return n;
}

static void image(void)
{
    static uint8_t bytes[ROOM];
    const int32_t how = byte(), words = 1 + byte() % 120;
    const uint32_t turned = pair();
    const uint8_t by = byte();
    const uint32_t stop = how & PART ? pair() % ROOM : ROOM;
    const uint32_t n = (uint32_t)make(bytes, how & OLD_SLOT ? running : 1 - running, words, how, turned, by);
    const uint32_t hash = store_crc(0, bytes, (int32_t)n) ^ (how & BAD_HASH ? 1u : 0u);
    const int32_t fits = how == 0 && by == 0 && may_write() && !update_on_trial(&app.update)
        && chip.cut_in == 0 && !rotten;
    if (!(how & NO_BEGIN)) send_begin(n, hash);
    for (uint32_t offset = how & NO_BEGIN ? (uint32_t)app.update.received : 0u; offset < n && offset < stop;
         offset += WIRE_BLOB_BYTES) {
        send_chunk(offset, bytes + offset, n - offset < WIRE_BLOB_BYTES ? n - offset : WIRE_BLOB_BYTES);
    }
    if (how & NO_COMMIT) return;
    const int32_t status = send_commit(WIRE_BLOB_COMMIT, hash);
    must(!fits || status == WIRE_BLOB_OK);
}

static void step(void)
{
    uint8_t bytes[WIRE_BLOB_BYTES];
    switch (byte() % STEPS) {
    case IMAGE: image(); break;
    case BEGIN: {
        const uint32_t size = pair();
        send_begin(size & 0x8000u ? size << 16 : size, pair());
        break;
    }
    case CHUNK: {
        const uint8_t how = byte();
        const uint32_t count = byte() % (WIRE_BLOB_BYTES + 1u);
        for (uint32_t i = 0; i < count; i++) bytes[i] = byte();
        send_chunk(how & 1 ? pair() << 8 : (uint32_t)app.update.received, bytes, count);
        break;
    }
    case COMMIT: {
        const uint8_t how = byte();
        (void)send_commit(how & 2 ? WIRE_BLOB_GET : WIRE_BLOB_COMMIT,
                    how & 1 ? pair() : how & 4 ? app.update.done_hash : app.update.announced_hash);
        break;
    }
    case STATE: app.guard.state = byte() % GUARD_STATES; break;
    case RESET: reset(); break;
    case CONFIRM: confirm(); break;
    case CUT_AT: chip.cut_in = byte(); break;
    case STUCK:
        chip.stuck = byte() % 4 == 3 ? 1u << byte() % 32 : 0u;
        rotten |= chip.stuck != 0;
        break;
    default: {
        const uint32_t bit = pair() % (8u * sizeof chip.store);
        ((uint8_t *)chip.store)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        rotten = 1;
    }
    }
    if (app.guard.state == GUARD_ARMED) update_forget(&app.update); /* app_event */
}

static void say(void)
{
    (void)fprintf(stderr, "fuzz_update: taken %llu started %llu fell back %llu refused %llu cuts %llu\n",
                  (unsigned long long)taken, (unsigned long long)started, (unsigned long long)fell_back,
                  (unsigned long long)refused, (unsigned long long)cuts);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return atexit(say);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&app, 0, sizeof app);
    memset(&chip, 0, sizeof chip);
    memset(chip.store, 0xff, sizeof chip.store);
    memset(chip.slot, 0xff, sizeof chip.slot);
    begun = excuse = rotten = 0;
    at = data;
    left = size;
    (void)make(chip.slot[0], 0, 40, 0, 600, 0);
    if (byte() & 1) { /* a journal that holds anything */
        const size_t n = left < sizeof chip.store ? left : sizeof chip.store;
        memcpy(chip.store, at, n);
        rotten = 1;
    }
    reset();
    while (left > 0) step();
    return 0;
}

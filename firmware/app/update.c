/* SPDX-License-Identifier: MIT */
#include "update.h"

#include "board.h"

#include <string.h>

int32_t update_usable(const update_state *update)
{
    return update->running != BOOT_NONE && board_image_bytes() > 0 && signature_available();
}

static int32_t other(const update_state *update)
{
    return 1 - update->running;
}

void update_init(update_state *update, const uint8_t compiled[3])
{
    uint8_t prefix[IMAGE_PREFIX];
    image_info info;
    memset(update, 0, sizeof *update);
    memcpy(update->version, compiled, sizeof update->version);
    update->running = board_image_slot();
    if (update->running == BOOT_NONE) {
        return;
    }
    boot_open(&update->boot);
    board_image_read(update->running, 0, prefix, IMAGE_PREFIX);
    if (image_parse(prefix, &info)) { /* whole it is: it runs */
        memcpy(update->version, info.version, sizeof update->version);
        update->bytes = info.bytes;
        update->hash = image_crc(0, update->running, 0, info.bytes);
    }
}

int32_t update_on_trial(const update_state *update)
{
    return update->running != BOOT_NONE
        && (update->boot.trial == update->running || update->boot.confirmed != update->running);
}

void update_confirm(update_state *update)
{
    (void)boot_confirm(&update->boot, update->running);
}

void update_forget(update_state *update)
{
    update->begun = 0;
}

int32_t update_begin(update_state *update, uint32_t size, uint32_t hash)
{
    if (!update_usable(update)) {
        return UPDATE_UNKNOWN;
    }
    if (update_on_trial(update)) {
        return UPDATE_CONTRADICTS;
    }
    if (size <= (uint32_t)IMAGE_HEADER || size % 4u != 0u
        || size > (uint32_t)board_image_bytes()) {
        return UPDATE_WRONG_SIZE;
    }
    update->begun = 1;
    update->done = 0;
    update->announced = (int32_t)size;
    update->announced_hash = hash;
    update->received = 0;
    update->crc = 0;
    return UPDATE_OK;
}

/* The header, before anything is erased for it. */
static int32_t judge(update_state *update, const uint8_t *prefix, uint32_t hand_hash)
{
    image_info info;
    if (!image_parse(prefix, &info) || info.bytes != update->announced) {
        return UPDATE_WRONG_FORMAT;
    }
    if (info.hand_hash != 0u && info.hand_hash != hand_hash) {
        return UPDATE_OTHER_HAND;
    }
    if (info.slot != other(update)) {
        update->field = UPDATE_FIELD_SLOT;
        return UPDATE_WRONG_VALUE;
    }
    if (memcmp(info.key, signature_key, sizeof info.key) != 0) {
        update->field = UPDATE_FIELD_KEY;
        return UPDATE_WRONG_VALUE;
    }
    return UPDATE_OK;
}

/* The image that stood there ends to be one with the first sector erased: boot.c must not count on
 * it as a trial any more, which its check of the image sees to. */
static int32_t put(update_state *update, const uint8_t *bytes, int32_t count)
{
    const int32_t slot = other(update);
    for (int32_t i = 0; i < count; i += 4) {
        const int32_t at = update->received + i;
        const uint32_t word = image_word(bytes + i);
        if (board_image_sector(slot, at)) {
            board_tactor(0); /* see store_erase */
            if (!board_image_erase(slot, at)) {
                return 0;
            }
        }
        if (at == 0) {
            update->magic = word;
        } else if (!board_image_program(slot, at, word)) {
            return 0;
        } else {
            /* it stands */
        }
    }
    return 1;
}

int32_t update_chunk(update_state *update, uint32_t offset, const uint8_t *bytes, int32_t count,
                     uint32_t hand_hash)
{
    if (!update->begun) {
        return UPDATE_NOT_BEGUN;
    }
    if (offset != (uint32_t)update->received) {
        return UPDATE_WRONG_OFFSET;
    }
    const int32_t first = update->received == 0;
    if (count <= 0 || count % 4 != 0 || count > update->announced - update->received
        || (first && count < IMAGE_PREFIX)) {
        return UPDATE_WRONG_SIZE;
    }
    if (first) {
        const int32_t verdict = judge(update, bytes, hand_hash);
        if (verdict != UPDATE_OK) {
            update->begun = 0;
            return verdict;
        }
        memcpy(update->signature, bytes + IMAGE_SIGNATURE, sizeof update->signature);
        signature_begin(&update->digest, update->signature, signature_key);
        sha512_add(&update->digest, bytes, IMAGE_SIGNATURE);
    }
    const int32_t from = first ? IMAGE_SIGNED_ON : 0;
    sha512_add(&update->digest, bytes + from, count - from);
    update->crc = store_crc(update->crc, bytes, count);
    if (!put(update, bytes, count)) {
        update->begun = 0;
        return UPDATE_NOT_KEPT;
    }
    update->received += count;
    return UPDATE_OK;
}

int32_t update_commit(update_state *update, uint32_t hash)
{
    image_info info;
    if (update->done && hash == update->done_hash) {
        return UPDATE_OK;
    }
    if (!update->begun) {
        return UPDATE_NOT_BEGUN;
    }
    if (update->received != update->announced) {
        return UPDATE_WRONG_OFFSET;
    }
    update->begun = 0; /* whatever comes of it */
    if (hash != update->announced_hash || update->crc != hash) {
        return UPDATE_WRONG_HASH;
    }
    if (!signature_good(&update->digest, update->signature, signature_key)) {
        return UPDATE_WRONG_SIGNATURE;
    }
    board_watchdog_feed(); /* a chip whose slow clock is fast waits 68 ms, not 100 */
    if (!board_image_program(other(update), 0, update->magic) || !image_check(other(update), &info)
        || !boot_try(&update->boot, update->running, other(update))) {
        return UPDATE_NOT_KEPT;
    }
    update->done = 1;
    update->done_hash = hash;
    return UPDATE_OK;
}

/* SPDX-License-Identifier: MIT
 *
 * update: takes a new firmware into the slot that does not run. Bytes go into flash as they come;
 * what makes an image of them, the magic, is programmed by update_commit when the signature fits.
 * So whenever power goes, the slot holds a whole, signed image or none, and boot.c knows of it or
 * does not.
 *
 *   update_begin    what is announced; writes nothing
 *   update_chunk    in order. The first has the header's first 128 bytes in it: they are looked at
 *                   before anything is erased. A chunk that comes to a new sector of the flash erases
 *                   it, which takes up to 2.6 s on silicon
 *   update_commit   signature, read back, on trial. What runs goes on until the hand restarts
 *   update_confirm  this program works: called by app.c when the self-test has passed and a host has
 *                   spoken, or UPDATE_TRUST_US have gone by; only while nothing moves
 *
 * Who calls asks first whether the guard allows it. Nothing here moves anything.
 */
#ifndef ENDPLATE_UPDATE_H
#define ENDPLATE_UPDATE_H

#include "boot.h"
#include "image.h"
#include "signature.h"

enum { UPDATE_TRUST_US = 10000000 };

/* Numbers of protocol/SPEC.md, "Blobs". */
enum update_status {
    UPDATE_OK = 0,
    UPDATE_UNKNOWN = 1, /* see update_usable */
    UPDATE_WRONG_SIZE = 3,
    UPDATE_NOT_BEGUN = 4,
    UPDATE_WRONG_OFFSET = 5,
    UPDATE_WRONG_HASH = 6,
    UPDATE_WRONG_FORMAT = 7,
    UPDATE_WRONG_VALUE = 8, /* of a field: */
    UPDATE_OTHER_HAND = 9,
    UPDATE_CONTRADICTS = 10, /* this program is itself on trial: the other slot is its fall-back */
    UPDATE_WRONG_SIGNATURE = 11,
    UPDATE_NOT_KEPT = 12
};
enum update_field { UPDATE_FIELD_SLOT = 1, UPDATE_FIELD_KEY = 2 };

typedef struct update_state {
    boot_state boot;
    int32_t running;    /* slot of this program, or BOOT_NONE */
    uint8_t version[3]; /* of this program */
    int32_t bytes;      /* of its image, and their CRC-32C; 0 when it stands in no slot */
    uint32_t hash;
    int32_t field;      /* after UPDATE_WRONG_VALUE: update_field */

    int32_t begun;
    int32_t announced;  /* bytes, and their CRC-32C */
    uint32_t announced_hash;
    int32_t received;
    uint32_t crc;       /* of those */
    uint32_t magic;     /* held back */
    uint8_t signature[SIGNATURE_BYTES];
    sha512_state digest;
    uint32_t done_hash; /* of the image that was taken last; a COMMIT that comes twice is no fault */
    int32_t done;
} update_state;

/* `compiled`: the version of the program as built. */
void update_init(update_state *update, const uint8_t compiled[3]);
/* 0: no update can be taken: there are no slots, or no way to check a signature. */
int32_t update_usable(const update_state *update);
int32_t update_begin(update_state *update, uint32_t size, uint32_t hash);
/* hand_hash: of the hand table compiled in. */
int32_t update_chunk(update_state *update, uint32_t offset, const uint8_t *bytes, int32_t count,
                     uint32_t hand_hash);
int32_t update_commit(update_state *update, uint32_t hash);
/* The hand is armed: what was begun is not gone on with. */
void update_forget(update_state *update);
int32_t update_on_trial(const update_state *update);
void update_confirm(update_state *update);

#endif

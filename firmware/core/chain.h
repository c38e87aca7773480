/* SPDX-License-Identifier: MIT
 *
 * chain: electrode counts -> DoF velocities. All stages over one block, on host and hand alike.
 *
 *   counts x uv_per_count -> band -> notch -> features -> gate, decoder -> shape -> targets
 *                        \_______\_________\-> quality -> which DoF must freeze
 *
 * The output depends on the samples alone, never on how they were cut into blocks.
 *
 * The decoder's DoF are some of the hand's (`place`, shape.dofs); the others have intent 0. Where the
 * gate says that nothing is meant, every intent is 0.
 *
 * A site is bad in a hop when it is flat, railed or lifted, or when more than half of the hop's
 * samples were missing. A bad site's activation is 0 until it has been good for `thaw_hops` hops. A DoF
 * that needs (bit in `needs`) such a site is frozen: its velocity is 0 until then, and further
 * until its intent has once been near 0 (its dead-band, at least 0.05), so that nothing starts to
 * move by itself when a contact comes back.
 */
#ifndef ENDPLATE_CORE_CHAIN_H
#define ENDPLATE_CORE_CHAIN_H

#include "decoder.h"
#include "features.h"
#include "filter.h"
#include "gate.h"
#include "quality.h"
#include "shape.h"

enum { CHAIN_BLOCK = 16 /* samples worked on at once */ };
#ifdef CHAIN_ONE_SAMPLE /* the hand, which has one at a time and not much memory */
#define CHAIN_BLOCK 1
#endif

typedef struct chain_config {
    int32_t sites;
    float rate_hz;
    float uv_per_count;
    int32_t thaw_hops;
    int32_t place[CORE_MAX_DOF];  /* which of the hand's DoF each of the decoder's is */
    core_sites needs[CORE_MAX_DOF]; /* of each of the hand's */
    filter_config band;
    filter_config notch;
    features_config features;
    gate_config gate; /* its numbers stand in the decoder's pool */
    decoder_config decoder;
    shape_config shape;
    quality_config quality;
} chain_config;

typedef struct chain_state {
    filter_state band;
    filter_state notch;
    features_state features;
    gate_state gate;
    decoder_state decoder;
    shape_state shape;
    quality_state quality;
    int32_t thaw[CORE_CHAIN_SITES];    /* hops until the site is believed again */
    int32_t missing[CORE_CHAIN_SITES]; /* samples of the hop being filled */
    uint32_t frozen;                 /* bit per DoF, as of the last hop */
    uint32_t samples;                /* taken since init */
    int32_t due;                     /* the next piece of work on the hop that closed; 0: none */
    uint32_t gated;                  /* gate_bit, of that hop, */
    core_sites doubted;              /* and sites that are not believed in it */
    float rows[FEATURES_MAX_ROWS];   /* of that hop */
    float vector[CORE_MAX_INPUTS];
    float decoded[CORE_MAX_DOF]; /* in the decoder's order */
    int32_t base[CORE_CHAIN_SITES];    /* counts of the first sample: taken off before the filters, so
                                        that an electrode offset costs them no precision */
    float raw_uv[CHAIN_BLOCK * CORE_CHAIN_SITES];
    float band_uv[CHAIN_BLOCK * CORE_CHAIN_SITES];
    float clean_uv[CHAIN_BLOCK * CORE_CHAIN_SITES];
} chain_state;

/* One hop's result. */
typedef struct chain_hop {
    uint32_t samples; /* taken since init when this hop closed; the newest has number samples - 1 */
    uint32_t frozen;  /* bit per DoF */
    core_sites bad_sites; /* flat, railed, lifted or missing in this hop */
    uint32_t gate;      /* gate_bit: why all intents are 0 */
    uint32_t gap;       /* 0; on the host the compiler leaves none */
    float power[CORE_CHAIN_SITES]; /* microvolt^2 */
    float activation[CORE_CHAIN_SITES];
    float intent[CORE_MAX_DOF];   /* decoder */
    float velocity[CORE_MAX_DOF]; /* shape, 0 where frozen */
    int16_t target[CORE_MAX_DOF]; /* the wire's unit */
} chain_hop;

int32_t chain_check(const chain_config *config);
int32_t chain_init(chain_state *state, const chain_config *config);
/* The same for a config that has been checked: it costs next to nothing, however large its pool. */
void chain_begin(chain_state *state, const chain_config *config);
/* counts: [samples][sites], as the board sent them. `missing`: bit per site, samples that were
 * filled in or not finite. Writes one chain_hop for every hop that closes and returns how many;
 * CORE_TOO_SMALL (nothing taken) when `capacity` could not hold them. `clean` may be 0, or
 * [samples][sites] floats that receive the conditioned signal in microvolts; `rows` may be 0, or
 * [capacity][FEATURES_MAX_ROWS] floats that receive each hop's rows of features.h. */
int32_t chain_process(chain_state *state, const chain_config *config, const int32_t *counts,
                      int32_t samples, core_sites missing, chain_hop *hops, int32_t capacity,
                      float *clean, float *rows);

/* The same in pieces of bounded cost, for a hand with a millisecond at a time. chain_take: one
 * sample; 1 when it closed a hop, and then chain_work has to be called until it returns 1, before the
 * next sample: hop is whole then. Same samples, same bits. */
int32_t chain_take(chain_state *state, const chain_config *config, const int32_t *counts,
                   core_sites missing);
enum { CHAIN_PIECES = 3 /* of the work on a hop, before its decoder's steps */ };
int32_t chain_work(chain_state *state, const chain_config *config, chain_hop *hop);

#endif

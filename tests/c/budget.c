/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * budget: what a sample and a control tick cost, in instructions, counted by the emulator
 * (qemu -icount shift=10,align=off,sleep=off: SysTick then moves by 172.032 for every instruction;
 * a stretch of known length says whether it does). Runs on the hand's processor only.
 *
 *   reads   chain.bin     blobs of a chain (replay_chain.h)
 *           counts.bin    int32 [samples][sites]
 *   says    one line of JSON: SysTick counts per part, the empty measurement taken off
 *
 * Every sample goes through the chain alone; then comes the millisecond in which it would arrive:
 * COMMAND from a hop that closed (every other one of a position), what the motors and the fingertips feel,
 * tick of the guard, the choice of a grip, the goals of all joints, their caps.
 */
#include "caps.h"
#include "chain.h"
#include "decode.h"
#include "guard.h"
#include "hand.h"
#include "replay_chain.h"
#include "replay_files.h"
#include "stm32f405.h"
#include "strain.h"
#include "tactor.h"
#include "touch.h"

#include <math.h> /* NAN */
#include <string.h>

enum {
    RING = 0xFFFFFF, /* SysTick counts down in 24 bits: 97,000 instructions until it wraps */
    KNOWN = 4000,    /* instructions of the stretch that calibrates */
    SAMPLE_MS = 4,
    SAMPLES_A_FRAME = 5,
    BLOCKED_FROM = 500, /* samples, of every 1000: the joints stand, whatever their goals are */
    CUT_FROM = 800,     /* of every 1000: no command comes: ramp, LINK LOST, ARM again */
    CUT_TO = 900,
    RELEASE_AT = 950
};

extern const hand_config hand_table; /* app.h's, of the hand this is built for */

enum part { CHAIN, BEGIN, EMG, TOLD, TAKE, FEEL, TICK, GRIP, GOALS, TOUCH, CAPS, PARTS };
static const char *const PART[PARTS] = {"chain", "begin", "emg", "decoded", "command", "strain",
                                        "guard", "grip", "hand", "touch", "caps"};

typedef struct cost {
    uint32_t worst, runs;
    uint64_t sum;
} cost;

typedef struct meter {
    uint32_t empty;
    cost part[PARTS];
    cost work; /* a step of the work on a hop */
    uint32_t steps; /* of one hop */
    cost tick; /* all parts of one millisecond together */
} meter;

typedef struct rig {
    const chain_config *config;
    chain_state chain;
    decode_state decode; /* the frames of EMG go here */
    wire_decoder line;
    wire_frame frame;
    guard_config guard_config;
    guard_state guard;
    guard_output out;
    hand_state hand;
    strain_config strain_config;
    strain_state strain;
    strain_measured felt;
    touch_state touch;
    tactor_state tactor;
    touch_measured tips;
    float measured[CORE_MAX_JOINTS];
    uint32_t states; /* bit per state of the guard that a tick ended in */
} rig;

static uint32_t now(void)
{
    __asm volatile("" ::: "memory");
    const uint32_t count = SYST_CVR;
    __asm volatile("" ::: "memory");
    return count;
}

static uint32_t since(const meter *to, uint32_t before)
{
    const uint32_t gone = (before - now()) & (uint32_t)RING;
    return gone > to->empty ? gone - to->empty : 0u;
}

static uint32_t add(cost *to, uint32_t counts)
{
    to->worst = counts > to->worst ? counts : to->worst;
    to->sum += counts;
    to->runs += 1u;
    return counts;
}

__attribute__((noinline)) static uint32_t known_stretch(const meter *to)
{
    const uint32_t before = now();
    __asm volatile(".rept %c0\n nop\n .endr" ::"i"(KNOWN));
    return since(to, before);
}

static void start(rig *on, const chain_config *config)
{
    on->config = config;
    guard_defaults(&on->guard_config, hand_table.dofs);
    strain_defaults(&on->strain_config);
    strain_init(&on->strain);
    touch_init(&on->touch, &hand_table, 0);
    tactor_init(&on->tactor, 0);
    for (int32_t i = 0; i < hand_table.joints; i++) {
        on->measured[i] = hand_table.joint[i].min_deg;
        on->felt.known |= 1u << (uint32_t)i;
        on->felt.limit_ma[i] = hand_table.joint[i].current_ma;
        on->felt.temperature_c[i] = 60.0f;
        on->felt.supply_v[i] = 5.0f;
    }
    if (chain_init(&on->chain, config) < 0
        || guard_init(&on->guard, &on->guard_config, 0) != CORE_OK
        || hand_init(&on->hand, &hand_table, on->measured) != CORE_OK) {
        replay_say("failed: a configuration is refused\n");
        replay_end(1);
    }
    on->decode.config = *config;
    on->decode.ready = 1;
    wire_decoder_init(&on->line);
    (void)guard_tick(&on->guard, &on->guard_config, 0, 0, &on->out);
    (void)guard_raise(&on->guard, &on->guard_config, GUARD_EV_SELF_TEST_DONE, 0);
}

/* A frame of EMG from the line into the queue: the five samples up to `last`. */
static uint32_t hear(rig *on, meter *to, const int32_t *last, int32_t n)
{
    const int32_t sites = on->config->sites;
    const int32_t *from = last - (SAMPLES_A_FRAME - 1) * sites;
    uint8_t bytes[WIRE_MAX_FRAME];
    wire_emg emg = {.sample = (uint32_t)(n - SAMPLES_A_FRAME + 1),
                    .sites = (uint8_t)sites,
                    .count = SAMPLES_A_FRAME};
    int32_t used = 0;
    for (int32_t i = 0; i < SAMPLES_A_FRAME * sites; i++) {
        memcpy(emg.counts + 3 * i, from + i, 3);
    }
    const int32_t begun = on->decode.begun;
    on->decode.waiting = 0;
    (void)wire_pack_emg(&emg, &on->frame);
    const int32_t length = wire_encode(&on->frame, bytes, WIRE_MAX_FRAME);
    const uint32_t before = now();
    const int32_t got = wire_decoder_feed(&on->line, bytes, length, &used, &on->frame);
    (void)wire_unpack_emg(&on->frame, &emg);
    const int32_t status = decode_take_frame(&on->decode, &emg);
    const uint32_t spent = add(&to->part[begun ? EMG : BEGIN], since(to, before));
    if (!got || status != DECODE_OK) {
        replay_say("failed: a frame of EMG is refused\n");
        replay_end(1);
    }
    return spent;
}

/* What is said of a hop: its hash, and DECODED. */
static uint32_t tell(rig *on, meter *to, const chain_hop *hop)
{
    uint8_t bytes[WIRE_MAX_FRAME];
    wire_decoded told;
    memset(&told, 0, sizeof told);
    memcpy(told.target, hop->target, sizeof told.target);
    const uint32_t before = now();
    told.hop_hash = decode_hash(on->config, hop);
    (void)wire_pack_decoded(&told, &on->frame);
    (void)wire_encode(&on->frame, bytes, WIRE_MAX_FRAME);
    return add(&to->part[TOLD], since(to, before));
}

static uint32_t take(rig *on, meter *to, const chain_hop *hop, uint32_t now_ms)
{
    guard_command wanted;
    memset(&wanted, 0, sizeof wanted);
    wanted.emg_ms = now_ms;
    wanted.sample = hop->samples;
    wanted.mode = on->guard.state == GUARD_ARMED ? 0 : 1; /* neutral, to begin with */
    wanted.valid_ms = 50;
    wanted.frozen = hop->frozen;
    memcpy(wanted.target, hop->velocity, sizeof wanted.target);
    const int32_t to_positions = wanted.mode == 1 && (hop->samples & 1u) != 0;
    const uint32_t before = now();
    if (to_positions) {
        (void)hand_toward(&on->hand, &hand_table, hop->velocity, 0.5f, 0.0f, 0u, wanted.target);
    }
    (void)guard_command_take(&on->guard, &on->guard_config, &wanted, now_ms);
    on->hand.aimed = 0;
    if (to_positions) {
        (void)hand_aim(&on->hand, &hand_table, hop->velocity);
    }
    return add(&to->part[TAKE], since(to, before));
}

/* A reading of the actuators: those that stand push with all they have. */
static uint32_t feel(rig *on, meter *to, int32_t blocked, uint32_t now_ms)
{
    guard_senses senses;
    for (int32_t i = 0; i < hand_table.joints; i++) {
        on->felt.position_deg[i] = on->measured[i];
        on->felt.velocity_dps[i] = blocked ? 0.0f : 50.0f;
        on->felt.current_ma[i] = blocked ? hand_table.joint[i].current_ma : 0.0f;
    }
    const uint32_t before = now();
    (void)strain_process(&on->strain, &on->strain_config, &hand_table, on->hand.grip, &on->felt,
                         on->guard.target, on->out.velocity, now_ms, &senses);
    (void)guard_sense(&on->guard, &senses);
    return add(&to->part[FEEL], since(to, before));
}

/* Fingertips that touch while the joints are blocked and slip now and then, all digits at once. */
static uint32_t touch(rig *on, meter *to, int32_t blocked, uint32_t now_ms)
{
    uint8_t host[CORE_MAX_DOF];
    uint8_t caps[CORE_MAX_JOINTS];
    for (int32_t k = 0; k < CORE_DIGITS; k++) {
        on->tips.counts[k] = 620 + (int32_t)(now_ms & 1u) + (blocked ? 400 : 0)
            - (int32_t)(now_ms / 64u % 4u) * 80;
        on->tips.position_deg[k] = blocked ? (float)(now_ms / 64u % 4u) : 0.0f;
        on->tips.velocity_dps[k] = blocked ? 0.0f : 50.0f;
        on->tips.current_ma[k] = 300.0f;
        on->tips.limit_ma[k] = 500.0f;
        on->tips.known |= 1u << (uint32_t)k;
    }
    uint32_t before = now();
    (void)touch_process(&on->touch, &hand_table, &on->tips, blocked, 0, now_ms);
    (void)tactor_process(&on->tactor, on->touch.contact, on->touch.digit[1].force_n, 1000, now_ms);
    const uint32_t digits = touch_press(&on->touch, 1000, now_ms);
    if (digits != 0) {
        (void)hand_press(&on->hand, &hand_table, digits, 0.1f, 0.02f);
    }
    const uint32_t all = add(&to->part[TOUCH], since(to, before));
    memset(host, 200, sizeof host);
    before = now();
    (void)caps_process(&hand_table, on->hand.grip, host, 1000, 0, caps);
    return all + add(&to->part[CAPS], since(to, before));
}

static uint32_t events(rig *on, int32_t at, uint32_t now_ms)
{
    if (at == RELEASE_AT) {
        (void)guard_raise(&on->guard, &on->guard_config, GUARD_EV_RELEASE, now_ms);
    } else if (at == 0) {
        (void)guard_raise(&on->guard, &on->guard_config, GUARD_EV_DISARM, now_ms);
        (void)guard_raise(&on->guard, &on->guard_config, GUARD_EV_ARM, now_ms);
    } else if (at == CUT_TO) {
        (void)guard_raise(&on->guard, &on->guard_config, GUARD_EV_ARM, now_ms);
    }
    return now_ms;
}

/* All steps of a hop; the dearest of them. */
static uint32_t work(rig *on, meter *to, chain_hop *hop)
{
    uint32_t most = 0;
    int32_t done = 0;
    to->steps = 0;
    while (!done) {
        const uint32_t before = now();
        done = chain_work(&on->chain, on->config, hop);
        const uint32_t spent = add(&to->work, since(to, before));
        most = spent > most ? spent : most;
        to->steps++;
    }
    return most;
}

static void sample(rig *on, meter *to, const int32_t *counts, int32_t n)
{
    chain_hop hop;
    const int32_t at = n % 1000;
    const uint32_t now_ms = events(on, at, (uint32_t)(n * SAMPLE_MS));

    uint32_t before = now();
    const int32_t closed = chain_take(&on->chain, on->config, counts, 0);
    uint32_t all = add(&to->part[CHAIN], since(to, before));
    if (closed > 0) { /* its steps take a millisecond each; the last one drives */
        const uint32_t most = work(on, to, &hop);
        all = most > all ? most : all;
        if (at < CUT_FROM || at >= CUT_TO) {
            all += take(on, to, &hop, now_ms);
        }
    }
    uint32_t control = feel(on, to, at >= BLOCKED_FROM, now_ms);
    before = now();
    (void)guard_tick(&on->guard, &on->guard_config, on->hand.at_limit, now_ms, &on->out);
    control += add(&to->part[TICK], since(to, before));
    on->states |= 1u << (uint32_t)on->guard.state;

    before = now();
    (void)hand_select_grip(&on->hand, &hand_table, n / 100 % hand_table.grips);
    control += add(&to->part[GRIP], since(to, before));

    for (int32_t i = 0; at < BLOCKED_FROM && i < hand_table.joints; i++) {
        on->measured[i] = on->hand.goal_deg[i]; /* else they stand */
    }
    before = now();
    (void)hand_process(&on->hand, &hand_table, on->out.velocity, on->measured, 0.02f);
    control += add(&to->part[GOALS], since(to, before));
    control += touch(on, to, at >= BLOCKED_FROM, now_ms);
    (void)add(&to->tick, all + control);
    if (closed > 0) { /* the frame that brought its samples, and what is said of it: in other ticks */
        const int32_t begun = on->decode.begun;
        const uint32_t heard = hear(on, to, counts, n);
        (void)add(&to->tick, begun ? heard + control : control);
        (void)add(&to->tick, tell(on, to, &hop) + control);
    }
}

static void say_value(const char *name, uint64_t value)
{
    replay_say("\"");
    replay_say(name);
    replay_say("\": ");
    replay_say_number(value);
}

static void say_cost(const char *name, const cost *of)
{
    replay_say(", \"");
    replay_say(name);
    replay_say("\": {");
    say_value("runs", of->runs);
    replay_say(", ");
    say_value("sum", of->sum);
    replay_say(", ");
    say_value("worst", of->worst);
    replay_say("}");
}

int main(int argc, char **argv)
{
    static rig on;   /* too large for the hand's stack */
    static meter to;
    static chain_config config;
    const void *counts;
    (void)argc;
    (void)argv;
    const int32_t chain_there = replay_chain(&config);
    const int32_t counts_bytes = replay_file("counts.bin", &counts);
    if (!chain_there || counts_bytes < 0) {
        replay_say("failed: a file is missing\n");
        replay_end(1);
    }
    SYST_RVR = RING;
    SYST_CVR = 0;
    SYST_CSR = SYST_ENABLE | SYST_CORE_CLOCK;
    const uint32_t before = now();
    to.empty = since(&to, before);
    start(&on, &config);
    const int32_t sites = on.config->sites;
    const int32_t samples = counts_bytes / (int32_t)sizeof(int32_t) / sites;
    for (int32_t n = 0; n < samples; n++) {
        sample(&on, &to, (const int32_t *)counts + n * sites, n);
    }
    replay_say("{");
    say_value("known_instructions", KNOWN);
    replay_say(", ");
    say_value("known_counts", known_stretch(&to));
    replay_say(", ");
    say_value("states", on.states);
    for (int32_t i = 0; i < PARTS; i++) {
        say_cost(PART[i], &to.part[i]);
    }
    say_cost("work", &to.work);
    replay_say(", ");
    say_value("steps", to.steps);
    say_cost("tick", &to.tick);
    replay_say("}\n");
    replay_end(0);
}

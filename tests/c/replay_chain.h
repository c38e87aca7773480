/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * replay_chain: a chain as the hand gets one: `chain.bin` holds the blobs of a calibration and of its
 * decoder (protocol/SPEC.md), each behind its size (u32). So it means the same on every machine,
 * however large its structs are.
 */
#ifndef ENDPLATE_TESTS_REPLAY_CHAIN_H
#define ENDPLATE_TESTS_REPLAY_CHAIN_H

#include "chain.h"

/* 0: there is no such file. Ends the program when what it holds is refused. */
int32_t replay_chain(chain_config *config);

#endif

/* SPDX-License-Identifier: MIT
 *
 * header: room for the image's header (app/image.h) in front of the vectors. firmware/image.py fills
 * it in when the image is linked; until then it is no header.
 */
#include "image.h"

extern const uint8_t image_header[IMAGE_HEADER];
__attribute__((section(".header"), used)) const uint8_t image_header[IMAGE_HEADER] = {0xFF};

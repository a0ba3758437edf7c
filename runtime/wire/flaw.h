/* What is wrong with a datagram that lc_message_parse() does not take, for those who have to be
 * told. */
#ifndef LC_WIRE_FLAW_H
#define LC_WIRE_FLAW_H

#include <stddef.h>
#include <stdint.h>

/*
 * The first flaw in words, with the section of RFC 7252 that says so, and the byte (from 0) at
 * which it stands: `len` when something is missing at the end. NULL for a message without one.
 */
const char *lc_message_flaw(const uint8_t *data, size_t len, size_t *out_offset);

#endif

/* CBOR as text for people: diagnostic notation (RFC 8949 section 8). */
#ifndef LC_WIRE_CBOR_TEXT_H
#define LC_WIRE_CBOR_TEXT_H

#include "wire/cbor.h"

/*
 * Appends the one item that the input holds. With `indent` above 0 an array or map that does not
 * fit a line has each item on a line of its own, that many blanks further in. False: reader->fault
 * says why, or is NULL when memory ran out.
 */
bool lc_cbor_diagnose(struct lc_buf *out, struct lc_cbor_reader *reader, unsigned indent);

#endif

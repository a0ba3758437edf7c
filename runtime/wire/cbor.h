/*
 * CBOR (RFC 8949), one head at a time: a head says what an item is and how long, and of a string of
 * known length it has the bytes too. Who reads puts arrays, maps and tags together himself, so that
 * nothing is allocated by a length that the input merely claims.
 */
#ifndef LC_WIRE_CBOR_H
#define LC_WIRE_CBOR_H

#include "base/buf.h"

enum lc_cbor_kind {
    LC_CBOR_UINT,
    LC_CBOR_NEGINT, /* -1 - argument */
    LC_CBOR_BYTES,
    LC_CBOR_TEXT, /* valid UTF-8 */
    LC_CBOR_ARRAY,
    LC_CBOR_MAP,
    LC_CBOR_TAG,
    LC_CBOR_SIMPLE,
    LC_CBOR_FLOAT,
};

/* Simple values that have a name (RFC 8949 3.3). */
enum { LC_CBOR_FALSE = 20, LC_CBOR_TRUE, LC_CBOR_NULL, LC_CBOR_UNDEFINED };

/* The tags of integers of any length (RFC 8949 3.4.3), which are byte strings. */
enum { LC_CBOR_BIGNUM = 2, LC_CBOR_NEGATIVE_BIGNUM = 3 };

/* Arrays, maps and tags may be nested this deep. */
enum { LC_CBOR_MAX_DEPTH = 128 };

struct lc_cbor_head {
    enum lc_cbor_kind kind;
    bool indefinite;        /* an array, map or string that ends with a break */
    uint64_t argument;      /* the integer, count of items, tag or simple value */
    struct lc_bytes string; /* a view of the input */
    double number;
};

/* A view of the input; begin with {.input = ...}. */
struct lc_cbor_reader {
    struct lc_bytes input;
    size_t offset;     /* of the next head */
    unsigned depth;    /* lc_cbor_enter() without lc_cbor_leave() */
    const char *fault; /* why reading failed, NULL if it did not */
    size_t fault_at;   /* the offset of what is wrong */
};

/* Reads the next head. False: see `fault`. */
bool lc_cbor_next(struct lc_cbor_reader *reader, struct lc_cbor_head *out);

/* Whether an array or map, of which `done` items or pairs were read, has another one; takes the
 * break at the end of an indefinite one. */
bool lc_cbor_more(struct lc_cbor_reader *reader, const struct lc_cbor_head *head, uint64_t done);

/* Reads the next piece of an indefinite string. False: it has ended, or there is a fault. */
bool lc_cbor_chunk(
    struct lc_cbor_reader *reader, const struct lc_cbor_head *head, struct lc_cbor_head *out);

/* Around the items of an array, map or tag. False: nested too deep. */
bool lc_cbor_enter(struct lc_cbor_reader *reader);
void lc_cbor_leave(struct lc_cbor_reader *reader);

/* Whether the input has been read to its end. False: there is a fault. */
bool lc_cbor_finish(struct lc_cbor_reader *reader);

/* Takes the leading zeroes off a bignum. Whether it is short enough for an integer, whose argument
 * it then is. */
bool lc_cbor_is_integer(struct lc_bytes *bignum, uint64_t *out_argument);

/* Notes why reading failed. Returns false. */
bool lc_cbor_fault(struct lc_cbor_reader *reader, size_t offset, const char *why);

/* Append, in the shortest form (RFC 8949 4.2.1): the head of anything but a float; a float, whose
 * value stays exactly the same; a string. False: out of memory. */
bool lc_cbor_write_head(struct lc_buf *out, enum lc_cbor_kind kind, uint64_t argument);
bool lc_cbor_write_float(struct lc_buf *out, double number);
bool lc_cbor_write_string(struct lc_buf *out, enum lc_cbor_kind kind, struct lc_bytes string);

#endif

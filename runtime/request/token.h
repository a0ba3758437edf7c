/*
 * Tokens of requests that wait for an answer: unpredictable ones, so that nobody off the path can
 * answer in the server's place (RFC 7252 5.3.1), and the table that finds who waits.
 */
#ifndef LC_REQUEST_TOKEN_H
#define LC_REQUEST_TOKEN_H

#include "base/map.h"
#include "wire/message.h"

/* Stands in its owner; all zeroes is an empty token that is not listed. */
struct lc_token {
    struct lc_map_node node;
    void *owner;
    uint8_t bytes[LC_TOKEN_MAX];
    uint8_t len;
    bool listed;
};

static inline struct lc_bytes lc_token_bytes(const struct lc_token *token)
{
    return lc_bytes(token->bytes, token->len);
}

/* Lists it with these bytes, at most 8, instead of the present ones. False: out of memory. */
bool lc_token_set(struct lc_map *tokens, struct lc_token *token, struct lc_bytes bytes);

/* Lists it with 8 random bytes that no other token of the table has. False: out of memory. */
bool lc_token_draw(struct lc_map *tokens, struct lc_token *token);

/* Takes it off the table; the bytes stay. Does nothing when it is not listed. */
void lc_token_drop(struct lc_map *tokens, struct lc_token *token);

/* The token listed last with these bytes, and the one before it; NULL when there is none. */
struct lc_token *lc_token_find(const struct lc_map *tokens, struct lc_bytes bytes);
struct lc_token *lc_token_find_next(const struct lc_token *token);

#endif

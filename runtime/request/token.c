/* Tokens; see token.h. */
#include "request/token.h"

#include "base/hash.h"
#include "base/list.h"
#include "base/random.h"

bool lc_token_set(struct lc_map *tokens, struct lc_token *token, struct lc_bytes bytes)
{
    lc_token_drop(tokens, token);
    token->len = (uint8_t)bytes.len;
    if (bytes.len > 0) {
        memcpy(token->bytes, bytes.data, bytes.len);
    }
    token->listed = lc_map_insert(tokens, &token->node, lc_hash(token->bytes, token->len, 0));
    return token->listed;
}

bool lc_token_draw(struct lc_map *tokens, struct lc_token *token)
{
    uint8_t bytes[LC_TOKEN_MAX];
    do {
        lc_random_bytes(bytes, sizeof bytes);
    } while (lc_token_find(tokens, lc_bytes(bytes, sizeof bytes)) != NULL);
    return lc_token_set(tokens, token, lc_bytes(bytes, sizeof bytes));
}

void lc_token_drop(struct lc_map *tokens, struct lc_token *token)
{
    if (token->listed) {
        lc_map_remove(tokens, &token->node);
        token->listed = false;
    }
}

static struct lc_token *first_equal(struct lc_map_node *node, struct lc_bytes bytes)
{
    for (; node != NULL; node = lc_map_find_next(node)) {
        struct lc_token *token = lc_container(node, struct lc_token, node);
        if (lc_bytes_equal(lc_token_bytes(token), bytes)) {
            return token;
        }
    }
    return NULL;
}

struct lc_token *lc_token_find(const struct lc_map *tokens, struct lc_bytes bytes)
{
    return first_equal(lc_map_find(tokens, lc_hash(bytes.data, bytes.len, 0)), bytes);
}

struct lc_token *lc_token_find_next(const struct lc_token *token)
{
    return first_equal(lc_map_find_next(&token->node), lc_token_bytes(token));
}

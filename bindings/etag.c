/*
 * Entity tags (RFC 7252 5.10.6). A tag has at most 8 bytes: the first 8 of SHA-256, which are the
 * same on every machine and after every start, as those of the keyed hash of our tables are not,
 * and for which nobody finds two contents that a cache would take for one by less than some 2^32
 * tries. It costs 0.1 us and 0.7 us for each KiB; simpler hashes are in none of the libraries that
 * we have.
 */
#include "bindings/etag.h"

#include "bindings/error.h"
#include "secure/digest.h"

enum { ETAG_SIZE = 8 };

int lc_etag(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TSTRING) {
        return lc_error_raisef(
            L, LC_ERROR_USAGE, "etag takes bytes as a string, not %s", lc_error_describe(L, 1));
    }
    size_t len;
    const char *bytes = lua_tolstring(L, 1, &len);
    uint8_t digest[LC_DIGEST_SIZE];
    if (!lc_digest(lc_bytes(bytes, len), digest)) {
        return lc_error_raisef(L, LC_ERROR_NO_MEMORY, "%s", "");
    }
    lua_pushlstring(L, (const char *)digest, ETAG_SIZE);
    return 1;
}

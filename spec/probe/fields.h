/*
 * What the probes of the message layer and above read from the tables that specs give them.
 * An address is an integer: an IPv4 address << 16 | a port; 0 is the unspecified one.
 */
#ifndef LC_SPEC_PROBE_FIELDS_H
#define LC_SPEC_PROBE_FIELDS_H

#include "message/params.h"
#include "net/transport.h"

#include <lauxlib.h>

static inline struct lc_address field_address(lua_Integer number)
{
    struct lc_address address = {0};
    if (number != 0) {
        uint32_t ip = (uint32_t)(number >> 16);
        address.is_ipv4 = 1;
        address.port = (uint16_t)number;
        address.ip[10] = address.ip[11] = 0xff;
        for (int i = 0; i < 4; i++) {
            address.ip[12 + i] = (uint8_t)(ip >> (24 - 8 * i));
        }
    }
    return address;
}

static inline lua_Integer field_address_number(const struct lc_address *address)
{
    lua_Integer ip = 0;
    for (int i = 0; i < 4; i++) {
        ip = ip << 8 | address->ip[12 + i];
    }
    return ip << 16 | address->port;
}

static inline lua_Integer field_integer(
    lua_State *L, int table, const char *name, lua_Integer otherwise)
{
    lua_getfield(L, table, name);
    lua_Integer value = luaL_optinteger(L, -1, otherwise);
    lua_pop(L, 1);
    return value;
}

static inline double field_number(lua_State *L, int table, const char *name, double otherwise)
{
    lua_getfield(L, table, name);
    double value = luaL_optnumber(L, -1, otherwise);
    lua_pop(L, 1);
    return value;
}

/* The string stays in the table, which keeps it alive. */
static inline struct lc_bytes field_bytes(lua_State *L, int table, const char *name)
{
    size_t len;
    lua_getfield(L, table, name);
    const char *data = luaL_optlstring(L, -1, "", &len);
    lua_pop(L, 1);
    return lc_bytes(data, len);
}

/* { to =, from =, session = of the address it goes to } */
static inline struct lc_path field_path(lua_State *L, int table)
{
    struct lc_path path = {
        .remote = field_address(field_integer(L, table, "to", 0)),
        .local = field_address(field_integer(L, table, "from", 0)),
    };
    path.remote.session = (uint32_t)field_integer(L, table, "session", 0);
    return path;
}

/* The defaults, changed by the fields that the table, if it is one, has. */
static inline struct lc_params field_params_of(lua_State *L, int table)
{
    struct lc_params params = LC_PARAMS_DEFAULT;
    if (lua_istable(L, table)) {
        params.ack_timeout = field_integer(L, table, "ack_timeout", params.ack_timeout);
        params.ack_random_factor =
            field_number(L, table, "ack_random_factor", params.ack_random_factor);
        params.max_retransmit =
            (unsigned)field_integer(L, table, "max_retransmit", params.max_retransmit);
        params.nstart = (unsigned)field_integer(L, table, "nstart", params.nstart);
        params.max_latency = field_integer(L, table, "max_latency", params.max_latency);
        params.probing_rate = field_number(L, table, "probing_rate", params.probing_rate);
    }
    return params;
}

#endif

/* Certificate objects. Without DTLS there are only empty ones. */
#ifndef LC_BINDINGS_CERTIFICATE_H
#define LC_BINDINGS_CERTIFICATE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/* The store types of the reference. */
struct lc_certificate_store {
    const char *name; /* "cstPFXFile" */
    int number;
};

extern const struct lc_certificate_store lc_certificate_stores[];
extern const size_t lc_certificate_store_count;

void lc_certificate_open(lua_State *L);

/* lunacoap.Certificate(...): the reference's four constructors, told apart by their arguments. */
int lc_certificate_new(lua_State *L);

/* Pushes an empty one. */
void lc_certificate_push_empty(lua_State *L);

/* Whether the value at `index` is a Certificate object. */
bool lc_certificate_is(lua_State *L, int index);

#endif

/* Certificate objects: the fields and constructors of the reference over secure/certificate.h. */
#ifndef LC_BINDINGS_CERTIFICATE_H
#define LC_BINDINGS_CERTIFICATE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "secure/certificate.h"

/* The store types of the reference. */
struct lc_certificate_store {
    const char *name; /* "cstPFXFile" */
    int number;
};

extern const struct lc_certificate_store lc_certificate_stores[];
extern const size_t lc_certificate_store_count;

/* Makes the metatable; called once when a state is opened. */
void lc_certificate_register(lua_State *L);

/* lunacoap.Certificate(...): the reference's four constructors, told apart by their arguments. */
int lc_certificate_new(lua_State *L);

/* Pushes an empty one. */
void lc_certificate_push_empty(lua_State *L);

/* Pushes one that holds `certificate`; NULL: an empty one. */
void lc_certificate_push(lua_State *L, struct lc_certificate *certificate);

/* What the Certificate object at `index` holds: NULL when it is empty. Borrowed. */
struct lc_certificate *lc_certificate_get(lua_State *L, int index);

/* Whether the value at `index` is a Certificate object. */
bool lc_certificate_is(lua_State *L, int index);

#endif

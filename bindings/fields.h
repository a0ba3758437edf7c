/* The named fields of an object: from the key that a script used to a number for a switch. */
#ifndef LC_BINDINGS_FIELDS_H
#define LC_BINDINGS_FIELDS_H

#include <lua.h>
#include <stddef.h>

/* Which fields a kind of object has; constant data. */
struct lc_fields {
    const char *what; /* "CoAPOption" */
    const char *const *names;
    size_t count;
};

/* Pushes a C function whose first upvalue is what lc_fields_find() needs. */
void lc_fields_push_function(lua_State *L, const struct lc_fields *fields, lua_CFunction function);

/*
 * The place in `names` of the key at `index`; raises for any other key. Only in functions that
 * lc_fields_push_function() made for the same fields.
 */
int lc_fields_find(lua_State *L, const struct lc_fields *fields, int index);

/* Raises when the table at `index`, which describes such an object, has a key that is none of the
 * names. */
void lc_fields_check(lua_State *L, const struct lc_fields *fields, int index);

/* Raises Code 1: "<what>.<field> is read-only". */
int lc_fields_read_only(lua_State *L, const struct lc_fields *fields, int field);

#endif

/*
 * The way through a Lua value that a codec writes: how deep it is, and how a message names the part
 * that cannot be written: "cbor.encode: value.list[2]: CBOR has nothing for a function".
 */
#ifndef LC_BINDINGS_WALK_H
#define LC_BINDINGS_WALK_H

#include <lua.h>
#include <stdbool.h>

enum { LC_WALK_DEPTH = 128 };

/* How to get from a value to one inside it. */
struct lc_step {
    int key;           /* where the key of a map's pair stands on the stack; 0: not in a map */
    lua_Integer place; /* the place in an array; 0: not in an array, but behind a tag */
};

struct lc_walk {
    lua_State *L;
    const char *function; /* such as "cbor.encode" */
    int depth;
    struct lc_step steps[LC_WALK_DEPTH];
};

/* One level down, with room on the stack for what happens there. Raises when it is too deep. */
void lc_walk_enter(struct lc_walk *walk, struct lc_step step);
void lc_walk_leave(struct lc_walk *walk);

/* Raises that the present value cannot be written, and why. */
void lc_walk_refuse(struct lc_walk *walk, const char *why);

/* The same: `what`, such as "CBOR", has nothing for the value at `index`. */
void lc_walk_refuse_type(struct lc_walk *walk, const char *what, int index);

/* How many items the table at `index` has when it is an array: by its mark, or since its keys are
 * 1, 2, 3 ...; -1 for a map. Raises for one that is marked as an array and has other keys. */
lua_Integer lc_walk_items(struct lc_walk *walk, int index);

#endif

/*
 * Error objects: tables with Code, Message, Where and Traceback, whose tostring is
 * "704: Message transmission timed out: coap://...".
 */
#ifndef LC_BINDINGS_ERROR_H
#define LC_BINDINGS_ERROR_H

#include <lua.h>

#include "base/error.h"

/* Makes the metatable; called once when a state is opened. */
void lc_error_open(lua_State *L);

/*
 * Pushes an error object. Message is `text`, which lc_fail() has made complete; Where is the line
 * of the Lua function that called into C ("file:line"), Traceback starts there too. May raise a
 * memory error.
 */
void lc_error_push(lua_State *L, int code, const char *text);

/* Raise one; the second makes the text as lc_fail() does. */
int lc_error_raise(lua_State *L, const struct lc_error *error);
int lc_error_raisef(lua_State *L, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Turns whatever a task ended with (at the top of `thread`'s stack) into an error object at the top
 * of L's stack: error objects stay, others become Code 1 with their text, of which a position in
 * front moves to Where; a missing Traceback is taken from the thread. May raise a memory error.
 */
void lc_error_from_thread(lua_State *L, lua_State *thread);

/* lunacoap.traceback(raised): what error() was given as text becomes an error object. */
int lc_error_traceback(lua_State *L);

/* Raises Code 1: "<what> has no <kind> '<name>'; did you mean '<nearest>'?" The nearest comes from
 * `names`. */
int lc_error_unknown(lua_State *L, const char *what, const char *kind, const char *name,
    const char *const *names, size_t count);

/* The same for the value at `key`, with the string keys of the Lua table at `table` to choose from.
 */
int lc_error_unknown_key(lua_State *L, const char *what, const char *kind, int key, int table);

/* Makes the module at the top of the stack, called `what`, raise for names that it does not have: a
 * misspelled function would else be an attempt to call nil. */
void lc_error_guard(lua_State *L, const char *what);

/* The object at index 1, one of the class of that metatable, of which a method was called. Raises
 * Code 1 for any other value: "a method of a <what> was called on ...". */
void *lc_error_check_self(lua_State *L, const char *class, const char *what);

/* Pushes how a message names the value at `index`: 'text', 12, true, nil, a table. */
const char *lc_error_describe(lua_State *L, int index);

#endif

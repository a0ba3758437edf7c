/* lunacoap.folder(path): the files of a folder, and nothing outside of it; see base/folder.h. */
#ifndef LC_BINDINGS_FOLDER_H
#define LC_BINDINGS_FOLDER_H

#include <lua.h>

/* Makes the metatable; called once when a state is opened. */
void lc_folder_register(lua_State *L);

/* folder(path) -> object | nil, message, number of the system's error, as io.open does. */
int lc_folder_new(lua_State *L);

#endif

/* The module `lunacoap`: its table, made of the parts that stand in files of their own. */
#include "bindings/lunacoap.h"

#include <lauxlib.h>

#include "bindings/buffer.h"
#include "bindings/capture.h"
#include "bindings/cbor.h"
#include "bindings/cbor_value.h"
#include "bindings/certificate.h"
#include "bindings/component.h"
#include "bindings/constants.h"
#include "bindings/descriptors.h"
#include "bindings/embed.h"
#include "bindings/endpoint.h"
#include "bindings/error.h"
#include "bindings/etag.h"
#include "bindings/event.h"
#include "bindings/folder.h"
#include "bindings/json.h"
#include "bindings/limit.h"
#include "bindings/linkformat.h"
#include "bindings/loop.h"
#include "bindings/message.h"
#include "bindings/modules.h"
#include "bindings/nearest.h"
#include "bindings/option.h"
#include "bindings/pending.h"
#include "bindings/process.h"
#include "bindings/spawn.h"
#include "bindings/state.h"
#include "bindings/task.h"
#include "bindings/terminal.h"
#include "bindings/timer.h"
#include "bindings/totals.h"
#include "bindings/virtual.h"

static void open_classes(lua_State *L)
{
    lc_error_open(L);
    lc_buffer_open(L);
    lc_cbor_value_register(L);
    lc_json_register(L);
    struct lc_state *state = lc_state_open(L);
    lc_wait_open(L);
    lc_event_open(L, state);
    lc_option_open(L);
    lc_certificate_register(L);
    lc_folder_register(L);
    lc_pending_open(L);
    lc_endpoint_register(L);
    lc_process_register(L);
    lc_spawn_register(L);
    lc_timer_object_register(L);
    lc_component_open_class(L);
}

int luaopen_lunacoap(lua_State *L)
{
    static const luaL_Reg functions[] = {{"CoAP", lc_component_new}, {"CoAPOption", lc_option_new},
        {"Certificate", lc_certificate_new}, {"descriptors", lc_descriptors},
        {"endpoint", lc_endpoint_new}, {"etag", lc_etag}, {"folder", lc_folder_new},
        {"isatty", lc_terminal_isatty}, {"nearest", lc_nearest}, {"statistics", lc_statistics},
        {"traceback", lc_error_traceback}, {NULL, NULL}};
    if (!lc_state_exists(L)) {
        open_classes(L);
    }
    lc_embed_install(L);
    luaL_newlib(L, functions);
    lc_loop_open(L);
    lc_limit_open(L);
    lc_virtual_open(L);
    lc_constants_open(L);
    lc_linkformat_open(L);
    lc_cbor_open(L);
    lc_json_open(L);
    lc_message_open(L);
    lc_capture_library_open(L);
    lc_process_open(L);
    lua_pushliteral(L, LC_VERSION);
    lua_setfield(L, -2, "VERSION");
    lc_modules_open(L);
    return 1;
}

/* Programs that a script starts; see process.h and net/child.h. */
#include "bindings/process.h"

#include <lauxlib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "bindings/error.h"
#include "bindings/fields.h"
#include "bindings/loop.h"
#include "bindings/process_start.h"
#include "bindings/state.h"
#include "bindings/task.h"
#include "net/child.h"

#define PROCESS "lunacoap.Process"
#define START "lunacoap.Process.start"

/* Of its output so much is kept at least, twice that at most. */
enum { OUTPUT_KEPT = 256 * 1024 };

/* Lines that a message shows. */
enum { LINES_SHOWN = 10 };

/* Seconds. */
#define GRACE 5.0
#define FOR_GOOD 1e9

struct process {
    struct lc_state *state;
    struct lc_child *child; /* NULL: it did not start, or is collected */
    struct lc_buf output;
    size_t forgotten; /* bytes before `output` */
    size_t seen;      /* bytes, those included, that expect() has gone through */
    struct lc_list waiters;
};

/* ---- What happens to it ---- */

static void wake(struct process *process)
{
    lc_list_for_each (link, &process->waiters) {
        lc_wait_over(lc_container(link, struct lc_wait, link));
    }
}

static void on_output(void *arg, struct lc_bytes bytes)
{
    struct process *process = arg;
    struct lc_buf *output = &process->output;
    lc_buf_append(output, bytes.data, bytes.len); /* without memory, output is lost */
    if (output->len > 2 * OUTPUT_KEPT) {
        size_t old = output->len - OUTPUT_KEPT;
        memmove(output->data, output->data + old, OUTPUT_KEPT);
        output->len = OUTPUT_KEPT;
        process->forgotten += old;
    }
    wake(process);
}

static void on_ended(void *arg)
{
    wake(arg);
}

static const struct lc_child_events events = {.output = on_output, .ended = on_ended};

static bool is_running(const struct process *process)
{
    return process->child != NULL && lc_child_running(process->child);
}

/* ---- Arguments ---- */

static struct process *check_process(lua_State *L)
{
    struct process *process = lc_error_check_self(L, PROCESS, "process");
    if (process->child == NULL) {
        lc_error_raisef(L, LC_ERROR_USAGE, "the process is gone");
    }
    return process;
}

static lua_Number take_seconds(lua_State *L, int index, const char *what, lua_Number otherwise)
{
    if (lua_isnoneornil(L, index)) {
        return otherwise;
    }
    lc_loop_check_seconds(L, index, what, " or nil");
    return lua_tonumber(L, index);
}

/* The moment so many seconds from now. */
static lc_time moment_after(struct lc_state *state, lua_Number seconds)
{
    lc_loop_update(state->loop);
    return lc_loop_timers(state->loop)->now + (lc_time)(seconds * LC_SECOND);
}

/* ---- Messages ---- */

/* Pushes how the message calls it: its program. */
static const char *push_name(lua_State *L, int index)
{
    lua_getiuservalue(L, index, 1);
    return lua_tostring(L, -1);
}

/* The last lines of output, with what introduces them. */
static const char *push_last_lines(lua_State *L, const struct process *process)
{
    struct lc_bytes text = lc_buf_bytes(&process->output);
    while (text.len > 0 && text.data[text.len - 1] == '\n') {
        text.len--;
    }
    size_t start = text.len;
    for (int lines = 0; start > 0; start--) {
        if (text.data[start - 1] == '\n' && ++lines == LINES_SHOWN) {
            break;
        }
    }
    if (text.len == 0) {
        return lua_pushliteral(L, "it printed nothing");
    }
    lua_pushliteral(L, "it printed last:\n");
    lua_pushlstring(L, (const char *)text.data + start, text.len - start);
    lua_concat(L, 2);
    return lua_tostring(L, -1);
}

/* Pushes "ended with status 1" or "was ended by SIGKILL". */
static const char *push_end(lua_State *L, const struct process *process)
{
    int status = lc_child_status(process->child);
    if (WIFSIGNALED(status)) {
        return lua_pushfstring(L, "was ended by SIG%s", sigabbrev_np(WTERMSIG(status)));
    }
    return lua_pushfstring(L, "ended with status %d", WEXITSTATUS(status));
}

/* Raises the text at the top as an error object: the last lines may be longer than lc_fail takes.
 */
static int raise_text(lua_State *L, int code)
{
    lc_error_push(L, code, lua_tostring(L, -1));
    return lua_error(L);
}

/* ---- expect ---- */

/* Where the stack holds what expect needs while it waits. */
enum { AT_PROCESS = 1, AT_PATTERN, AT_SECONDS, AT_MOMENT, AT_STARTING, EXPECT_SLOTS = AT_STARTING };

/* Pushes what the pattern captures of a line, or the line's part that it matches; 0: nothing. */
static int match(lua_State *L, struct lc_bytes line)
{
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, "string");
    lua_getfield(L, -1, "match");
    lua_pushlstring(L, (const char *)line.data, line.len);
    lua_pushvalue(L, AT_PATTERN);
    lua_call(L, 2, LUA_MULTRET);
    int count = lua_gettop(L) - top - 2;
    if (lua_isnil(L, top + 3)) {
        lua_settop(L, top);
        return 0;
    }
    return count;
}

/* The next line that has not been gone through: one that is complete, for a pattern may match less
 * of a part; after the end, the rest is one too. */
static bool next_line(struct process *process, struct lc_bytes *line)
{
    if (process->seen < process->forgotten) {
        process->seen = process->forgotten;
    }
    size_t start = process->seen - process->forgotten, left = process->output.len - start;
    const uint8_t *text = process->output.data + start;
    const uint8_t *end = left > 0 ? memchr(text, '\n', left) : NULL;
    if (left == 0 || (end == NULL && is_running(process))) {
        return false;
    }
    *line = lc_bytes(text, end == NULL ? left : (size_t)(end - text));
    process->seen += line->len + (end == NULL ? 0 : 1);
    if (line->len > 0 && text[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

static int find(lua_State *L, struct process *process)
{
    struct lc_bytes line;
    while (next_line(process, &line)) {
        int count = match(L, line);
        if (count > 0) {
            return count;
        }
    }
    return 0;
}

/* It has ended, or it is too late. */
static int fail_expecting(lua_State *L, struct process *process)
{
    const char *name = push_name(L, AT_PROCESS), *pattern = lua_tostring(L, AT_PATTERN);
    const char *lines = push_last_lines(L, process);
    bool ended = !is_running(process);
    if (ended) {
        lua_pushfstring(
            L, "%s %s before it printed '%s'; %s", name, push_end(L, process), pattern, lines);
    } else {
        lua_pushfstring(L, "%s has not printed '%s' within %s s; %s", name, pattern,
            lua_tostring(L, AT_SECONDS), lines);
    }
    return raise_text(L, ended ? LC_ERROR_USAGE : LC_ERROR_TIMED_OUT);
}

/* Ends the process of start{}, unless it is ready: whatever is raised meanwhile, and however the
 * task ends, nobody else has it. */
static int end_start(lua_State *L)
{
    const bool *is_ready = lua_touserdata(L, 1);
    lua_getiuservalue(L, 1, 1);
    struct process *process = lua_touserdata(L, -1);
    if (!*is_ready && is_running(process)) {
        lc_child_end(process->child);
    }
    return 0;
}

/* Pushes what does that when the stack is left. */
static void push_start(lua_State *L)
{
    bool *is_ready = lua_newuserdatauv(L, sizeof *is_ready, 1);
    *is_ready = false;
    lua_pushvalue(L, AT_PROCESS);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, START);
    lua_toclose(L, -1);
}

static int ready(lua_State *L)
{
    bool *is_ready = lua_touserdata(L, AT_STARTING);
    *is_ready = true;
    lua_pushvalue(L, AT_PROCESS);
    return 1;
}

static int expect(lua_State *L);

/* Takes the wait off that is over. Not by lua_settop(), for that of Lua 5.4.4 goes on with the old
 * stack when closing the wait has moved it. */
static void drop_wait(lua_State *L)
{
    lua_closeslot(L, -1);
    lua_pop(L, 1);
}

static int expect_again(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    drop_wait(L);
    return expect(L);
}

/* Suspends the task until something happens to the process, or until that moment. */
static int wait_until(lua_State *L, struct process *process, lc_time moment, lua_KFunction go_on)
{
    struct lc_wait *wait = lc_wait_push(L);
    lc_wait_until(wait, moment - lc_loop_timers(process->state->loop)->now);
    lc_list_append(&process->waiters, &wait->link);
    return lc_wait_run(L, wait, go_on);
}

static bool is_past(const struct process *process, lc_time moment)
{
    lc_loop_update(process->state->loop);
    return moment <= lc_loop_timers(process->state->loop)->now;
}

static int expect(lua_State *L)
{
    lua_settop(L, EXPECT_SLOTS);
    struct process *process = check_process(L);
    lc_time moment = (lc_time)lua_tointeger(L, AT_MOMENT);
    int count = find(L, process);
    if (count > 0 && lua_toboolean(L, AT_STARTING)) {
        return ready(L);
    } else if (count > 0) {
        return count;
    } else if (!is_running(process) || is_past(process, moment)) {
        return fail_expecting(L, process);
    }
    return wait_until(L, process, moment, expect_again);
}

/* expect(pattern[, within]) */
static int method_expect(lua_State *L)
{
    struct process *process = check_process(L);
    if (lua_type(L, AT_PATTERN) != LUA_TSTRING) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "expect takes a pattern for a line of output, not %s",
            lc_error_describe(L, AT_PATTERN));
    }
    lua_Number within =
        take_seconds(L, AT_SECONDS, "expect's second argument", LC_PROCESS_PATIENCE);
    lua_settop(L, AT_PATTERN);
    lua_pushnumber(L, within);
    lua_pushinteger(L, (lua_Integer)moment_after(process->state, within));
    lua_pushboolean(L, false);
    return expect(L);
}

/* ---- Its end ---- */

/* Pushes the exit status, or nil and the signal that ended it. */
static int push_status(lua_State *L, const struct process *process)
{
    int status = lc_child_status(process->child);
    if (WIFSIGNALED(status)) {
        lua_pushnil(L);
        lua_pushfstring(L, "SIG%s", sigabbrev_np(WTERMSIG(status)));
        return 2;
    }
    lua_pushinteger(L, WEXITSTATUS(status));
    return 1;
}

static int wait_for_end(lua_State *L);

static int wait_again(lua_State *L, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    drop_wait(L);
    return wait_for_end(L);
}

/* Stack: the process, seconds, the moment, whether it is killed then. */
static int wait_for_end(lua_State *L)
{
    lua_settop(L, 4);
    struct process *process = check_process(L);
    lc_time moment = (lc_time)lua_tointeger(L, 3);
    if (!is_running(process)) {
        return push_status(L, process);
    } else if (!is_past(process, moment)) {
        return wait_until(L, process, moment, wait_again);
    } else if (lua_toboolean(L, 4)) {
        lc_child_signal(process->child, SIGKILL);
        lua_pushinteger(L, (lua_Integer)moment_after(process->state, FOR_GOOD));
        lua_replace(L, 3);
        return wait_for_end(L);
    }
    lua_pushfstring(L, "%s has not ended within %s s; %s", push_name(L, 1), lua_tostring(L, 2),
        push_last_lines(L, process));
    return raise_text(L, LC_ERROR_TIMED_OUT);
}

static int begin_waiting(lua_State *L, struct process *process, lua_Number seconds, bool kill)
{
    lua_settop(L, 1);
    lua_pushnumber(L, seconds);
    lua_pushinteger(L, (lua_Integer)moment_after(process->state, seconds));
    lua_pushboolean(L, kill);
    return wait_for_end(L);
}

/* wait([within]) */
static int method_wait(lua_State *L)
{
    struct process *process = check_process(L);
    return begin_waiting(L, process, take_seconds(L, 2, "wait", FOR_GOOD), false);
}

/* stop([grace]) */
static int method_stop(lua_State *L)
{
    struct process *process = check_process(L);
    lua_Number grace = take_seconds(L, 2, "stop", GRACE);
    lc_child_signal(process->child, SIGTERM);
    lc_child_signal(process->child, SIGCONT); /* one that is stopped hears nothing */
    return begin_waiting(L, process, grace, true);
}

static int signal_of(const char *name)
{
    if (strncmp(name, "SIG", 3) == 0) {
        name += 3;
    }
    for (int number = 1; number < NSIG; number++) {
        const char *other = sigabbrev_np(number);
        if (other != NULL && strcmp(name, other) == 0) {
            return number;
        }
    }
    return 0;
}

/* signal(name) */
static int method_signal(lua_State *L)
{
    struct process *process = check_process(L);
    int number = lua_type(L, 2) == LUA_TSTRING ? signal_of(lua_tostring(L, 2)) : 0;
    if (number == 0) {
        return lc_error_raisef(L, LC_ERROR_USAGE,
            "signal takes a name such as \"SIGHUP\" or \"TERM\", not %s", lc_error_describe(L, 2));
    }
    lc_child_signal(process->child, number);
    return 0;
}

/* __close and __gc. It stays readable after __close. */
static int close_process(lua_State *L)
{
    struct process *process = lc_error_check_self(L, PROCESS, "process");
    if (is_running(process)) {
        lc_child_end(process->child);
        wake(process);
    }
    return 0;
}

static int collect(lua_State *L)
{
    struct process *process = luaL_checkudata(L, 1, PROCESS);
    lc_child_free(process->child);
    process->child = NULL;
    lc_buf_free(&process->output);
    return 0;
}

/* ---- start ---- */

static struct process *push_process(lua_State *L)
{
    struct process *process = lua_newuserdatauv(L, sizeof *process, 1);
    *process = (struct process){.state = lc_state_of(L)};
    lc_list_init(&process->waiters);
    luaL_setmetatable(L, PROCESS);
    return process;
}

/* start{ program, arguments ..., ready=, within=, env=, cwd= } */
static int start(lua_State *L)
{
    lua_settop(L, 1);
    struct process *process = push_process(L);
    struct lc_process_start wanted;
    lc_process_start_read(L, 1, &wanted);
    lua_pushnumber(L, wanted.within);
    lua_Number within = take_seconds(L, -1, "process.start's within", 0);
    lc_time moment = moment_after(process->state, within);
    lua_pushstring(L, wanted.program.arguments[0]);
    lua_setiuservalue(L, 2, 1);
    struct lc_error error;
    process->child =
        lc_child_start(process->state->loop, &wanted.program, &events, process, &error);
    if (process->child == NULL) {
        return lc_error_raise(L, &error);
    }
    lua_pushvalue(L, 2);
    lua_replace(L, AT_PROCESS);
    if (wanted.ready == NULL) {
        lua_settop(L, AT_PROCESS);
        return 1;
    }
    lua_pushstring(L, wanted.ready);
    lua_replace(L, AT_PATTERN);
    lua_settop(L, AT_PATTERN);
    lua_pushnumber(L, within);
    lua_pushinteger(L, (lua_Integer)moment);
    push_start(L);
    return expect(L);
}

/* ---- The class ---- */

enum field {
    PID,
    RUNNING,
    OUTPUT,
    CODE,
    KILLED_BY,
    CLOSE,
    EXPECT,
    SIGNAL,
    STOP,
    WAIT,
};

static const char *const names[] = {
    "pid", "running", "output", "code", "killed_by", "close", "expect", "signal", "stop", "wait"};

static const struct lc_fields fields = {"process", names, sizeof names / sizeof names[0]};

static int push_output(lua_State *L, const struct process *process)
{
    struct lc_bytes output = lc_buf_bytes(&process->output);
    lua_pushlstring(L, (const char *)output.data, output.len);
    return 1;
}

/* The exit status, or the signal; nil when it has not ended in that way. */
static int push_end_as(lua_State *L, const struct process *process, bool killed)
{
    if (is_running(process) || WIFSIGNALED(lc_child_status(process->child)) != killed) {
        lua_pushnil(L);
    } else {
        push_status(L, process); /* the signal stands behind a nil */
    }
    return 1;
}

static int index_member(lua_State *L)
{
    static const lua_CFunction methods[] = {[CLOSE] = close_process,
        [EXPECT] = method_expect,
        [SIGNAL] = method_signal,
        [STOP] = method_stop,
        [WAIT] = method_wait};
    const struct process *process = check_process(L);
    int field = lc_fields_find(L, &fields, 2);
    switch ((enum field)field) {
    case PID:
        lua_pushinteger(L, lc_child_pid(process->child));
        return 1;
    case RUNNING:
        lua_pushboolean(L, is_running(process));
        return 1;
    case OUTPUT:
        return push_output(L, process);
    case CODE:
        return push_end_as(L, process, false);
    case KILLED_BY:
        return push_end_as(L, process, true);
    default:
        lua_pushcfunction(L, methods[field]);
        return 1;
    }
}

static int refuse_assignment(lua_State *L)
{
    return lc_fields_read_only(L, &fields, lc_fields_find(L, &fields, 2));
}

static int to_text(lua_State *L)
{
    struct process *process = check_process(L);
    lua_pushfstring(L, "%s (process %d, %s)", push_name(L, 1), (int)lc_child_pid(process->child),
        is_running(process) ? "running" : push_end(L, process));
    return 1;
}

void lc_process_register(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__gc", collect}, {"__close", close_process}, {"__tostring", to_text}, {NULL, NULL}};
    luaL_newmetatable(L, START);
    lua_pushcfunction(L, end_start);
    lua_setfield(L, -2, "__close");
    lua_pop(L, 1);
    luaL_newmetatable(L, PROCESS);
    luaL_setfuncs(L, meta, 0);
    lc_fields_push_function(L, &fields, index_member);
    lua_setfield(L, -2, "__index");
    lc_fields_push_function(L, &fields, refuse_assignment);
    lua_setfield(L, -2, "__newindex");
    lua_pop(L, 1);
}

void lc_process_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"start", start}, {NULL, NULL}};
    luaL_newlib(L, functions);
    lc_error_guard(L, "lunacoap.process");
    lua_setfield(L, -2, "process");
}

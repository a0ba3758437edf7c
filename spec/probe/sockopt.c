/* probe.sockopt: what the system knows of a socket of this process. */
#include "spec/probe/probe.h"

#include <lauxlib.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { FDS = 1024 };

static int bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } name;
    socklen_t len = sizeof name;
    if (getsockname(fd, &name.any, &len) != 0) {
        return 0;
    }
    return ntohs(name.any.sa_family == AF_INET6 ? name.ipv6.sin6_port : name.ipv4.sin_port);
}

static void set_option(lua_State *L, int fd, const char *field, int level, int name)
{
    int value;
    socklen_t len = sizeof value;
    if (getsockopt(fd, level, name, &value, &len) == 0) {
        lua_pushinteger(L, value);
        lua_setfield(L, -2, field);
    }
}

/* of(port) -> the options of the UDP socket that is bound to this port | nil */
static int of(lua_State *L)
{
    int port = (int)luaL_checkinteger(L, 1), fd = 0;
    while (fd < FDS && bound_port(fd) != port) {
        fd++;
    }
    if (fd == FDS) {
        return 0;
    }
    lua_newtable(L);
    set_option(L, fd, "receive_buffer", SOL_SOCKET, SO_RCVBUF);
    set_option(L, fd, "send_buffer", SOL_SOCKET, SO_SNDBUF);
    set_option(L, fd, "tos", IPPROTO_IP, IP_TOS);
    set_option(L, fd, "mtu_discover", IPPROTO_IP, IP_MTU_DISCOVER);
    set_option(L, fd, "traffic_class", IPPROTO_IPV6, IPV6_TCLASS);
    set_option(L, fd, "mtu_discover6", IPPROTO_IPV6, IPV6_MTU_DISCOVER);
    return 1;
}

int lc_probe_sockopt(lua_State *L)
{
    static const luaL_Reg functions[] = {{"of", of}, {0, 0}};
    luaL_newlib(L, functions);
    return 1;
}

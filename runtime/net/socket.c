/* Making a socket: family, options, groups, address. Every option is one row of a table. */
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "net/private.h"

static const int LARGE_BUFFER = 4 << 20;

/* One setsockopt() of an int. */
struct row {
    bool wanted;
    int level, name, value;
    const char *what;
};

static int set_rows(int fd, const struct row *rows, size_t count, struct lc_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        if (row->wanted &&
            setsockopt(fd, row->level, row->name, &row->value, sizeof row->value) != 0) {
            return lc_fail_errno(error, errno, "the socket does not take %s", row->what);
        }
    }
    return 0;
}

/* Beyond the system's limit needs a privilege; without it, as large as the system allows. */
static void set_buffer(int fd, int forced, int plain, int size)
{
    size = size > 0 ? size : LARGE_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) != 0) {
        setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
    }
}

static int set_options(const struct lc_udp *udp, int fd, const struct lc_udp_options *options,
    bool dual_stack, struct lc_error *error)
{
    bool ipv6 = udp->ipv6, ipv4 = !ipv6 || dual_stack;
    bool share = options->share_port, whole = options->dont_fragment, dscp = options->dscp > 0;
    bool info = udp->packet_info;
    int traffic = options->dscp << 2;
    const struct row rows[] = {
        {ipv6, IPPROTO_IPV6, IPV6_V6ONLY, !dual_stack, "IPV6_V6ONLY"},
        {share, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR"},
        {share, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT"},
        {ipv4, IPPROTO_IP, IP_RECVERR, 1, "IP_RECVERR"},
        {ipv6, IPPROTO_IPV6, IPV6_RECVERR, 1, "IPV6_RECVERR"},
        {info && !ipv6, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"},
        {info && ipv6, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"},
        /* Only the groups of this socket, not those of all others on the machine. */
        {ipv4, IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"},
        {ipv6, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL"},
        {whole && ipv4, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, "IP_MTU_DISCOVER"},
        {whole && ipv6, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, "IPV6_MTU_DISCOVER"},
        {dscp && ipv4, IPPROTO_IP, IP_TOS, traffic, "DSCP"},
        {dscp && ipv6, IPPROTO_IPV6, IPV6_TCLASS, traffic, "DSCP"},
    };
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options->receive_buffer);
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options->send_buffer);
    return set_rows(fd, rows, sizeof rows / sizeof rows[0], error);
}

static int join(int fd, const struct lc_address *group, struct lc_error *error)
{
    int result;
    if (group->is_ipv4) {
        struct ip_mreqn request = {.imr_ifindex = (int)group->scope};
        memcpy(&request.imr_multiaddr, group->ip + 12, 4);
        result = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
    } else {
        struct ipv6_mreq request = {.ipv6mr_interface = group->scope};
        memcpy(&request.ipv6mr_multiaddr, group->ip, sizeof group->ip);
        result = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof request);
    }
    char text[LC_ADDRESS_TEXT];
    return result == 0 ? 0
                       : lc_fail_errno(error, errno, "cannot join the multicast group %s",
                             lc_address_host(group, text));
}

static int join_all(int fd, const struct lc_udp_options *options, struct lc_error *error)
{
    if (options->group_count > 0 && !lc_address_is_any(&options->local)) {
        return lc_fail(error, LC_ERROR_INVALID,
            "multicast groups are received on all interfaces only: leave the local address unset");
    }
    for (size_t i = 0; i < options->group_count; i++) {
        int code = join(fd, &options->groups[i], error);
        if (code != 0) {
            return code;
        }
    }
    return 0;
}

static int bind_to(int fd, bool ipv6, const struct lc_address *local, struct lc_error *error)
{
    struct sockaddr_storage name;
    unsigned len = lc_address_to(local, ipv6, &name);
    if (ipv6 && local->is_ipv4) { /* 0.0.0.0 of a dual-stack socket: both families */
        ((struct sockaddr_in6 *)&name)->sin6_addr = in6addr_any;
    }
    if (bind(fd, (struct sockaddr *)&name, len) == 0) {
        return 0;
    }
    char text[LC_ADDRESS_TEXT];
    return lc_fail_errno(error, errno, "cannot bind %s", lc_address_text(local, text));
}

static int connect_to(int fd, bool ipv6, const struct lc_address *remote, struct lc_error *error)
{
    if (remote == NULL) {
        return 0;
    }
    struct sockaddr_storage name;
    unsigned len = lc_address_to(remote, ipv6, &name);
    if (len > 0 && connect(fd, (struct sockaddr *)&name, len) == 0) {
        return 0;
    }
    char text[LC_ADDRESS_TEXT];
    return lc_fail_errno(error, len > 0 ? errno : EAFNOSUPPORT, "cannot connect to %s",
        lc_address_text(remote, text));
}

static int set_up(
    struct lc_udp *udp, int fd, const struct lc_udp_options *options, struct lc_error *error)
{
    if (options->dscp < 0 || options->dscp > 63) {
        return lc_fail(error, LC_ERROR_INVALID, "DSCP is from 0 to 63, not %d", options->dscp);
    }
    bool any = lc_address_is_any(&options->local);
    bool dual_stack = udp->ipv6 && any && options->dual_stack;
    int code = set_options(udp, fd, options, dual_stack, error);
    if (code == 0) {
        code = bind_to(fd, udp->ipv6, &options->local, error);
    }
    if (code == 0) {
        code = join_all(fd, options, error);
    }
    if (code == 0) {
        code = connect_to(fd, udp->ipv6, options->connect, error);
    }
    union lc_batch_name name;
    socklen_t len = sizeof name;
    if (code == 0 && getsockname(fd, &name.any, &len) != 0) {
        code = lc_fail_errno(error, errno, "cannot read the socket's address");
    }
    if (code == 0) {
        lc_address_from(&udp->local, &name.any);
    }
    return code;
}

int lc_socket_open(struct lc_udp *udp, const struct lc_udp_options *options, struct lc_error *error)
{
    bool any = lc_address_is_any(&options->local);
    udp->ipv6 = !options->local.is_ipv4 || (any && options->dual_stack);
    udp->connected = options->connect != NULL;
    udp->packet_info = options->packet_info || (any && !udp->connected);
    int fd = socket(udp->ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        lc_fail_errno(error, errno, "cannot open an %s socket%s", udp->ipv6 ? "IPv6" : "IPv4",
            errno == EMFILE ? "; ulimit -n says how many files a program may have open" : "");
        return -1;
    }
    if (set_up(udp, fd, options, error) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

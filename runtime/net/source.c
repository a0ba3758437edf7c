/* The system's choice of a source address, asked by connecting a socket, which sends nothing; see
 * source.h. */
#include "net/source.h"

#include <sys/socket.h>
#include <unistd.h>

static const lc_time kept = 10 * LC_SECOND;

static bool ask(int fd, const struct lc_address *remote, struct lc_address *out)
{
    struct sockaddr_storage name;
    socklen_t len = lc_address_to(remote, !remote->is_ipv4, &name);
    if (connect(fd, (struct sockaddr *)&name, len) != 0) {
        return false;
    }
    len = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0) {
        return false;
    }
    lc_address_from(out, (struct sockaddr *)&name);
    out->port = 0;
    return true;
}

static struct lc_address find(const struct lc_address *remote)
{
    struct lc_address source, to = *remote;
    to.port = to.port == 0 ? 9 : to.port; /* any will do, but 0 is none */
    lc_address_any(&source, remote->is_ipv4);
    int fd = socket(remote->is_ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        ask(fd, &to, &source);
        close(fd);
    }
    return source;
}

struct lc_address lc_source_of(
    struct lc_sources *sources, lc_time now, const struct lc_address *remote)
{
    struct lc_address bare = *remote;
    bare.port = 0;
    bare.session = 0;
    struct lc_source *slot = &sources->known[lc_address_hash(&bare) % LC_SOURCES];
    if (now >= slot->until || !lc_address_equal(&slot->remote, &bare)) {
        *slot = (struct lc_source){bare, find(&bare), now + kept};
    }
    return slot->source;
}

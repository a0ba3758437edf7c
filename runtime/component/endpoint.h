/*
 * An open endpoint (RFC 7252 1.2): one socket and the protocol layers that stand on it. Composes
 * them and passes what comes in to the role it belongs to; knows no events and no properties.
 */
#ifndef LC_COMPONENT_ENDPOINT_H
#define LC_COMPONENT_ENDPOINT_H

#include "component/totals.h"
#include "message/channel.h"
#include "net/faults.h"
#include "net/tap.h"
#include "net/udp.h"
#include "request/client.h"
#include "request/server.h"
#include "secure/dtls.h"

/* What the layers read again and again; the component writes it when a setting changes. */
struct lc_tuning {
    struct lc_params params;
    struct lc_limits limits;
};

struct lc_endpoint {
    struct lc_loop *loop;
    const struct lc_log *log;
    struct lc_udp *udp;
    struct lc_tap *tap;       /* on the socket; NULL: nobody wants to see what passes */
    struct lc_faults *faults; /* above that; NULL: none. Not owned */
    struct lc_dtls *dtls;     /* below the channel; NULL until there is a session to have */
    struct lc_tap *clear;     /* on DTLS; NULL: nobody wants to see that in clear */
    struct lc_channel *channel;
    struct lc_client *client; /* NULL until the first request of ours */
    struct lc_server *server; /* NULL until it listens for the first time */
    struct lc_tuning tuning;
    struct lc_address asked;     /* where the last request of ours went */
    struct lc_address reached;   /* where the last datagram came to: DestinationAddress */
    struct lc_address connected; /* UseConnection: the one peer; else unspecified, port 0 */
    bool ipv6;                   /* an IPv6 socket */
};

/* NULL with `error`: see lc_udp_open(). */
struct lc_endpoint *lc_endpoint_open(struct lc_loop *loop, const struct lc_udp_options *options,
    const struct lc_tuning *tuning, const struct lc_log *log, struct lc_error *error);

/* Drops everything under way without an upcall, and adds to `closed` what it has counted. May be
 * called in one. */
void lc_endpoint_close(struct lc_endpoint *endpoint, struct lc_totals *closed);

/* Puts DTLS between socket and channel, once; what of `options` the endpoint has itself it fills
 * in. NULL: memory. */
struct lc_dtls *lc_endpoint_secure(
    struct lc_endpoint *endpoint, const struct lc_dtls_options *options);

/* Puts faults above the socket, which must outlive the endpoint or be taken away before. */
void lc_endpoint_interpose(struct lc_endpoint *endpoint, struct lc_faults *faults);

/* Puts taps where they are wanted, or takes them away (NULL); what of `options` the endpoint has
 * itself it fills in. False: memory, and there are none. */
bool lc_endpoint_tap(struct lc_endpoint *endpoint, const struct lc_tap_options *options);

/* What to open another socket like this one for: its one peer, or no address of its family. */
struct lc_address lc_endpoint_purpose(const struct lc_endpoint *endpoint);

/* Nothing is sent any more: for one that is to close without a word. */
void lc_endpoint_mute(struct lc_endpoint *endpoint);

/* The session in the address of a peer is over: nothing waits for it any more. */
void lc_endpoint_lose(struct lc_endpoint *endpoint, const struct lc_address *remote);

/* The client role, made when first asked for; NULL: memory. */
struct lc_client *lc_endpoint_client(struct lc_endpoint *endpoint);

/* The server role, likewise; `upcalls` are taken the first time. */
struct lc_server *lc_endpoint_server(
    struct lc_endpoint *endpoint, const struct lc_server_upcalls *upcalls);

#endif

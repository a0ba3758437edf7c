/* Clients of DTLS for the bench, each with a socket of its own, driven straight through the engine
 * that costs least. They take whatever certificate is shown. */
#ifndef BENCH_DTLS_CLIENT_H
#define BENCH_DTLS_CLIENT_H

#include "dtls_kind.h"
#include "generator.h"

#include "base/buf.h"

/* What they share. */
struct dtls_clients {
    const struct dtls_kind *kind;
    struct lc_context *context;
    struct lc_timers timers;
    uint16_t port;       /* of the server */
    struct lc_buf saved; /* what the first session can be resumed with */
    struct result counts;
};

struct dtls_client {
    struct dtls_clients *all;
    struct lc_session *session; /* NULL: closed */
    int fd;
    int old_fd; /* of the session before, whose last words may still be on their way; or -1 */
    bool is_up, is_over;
    bool asks; /* the server has shown its certificate */
    lc_time deadline;
    uint16_t next_mid;
    unsigned waiting;          /* requests without an answer */
    uint16_t mids[WINDOW_MAX]; /* of the requests, by mid modulo WINDOW_MAX */
    bool awaited[WINDOW_MAX];
};

void dtls_clients_init(struct dtls_clients *clients, const struct dtls_kind *kind);

/* When all of them have ended. */
void dtls_clients_end(struct dtls_clients *clients);

/* A new socket and a new session; sends its first flight. All zeroes is a fresh client. */
void dtls_client_open(struct dtls_clients *clients, struct dtls_client *client);

/* Takes what has come and does what is due. */
void dtls_client_pump(struct dtls_client *client);

/* Requests for 64 bytes, in one segmented send. */
void dtls_client_ask(struct dtls_client *client, unsigned count);

/* Says goodbye if it is up. */
void dtls_client_close(struct dtls_client *client);

/* Gives the sockets back, too. */
void dtls_client_end(struct dtls_client *client);

/* For server_start(): whether a hello is answered at that port. `clients` is a struct
 * dtls_clients. */
bool dtls_answers(uint16_t port, void *clients);

#endif

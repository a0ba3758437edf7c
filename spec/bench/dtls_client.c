/* One client of DTLS: its socket, its session, its requests. */
#include "dtls_client.h"

#include "datagram.h"
#include "packet.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MTU = 1232, ROOM = 1500, PAYLOAD = 64, TOKEN_FACTOR = 40503 };

/* The records of one segmented send. */
static struct {
    bool is_open;
    size_t length, segment;
    uint8_t data[WINDOW_MAX * 256];
} gathered;

/* ---- What the engine says ---- */

static void output(void *arg, struct lc_bytes datagram)
{
    struct dtls_client *client = arg;
    if (gathered.is_open && gathered.length + datagram.len <= sizeof gathered.data) {
        memcpy(gathered.data + gathered.length, datagram.data, datagram.len);
        gathered.length += datagram.len;
        gathered.segment = datagram.len;
    } else {
        datagram_send(client->fd, datagram.data, datagram.len, datagram.len);
    }
}

static void deadline(void *arg, lc_time at)
{
    ((struct dtls_client *)arg)->deadline = at;
}

static void up(void *arg)
{
    ((struct dtls_client *)arg)->is_up = true;
}

static void closed(void *arg, const struct lc_end *end)
{
    struct dtls_client *client = arg;
    client->is_over = true;
    if (client->all->counts.bad++ == 0)
        warnx("a session has ended: reason %d, alert %d, %s", end->reason, end->alert,
            end->text ? end->text : "");
}

static void authenticate(void *arg, const struct lc_shown *shown)
{
    (void)shown; /* settle() decides: not from within the session */
    ((struct dtls_client *)arg)->asks = true;
}

static bool valid(const struct dtls_client *client, const struct packet_answer *answer)
{
    unsigned slot = answer->mid % WINDOW_MAX;
    return client->awaited[slot] && client->mids[slot] == answer->mid &&
           answer->token == answer->mid * (uint32_t)TOKEN_FACTOR && answer->type == PACKET_ACK &&
           answer->code == PACKET_CONTENT && answer->payload_length == PAYLOAD &&
           answer->payload[0] == 'r' && answer->payload[PAYLOAD - 1] == 'r';
}

static void data(void *arg, uint8_t *bytes, size_t length)
{
    struct dtls_client *client = arg;
    struct packet_answer answer = {0};
    if (!packet_read(bytes, length, &answer) || !valid(client, &answer)) {
        if (client->all->counts.bad++ == 0)
            warnx("wrong answer: code %d.%02d, type %d, %zu bytes", answer.code >> 5,
                answer.code & 31, answer.type, length);
        return;
    }
    client->awaited[answer.mid % WINDOW_MAX] = false;
    client->waiting--;
    client->all->counts.answers++;
}

static const struct lc_session_upcalls upcalls = {.output = output,
    .deadline = deadline,
    .authenticate = authenticate,
    .up = up,
    .data = data,
    .closed = closed};

/* ---- The verbs ---- */

void dtls_clients_init(struct dtls_clients *clients, const struct dtls_kind *kind)
{
    *clients = (struct dtls_clients){
        .kind = kind, .context = dtls_context(&lc_engine_gnutls, kind, false, NULL)};
}

static int open_socket(uint16_t port)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof peer))
        err(2, "cannot open a client");
    return fd;
}

void dtls_clients_end(struct dtls_clients *clients)
{
    lc_buf_wipe(&clients->saved);
    clients->context->engine->context_free(clients->context);
}

void dtls_client_open(struct dtls_clients *clients, struct dtls_client *client)
{
    int old_fd = client->all ? client->fd : -1;
    struct lc_session_options options = {.context = clients->context,
        .timers = &clients->timers,
        .upcalls = &upcalls,
        .arg = client,
        .mtu = MTU,
        .saved = lc_buf_bytes(&clients->saved)};
    if (client->all && client->old_fd >= 0)
        close(client->old_fd);
    *client = (struct dtls_client){
        .all = clients, .fd = open_socket(clients->port), .old_fd = old_fd, .deadline = LC_NEVER};
    client->session = clients->context->engine->session_new(&options);
    if (!client->session)
        errx(2, "no memory");
    clients->context->engine->start(client->session);
}

/* Does what upcalls must not. */
static void settle(struct dtls_client *client, bool was_up)
{
    struct dtls_clients *all = client->all;
    const struct lc_engine *engine = all->context->engine;
    struct lc_session_info info;
    if (client->asks) {
        client->asks = false;
        engine->decide(client->session, 0);
    }
    if (!client->is_up || was_up || client->is_over)
        return;
    engine->info(client->session, &info);
    if (info.suite != all->kind->suite || info.resumed != (all->saved.len > 0)) {
        if (all->counts.bad++ == 0)
            warnx("suite %04x, %sresumed", info.suite, info.resumed ? "" : "not ");
    }
    if (all->kind->resumes && all->saved.len == 0 && !engine->save(client->session, &all->saved))
        errx(2, "the session cannot be resumed");
}

void dtls_client_pump(struct dtls_client *client)
{
    static uint8_t room[WINDOW_MAX][ROOM];
    const struct lc_engine *engine = client->all->context->engine;
    struct iovec vectors[WINDOW_MAX];
    struct mmsghdr messages[WINDOW_MAX];
    for (int i = 0; i < WINDOW_MAX; i++) {
        vectors[i] = (struct iovec){room[i], ROOM};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(client->fd, messages, WINDOW_MAX, MSG_DONTWAIT, NULL);
    if (n < 0 && errno != EAGAIN)
        err(1, "receiving from the server");
    for (int i = 0; i < n && !client->is_over; i++) {
        bool was_up = client->is_up;
        engine->input(client->session, room[i], messages[i].msg_len);
        settle(client, was_up);
    }
    if (client->deadline <= client->all->timers.now && !client->is_over) {
        client->deadline = LC_NEVER;
        engine->expire(client->session);
    }
}

void dtls_client_ask(struct dtls_client *client, unsigned count)
{
    uint8_t message[PACKET_ROOM];
    gathered.is_open = true;
    gathered.length = 0;
    for (unsigned i = 0; i < count; i++) {
        uint16_t mid = client->next_mid++;
        struct packet_request request = {.code = PACKET_GET,
            .mid = mid,
            .token = mid * (uint32_t)TOKEN_FACTOR,
            .path = "record"};
        client->mids[mid % WINDOW_MAX] = mid;
        client->awaited[mid % WINDOW_MAX] = true;
        size_t length = packet_write(message, &request);
        client->all->context->engine->write(client->session, lc_bytes(message, length));
    }
    client->waiting += count;
    gathered.is_open = false;
    datagram_send(client->fd, gathered.data, gathered.length, gathered.segment);
}

void dtls_client_close(struct dtls_client *client)
{
    const struct lc_engine *engine = client->all->context->engine;
    if (!client->is_over)
        engine->close(client->session);
    engine->session_free(client->session);
    client->session = NULL;
}

void dtls_client_end(struct dtls_client *client)
{
    if (client->session)
        dtls_client_close(client);
    close(client->fd);
    if (client->old_fd >= 0)
        close(client->old_fd);
}

bool dtls_answers(uint16_t port, void *clients)
{
    struct dtls_clients *all = clients;
    struct dtls_client client = {0};
    char byte;
    all->port = port;
    dtls_client_open(all, &client);
    usleep(20000);
    bool answers = recv(client.fd, &byte, 1, MSG_DONTWAIT) > 0;
    all->context->engine->session_free(client.session);
    client.session = NULL;
    dtls_client_end(&client);
    return answers;
}

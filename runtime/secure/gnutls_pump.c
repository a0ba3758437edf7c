/*
 * One datagram at a time through GnuTLS. It reads from a "transport" that has the datagram at hand
 * or nothing, and says by GNUTLS_E_AGAIN that it wants more; whether it really does, or has other
 * records of the same datagram left, only the transport knows.
 */
#include "secure/gnutls_engine.h"

#include <errno.h>
#include <gnutls/dtls.h>

enum { LONGEST_RECORD = 16384 }; /* RFC 5246 section 6.2.1 */

/* ---- How sessions end ---- */

void lc_gnutls_end(struct lc_gnutls_session *session, const struct lc_end *end)
{
    if (session->state == LC_GNUTLS_OVER) {
        return;
    }
    session->state = LC_GNUTLS_OVER;
    session->base.upcalls->deadline(session->base.arg, LC_NEVER);
    session->base.upcalls->closed(session->base.arg, end);
}

static void refuse(
    struct lc_gnutls_session *session, int alert, enum lc_end_reason reason, const char *text)
{
    gnutls_alert_send(session->tls, GNUTLS_AL_FATAL, (gnutls_alert_description_t)alert);
    lc_gnutls_end(session, &(struct lc_end){.reason = reason, .text = text});
}

static enum lc_end_reason reason_of(int result)
{
    static const struct {
        int result;
        enum lc_end_reason reason;
    } reasons[] = {
        {GNUTLS_E_NO_CIPHER_SUITES, LC_END_NO_SUITE},
        {GNUTLS_E_UNKNOWN_CIPHER_SUITE, LC_END_NO_SUITE},
        {GNUTLS_E_UNSUPPORTED_VERSION_PACKET, LC_END_NO_SUITE},
        {GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM, LC_END_NO_SUITE},
        {GNUTLS_E_ECC_UNSUPPORTED_CURVE, LC_END_NO_SUITE},
        {GNUTLS_E_NO_COMMON_KEY_SHARE, LC_END_NO_SUITE},
        {GNUTLS_E_INSUFFICIENT_CREDENTIALS, LC_END_NO_SUITE},
        {GNUTLS_E_UNSUPPORTED_CERTIFICATE_TYPE, LC_END_NO_SUITE},
        {GNUTLS_E_NO_CERTIFICATE_FOUND, LC_END_NO_CERTIFICATE},
        {GNUTLS_E_TIMEDOUT, LC_END_TIMED_OUT},
        {GNUTLS_E_MEMORY_ERROR, LC_END_MEMORY},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].result == result) {
            return reasons[i].reason;
        }
    }
    return LC_END_PROTOCOL;
}

void lc_gnutls_fail(struct lc_gnutls_session *session, int result)
{
    struct lc_end end = {.reason = reason_of(result), .text = gnutls_strerror(result)};
    if (result == GNUTLS_E_FATAL_ALERT_RECEIVED) {
        end.reason = LC_END_ALERT;
        end.alert = (int)gnutls_alert_get(session->tls);
        end.text = gnutls_alert_get_name((gnutls_alert_description_t)end.alert);
    } else if (session->unknown_psk) {
        refuse(session, GNUTLS_A_UNKNOWN_PSK_IDENTITY, LC_END_UNKNOWN_PSK, NULL);
        return;
    } else if (result != GNUTLS_E_TIMEDOUT) {
        gnutls_alert_send_appropriate(session->tls, result);
    }
    lc_gnutls_end(session, &end);
}

/* ---- The transport ---- */

ssize_t lc_gnutls_push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
    struct lc_gnutls_session *session = arg;
    session->started = true;
    session->base.upcalls->output(session->base.arg, lc_bytes(data, len));
    return (ssize_t)len;
}

ssize_t lc_gnutls_pull(gnutls_transport_ptr_t arg, void *data, size_t room)
{
    struct lc_gnutls_session *session = arg;
    size_t len = session->datagram.len;
    if (len == 0) {
        session->starved = true;
        gnutls_transport_set_errno(session->tls, EAGAIN);
        return -1;
    }
    len = len < room ? len : room;
    memcpy(data, session->datagram.data, len);
    session->datagram = lc_bytes(NULL, 0);
    return (ssize_t)len;
}

int lc_gnutls_pull_timeout(gnutls_transport_ptr_t arg, unsigned ms)
{
    (void)ms;
    struct lc_gnutls_session *session = arg;
    session->starved = session->datagram.len == 0;
    return session->starved ? 0 : 1;
}

/* ---- The cipher suite ---- */

/* A priority string allows more suites than were asked for: the choice in ServerHello, ours or the
 * peer's, is compared with the exact list. */
int lc_gnutls_check_suite(gnutls_session_t tls, unsigned type, unsigned when, unsigned incoming,
    const gnutls_datum_t *message)
{
    (void)type, (void)when, (void)incoming;
    enum { SESSION_ID_LEN = 34 }; /* RFC 5246 section 7.4.1.3 */
    struct lc_gnutls_session *session = gnutls_session_get_ptr(tls);
    size_t at = SESSION_ID_LEN;
    if (at >= message->size || at + message->data[at] + 3 > message->size) {
        return 0; /* GnuTLS itself refuses it */
    }
    at += 1 + (size_t)message->data[at];
    session->suite = (uint16_t)(256 * message->data[at] + message->data[at + 1]);
    for (size_t i = 0; i < session->context->suite_count; i++) {
        if (session->context->suites[i] == session->suite) {
            return 0;
        }
    }
    return GNUTLS_E_NO_CIPHER_SUITES;
}

/* ---- The peer's certificate or key ---- */

void lc_gnutls_shown(const struct lc_session *base, struct lc_shown *out)
{
    gnutls_session_t tls = ((const struct lc_gnutls_session *)base)->tls;
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls, &count);
    out->count = 0;
    out->is_raw_key = gnutls_certificate_type_get2(tls, GNUTLS_CTYPE_PEERS) == GNUTLS_CRT_RAWPK;
    for (unsigned i = 0; chain != NULL && i < count && i < LC_CHAIN_MAX; i++) {
        out->chain[out->count++] = lc_bytes(chain[i].data, chain[i].size);
    }
}

/* Called again by each gnutls_handshake() until it says yes. */
int lc_gnutls_verify(gnutls_session_t tls)
{
    struct lc_gnutls_session *session = gnutls_session_get_ptr(tls);
    if (session->accepted) {
        return 0;
    }
    session->state = LC_GNUTLS_ASKING;
    return GNUTLS_E_AGAIN;
}

static void ask(struct lc_gnutls_session *session)
{
    struct lc_shown shown;
    lc_gnutls_shown(&session->base, &shown);
    /* A server that ignores RFC 7250 shows X.509 to those who asked for a raw key alone. */
    bool raw = (session->context->modes & LC_MODE_RAW_KEY) != 0;
    if (shown.count > 0 && shown.is_raw_key != raw) {
        refuse(session, GNUTLS_A_UNSUPPORTED_CERTIFICATE, LC_END_WRONG_TYPE, NULL);
        return;
    }
    session->state = LC_GNUTLS_WAITING;
    session->base.upcalls->deadline(session->base.arg, LC_NEVER);
    session->base.upcalls->authenticate(session->base.arg, &shown);
}

int lc_gnutls_find_key(gnutls_session_t tls, const gnutls_datum_t *name, gnutls_datum_t *key)
{
    struct lc_gnutls_session *session = gnutls_session_get_ptr(tls);
    uint8_t room[LC_GNUTLS_MAX_PSK];
    size_t len = session->base.upcalls->find_key(
        session->base.arg, lc_bytes(name->data, name->size), room, sizeof room);
    session->unknown_psk = len == 0;
    key->data = len == 0 ? NULL : gnutls_malloc(len);
    if (key->data != NULL) { /* GnuTLS wipes and frees it */
        memcpy(key->data, room, len);
        key->size = (unsigned)len;
    }
    gnutls_memset(room, 0, sizeof room);
    return key->data == NULL ? -1 : 0;
}

/* ---- Handshake ---- */

static void set_deadline(struct lc_gnutls_session *session)
{
    /* 0: no flight of ours waits for an answer, so that only the whole can take too long. */
    unsigned left = gnutls_dtls_get_timeout(session->tls);
    lc_time wait = left == 0 ? LC_SECOND : ((lc_time)left + 1) * 1000;
    session->base.upcalls->deadline(session->base.arg, session->timers->now + wait);
}

/* Records of the peer are encrypted from now on. */
static bool reads_secrets(gnutls_session_t tls)
{
    gnutls_datum_t key = {0};
    return gnutls_record_get_state(tls, 1, NULL, NULL, &key, NULL) == 0 && key.size > 0;
}

/* Whether a handshake record of the first encrypted epoch is in the datagram, which must be
 * Finished. */
static bool has_finished(struct lc_bytes datagram)
{
    enum { HEADER = 13, HANDSHAKE = 22 };
    const uint8_t *record = datagram.data;
    for (size_t left = datagram.len; left >= HEADER;) {
        size_t len = HEADER + 256 * (size_t)record[11] + record[12];
        if (record[0] == HANDSHAKE && record[3] == 0 && record[4] == 1) {
            return true;
        }
        if (len > left) {
            return false;
        }
        record += len;
        left -= len;
    }
    return false;
}

/* GnuTLS drops a Finished that it cannot decrypt without a word, and would wait for a better one
 * until the end of the handshake. With a pre-shared key there will be none. */
static bool refuse_key(struct lc_gnutls_session *session, struct lc_bytes datagram, unsigned before)
{
    if (gnutls_record_get_discarded(session->tls) == before ||
        gnutls_auth_get_type(session->tls) != GNUTLS_CRD_PSK || !reads_secrets(session->tls) ||
        !has_finished(datagram)) {
        return false;
    }
    refuse(session, GNUTLS_A_BAD_RECORD_MAC, LC_END_WRONG_KEY, NULL);
    return true;
}

/* Whether the datagram begins with close_notify in the clear, which GnuTLS calls an unexpected
 * packet in a handshake. */
static bool says_goodbye(struct lc_bytes datagram)
{
    enum { HEADER = 13, ALERT = 21, WARNING = 1, CLOSE_NOTIFY = 0 };
    const uint8_t *record = datagram.data;
    return datagram.len >= HEADER + 2 && record[0] == ALERT && record[3] == 0 && record[4] == 0 &&
           record[HEADER] == WARNING && record[HEADER + 1] == CLOSE_NOTIFY;
}

static void finish(struct lc_gnutls_session *session)
{
    session->state = LC_GNUTLS_UP;
    /* A message is as long as the one above wants it; what is too long for a link, IP cuts. */
    gnutls_dtls_set_mtu(session->tls, LONGEST_RECORD);
    lc_gnutls_tell_resumed(session);
    session->base.upcalls->deadline(session->base.arg, LC_NEVER);
    session->base.upcalls->up(session->base.arg);
}

static void shake(struct lc_gnutls_session *session)
{
    struct lc_bytes datagram = session->datagram;
    unsigned discarded = gnutls_record_get_discarded(session->tls);
    int result;
    do {
        session->starved = false;
        result = gnutls_handshake(session->tls);
    } while (result != GNUTLS_E_SUCCESS && gnutls_error_is_fatal(result) == 0 &&
             session->state == LC_GNUTLS_SHAKING && !session->starved);
    if (session->state == LC_GNUTLS_ASKING) {
        ask(session);
    } else if (result == GNUTLS_E_SUCCESS) {
        finish(session);
    } else if (gnutls_error_is_fatal(result) != 0 && says_goodbye(datagram)) {
        lc_gnutls_end(session, &(struct lc_end){.reason = LC_END_CLOSED});
    } else if (gnutls_error_is_fatal(result) != 0) {
        lc_gnutls_fail(session, result);
    } else if (!refuse_key(session, datagram, discarded)) {
        set_deadline(session);
    }
}

/* ---- Records ---- */

/* Not by gnutls_record_recv_packet(), which loses the memory of a late record of the handshake. */
static void read_records(struct lc_gnutls_session *session)
{
    uint8_t data[LONGEST_RECORD];
    do {
        session->starved = false;
        ssize_t result = gnutls_record_recv(session->tls, data, sizeof data);
        if (result > 0) {
            session->base.upcalls->data(session->base.arg, data, (size_t)result);
        } else if (result == 0) {
            gnutls_bye(session->tls, GNUTLS_SHUT_WR);
            lc_gnutls_end(session, &(struct lc_end){.reason = LC_END_CLOSED});
        } else if (result == GNUTLS_E_REHANDSHAKE) {
            gnutls_alert_send(session->tls, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
        } else if (gnutls_error_is_fatal((int)result) != 0) {
            lc_gnutls_fail(session, (int)result);
        }
    } while (session->state == LC_GNUTLS_UP && !session->starved);
}

void lc_gnutls_pump(struct lc_gnutls_session *session)
{
    if (session->state == LC_GNUTLS_SHAKING) {
        shake(session);
    }
    if (session->state == LC_GNUTLS_UP) {
        read_records(session);
    }
    session->datagram = lc_bytes(NULL, 0);
}

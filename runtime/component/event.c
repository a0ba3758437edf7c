/* Events and their fields; see event.h. */
#include "component/event.h"

#include <stdio.h>

#include "secure/digest.h"
#include "wire/option.h"
#include "wire/uri.h"

/* ---- The rows -------------------------------------------------------------------------------- */

#define INTEGER(Name, source)                                                                      \
    {                                                                                              \
#Name, LC_FIELD_##source, "integer", false                                                 \
    }
#define STRING(Name, source)                                                                       \
    {                                                                                              \
#Name, LC_FIELD_##source, "string", false                                                  \
    }
#define BOOLEAN(Name, source)                                                                      \
    {                                                                                              \
#Name, LC_FIELD_##source, "boolean", false                                                 \
    }
#define VAR(Name)                                                                                  \
    {                                                                                              \
#Name, LC_FIELD_FLAG, "boolean", true                                                      \
    }

#define REMOTE STRING(RemoteHost, REMOTE_HOST), INTEGER(RemotePort, REMOTE_PORT)
#define URI_PARTS                                                                                  \
    STRING(URIHost, URI_HOST), INTEGER(URIPort, URI_PORT), STRING(URIPath, URI_PATH),              \
        STRING(URIQuery, URI_QUERY)
#define PEER                                                                                       \
    INTEGER(ConnectionId, NUMBER), STRING(CertEncoded, CERT_ENCODED),                              \
        STRING(CertEncodedB, CERT_ENCODED_B), STRING(CertSubject, CERT_SUBJECT),                   \
        STRING(CertIssuer, CERT_ISSUER), STRING(CertFingerprint, CERT_FINGERPRINT),                \
        STRING(PSKIdentity, IDENTITY)
#define TOKEN STRING(Token, TOKEN), STRING(TokenB, TOKEN_B)
#define OUTCOME INTEGER(ErrorCode, NUMBER), STRING(ErrorDescription, TEXT)
#define CERTIFICATE                                                                                \
    STRING(CertEncoded, CERT_ENCODED), STRING(CertEncodedB, CERT_ENCODED_B),                       \
        STRING(CertSubject, CERT_SUBJECT), STRING(CertIssuer, CERT_ISSUER),                        \
        STRING(CertFingerprint, CERT_FINGERPRINT), STRING(Status, TEXT), VAR(Accept)

static const struct lc_field_row on_error[] = {
    INTEGER(ErrorCode, NUMBER),
    STRING(Description, TEXT),
};

static const struct lc_field_row on_log[] = {
    INTEGER(LogLevel, NUMBER),
    STRING(Message, TEXT),
};

static const struct lc_field_row on_notification[] = {
    STRING(URI, URI),
    BOOLEAN(IsLatest, LATEST),
    VAR(StopObserving),
};

/* Not in the reference, which has no pre-shared keys. */
static const struct lc_field_row on_psk_lookup[] = {
    INTEGER(ConnectionId, NUMBER),
    STRING(Identity, IDENTITY),
    {"Key", LC_FIELD_KEY, "string", true},
};

/* The reference has nothing about who is there on requests. */
static const struct lc_field_row on_register[] = {
    REMOTE,
    STRING(URI, URI),
    URI_PARTS,
    TOKEN,
    VAR(Accept),
    PEER,
};

static const struct lc_field_row on_request[] = {
    REMOTE,
    INTEGER(Method, METHOD),
    URI_PARTS,
    TOKEN,
    STRING(RequestId, REQUEST_ID),
    VAR(SendResponse),
    PEER,
};

/* The reference has no Remote...: answers to a multicast request need it. */
static const struct lc_field_row on_request_complete[] = {
    INTEGER(Method, METHOD),
    STRING(URI, URI),
    STRING(RequestId, REQUEST_ID),
    OUTCOME,
    REMOTE,
};

static const struct lc_field_row on_response_complete[] = {
    STRING(RequestId, REQUEST_ID),
    OUTCOME,
};

static const struct lc_field_row on_ssl_client_authentication[] = {
    INTEGER(ConnectionId, NUMBER),
    CERTIFICATE,
};

static const struct lc_field_row on_ssl_server_authentication[] = {
    CERTIFICATE,
};

static const struct lc_field_row on_ssl_status[] = {
    STRING(Message, TEXT),
};

/* Not in the reference; other components of its family have it. */
static const struct lc_field_row on_transfer[] = {
    STRING(RequestId, REQUEST_ID),
    STRING(URI, URI),
    INTEGER(Direction, NUMBER),
    INTEGER(BytesTransferred, BYTES),
    INTEGER(PercentDone, PERCENT),
    INTEGER(TotalBytes, TOTAL),
};

static const struct lc_field_row on_unregistered[] = {
    REMOTE,
    STRING(URI, URI),
    URI_PARTS,
};

#define ROW(Name, may, rows, text)                                                                 \
    {                                                                                              \
        .name = #Name, .handler = "On" #Name, .doc = (text), .may_suspend = (may),                 \
        .fields = (rows), .field_count = sizeof(rows) / sizeof(rows)[0]                            \
    }

const struct lc_event_row lc_event_rows[LC_EVENT_COUNT] = {
    [LC_ON_ERROR] = ROW(Error, false, on_error,
        "Something went wrong that no call can raise, such as an error in a handler."),
    [LC_ON_LOG] =
        ROW(Log, false, on_log, "A line about what the component does; LogLevel says how many."),
    [LC_ON_NOTIFICATION] = ROW(Notification, true, on_notification,
        "An observed resource has a new state, which Response* hold."),
    [LC_ON_PSK_LOOKUP] = ROW(PSKLookup, false, on_psk_lookup,
        "A client names the identity of its pre-shared key; set Key to the key's raw bytes."),
    [LC_ON_REGISTER] = ROW(Register, true, on_register,
        "A client wants to observe; set Accept, and Response* to the present state."),
    [LC_ON_REQUEST] = ROW(Request, true, on_request,
        "A request came; set Response*, or SendResponse to false to answer later."),
    [LC_ON_REQUEST_COMPLETE] = ROW(RequestComplete, true, on_request_complete,
        "A request has got its response, or failed; ErrorCode 0 is a 2.xx response."),
    [LC_ON_RESPONSE_COMPLETE] = ROW(ResponseComplete, true, on_response_complete,
        "A response has reached its client, or failed to."),
    [LC_ON_SSL_CLIENT_AUTHENTICATION] = ROW(SSLClientAuthentication, true,
        on_ssl_client_authentication, "A client shows its certificate; Accept decides."),
    [LC_ON_SSL_SERVER_AUTHENTICATION] = ROW(SSLServerAuthentication, true,
        on_ssl_server_authentication, "The server shows its certificate; Accept decides."),
    [LC_ON_SSL_STATUS] =
        ROW(SSLStatus, false, on_ssl_status, "A line about the progress of a DTLS session."),
    [LC_ON_TRANSFER] = ROW(Transfer, false, on_transfer,
        "A block of a request's payload was confirmed (Direction 0) or one of a response's came in "
        "(1), about which only lunacoap.spawn may do something; -1 is an unknown total."),
    [LC_ON_UNREGISTERED] =
        ROW(Unregistered, true, on_unregistered, "An observer has left or was removed."),
};

/* ---- Copies ---------------------------------------------------------------------------------- */

size_t lc_event_extra(const struct lc_event *event)
{
    return event->token.len + event->options.len + event->uri.len + event->text.len +
           event->identity.len + event->certificate.len;
}

static struct lc_bytes move_in(uint8_t **room, struct lc_bytes from)
{
    struct lc_bytes copy = lc_bytes(*room, from.len);
    if (from.len > 0) {
        memcpy(*room, from.data, from.len);
    }
    *room += from.len;
    return copy;
}

void lc_event_copy(struct lc_event *to, const struct lc_event *from, uint8_t *room)
{
    *to = *from;
    to->token = move_in(&room, from->token);
    to->options = move_in(&room, from->options);
    to->uri = move_in(&room, from->uri);
    to->text = move_in(&room, from->text);
    to->identity = move_in(&room, from->identity);
    to->certificate = move_in(&room, from->certificate);
}

void lc_event_show(struct lc_event *event, const struct lc_certificate *certificate,
    bool with_chain, struct lc_buf *scratch)
{
    if (certificate == NULL) {
        return;
    }
    event->is_raw_key = certificate->chain_len == 0;
    event->certificate = event->is_raw_key ? certificate->spki : certificate->chain[0];
    if (!with_chain || certificate->chain_len < 2) {
        return;
    }
    lc_buf_clear(scratch);
    for (size_t i = 0; i < certificate->chain_len; i++) {
        if (!lc_buf_append(scratch, certificate->chain[i].data, certificate->chain[i].len)) {
            return;
        }
    }
    event->certificate = lc_buf_bytes(scratch);
}

/* ---- Fields ---------------------------------------------------------------------------------- */

/* The address a request came to as a URI writes it: IPv6 in brackets, "%" of a zone as "%25" (RFC
 * 6874). */
static void write_host(const struct lc_address *address, char out[LC_ADDRESS_TEXT + 8])
{
    char text[LC_ADDRESS_TEXT];
    lc_address_host(address, text);
    if (address->is_ipv4) {
        snprintf(out, LC_ADDRESS_TEXT + 8, "%s", text);
        return;
    }
    char *zone = strchr(text, '%');
    if (zone != NULL) {
        *zone++ = '\0';
    }
    snprintf(out, LC_ADDRESS_TEXT + 8, "[%s%s%s]", text, zone == NULL ? "" : "%25",
        zone == NULL ? "" : zone);
}

static bool append_uri(const struct lc_event *event, struct lc_buf *out)
{
    char host[LC_ADDRESS_TEXT + 8];
    if (event->uri.len > 0) {
        return lc_buf_append(out, event->uri.data, event->uri.len);
    }
    write_host(&event->local, host);
    struct lc_uri_origin origin = {event->remote.session != 0, host, event->local.port};
    return lc_uri_compose(out, event->options, &origin);
}

/* Hosts are compared without regard to case, so scripts get them in one (RFC 7252 6.3). */
static bool append_uri_host(const struct lc_event *event, struct lc_buf *out)
{
    char host[LC_ADDRESS_TEXT + 8];
    struct lc_bytes value;
    if (!lc_option_find(event->options, LC_URI_HOST, &value)) {
        write_host(&event->local, host);
        return lc_buf_append(out, host, strlen(host));
    }
    if (!lc_buf_reserve(out, value.len)) {
        return false;
    }
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        out->data[out->len++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
    return true;
}

static long uri_port(const struct lc_event *event)
{
    struct lc_bytes value;
    uint32_t port;
    bool there = lc_option_find(event->options, LC_URI_PORT, &value) && lc_uint_read(value, &port);
    return there ? (long)port : event->local.port;
}

static bool append_remote_host(const struct lc_event *event, struct lc_buf *out)
{
    char host[LC_ADDRESS_TEXT];
    lc_address_host(&event->remote, host);
    return lc_buf_append(out, host, strlen(host));
}

static bool append_certificate(
    const struct lc_event *event, enum lc_certificate_field field, struct lc_buf *out)
{
    if (event->certificate.len == 0) {
        return true;
    }
    struct lc_certificate *certificate = event->is_raw_key
                                             ? lc_certificate_from_spki(event->certificate)
                                             : lc_certificate_from_bundle(event->certificate);
    bool done = certificate != NULL && lc_certificate_print(certificate, field, out);
    lc_certificate_release(certificate);
    return done;
}

/* What tells one peer from all others: nobody else can show that certificate, or that key. */
static bool append_fingerprint(const struct lc_event *event, struct lc_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[LC_DIGEST_SIZE];
    if (event->certificate.len == 0) {
        return true;
    }
    struct lc_bytes shown =
        event->is_raw_key ? event->certificate : lc_certificate_first(event->certificate);
    if (!lc_digest(shown, digest) || !lc_buf_reserve(out, 2 * LC_DIGEST_SIZE)) {
        return false;
    }
    for (size_t i = 0; i < LC_DIGEST_SIZE; i++) {
        out->data[out->len++] = (uint8_t)digits[digest[i] >> 4];
        out->data[out->len++] = (uint8_t)digits[digest[i] & 15];
    }
    return true;
}

bool lc_event_text(const struct lc_event *event, enum lc_field_source source, struct lc_buf *out)
{
    switch (source) {
    case LC_FIELD_TEXT:
        return lc_buf_append(out, event->text.data, event->text.len);
    case LC_FIELD_URI:
        return append_uri(event, out);
    case LC_FIELD_URI_HOST:
        return append_uri_host(event, out);
    case LC_FIELD_URI_PATH:
        return lc_uri_path(out, event->options);
    case LC_FIELD_URI_QUERY:
        return lc_uri_query(out, event->options);
    case LC_FIELD_REMOTE_HOST:
        return append_remote_host(event, out);
    case LC_FIELD_TOKEN:
    case LC_FIELD_TOKEN_B:
        return lc_buf_append(out, event->token.data, event->token.len);
    case LC_FIELD_REQUEST_ID:
        return event->request_id == 0 ||
               lc_buf_printf(out, "%llu", (unsigned long long)event->request_id);
    case LC_FIELD_IDENTITY:
        return lc_buf_append(out, event->identity.data, event->identity.len);
    case LC_FIELD_KEY:
        return event->key == NULL || lc_buf_append(out, event->key->data, event->key->len);
    case LC_FIELD_CERT_ENCODED:
    case LC_FIELD_CERT_ENCODED_B:
        return append_certificate(event, LC_CERT_CHAIN, out);
    case LC_FIELD_CERT_SUBJECT:
        return append_certificate(event, LC_CERT_SUBJECT, out);
    case LC_FIELD_CERT_ISSUER:
        return append_certificate(event, LC_CERT_ISSUER, out);
    case LC_FIELD_CERT_FINGERPRINT:
        return append_fingerprint(event, out);
    default:
        return true;
    }
}

static long percent(const struct lc_event *event)
{
    return event->total == 0 ? -1 : (long)((uint64_t)event->bytes * 100 / event->total);
}

long lc_event_number(const struct lc_event *event, enum lc_field_source source)
{
    switch (source) {
    case LC_FIELD_NUMBER:
        return event->number;
    case LC_FIELD_METHOD:
        return event->method;
    case LC_FIELD_URI_PORT:
        return uri_port(event);
    case LC_FIELD_REMOTE_PORT:
        return event->remote.port;
    case LC_FIELD_BYTES:
        return event->bytes;
    case LC_FIELD_PERCENT:
        return percent(event);
    case LC_FIELD_TOTAL:
        return event->total == 0 ? -1 : (long)event->total;
    case LC_FIELD_LATEST:
        return event->latest;
    case LC_FIELD_FLAG:
        return event->flag;
    default:
        return 0;
    }
}

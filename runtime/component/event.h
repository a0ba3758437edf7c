/*
 * Events as data: which there are, which fields each has, and the values of one occurrence, from
 * which a field is made when the script asks for it.
 */
#ifndef LC_COMPONENT_EVENT_H
#define LC_COMPONENT_EVENT_H

#include "base/buf.h"
#include "net/address.h"
#include "secure/certificate.h"

enum lc_event_id {
    LC_ON_ERROR,
    LC_ON_LOG,
    LC_ON_NOTIFICATION,
    LC_ON_PSK_LOOKUP,
    LC_ON_REGISTER,
    LC_ON_REQUEST,
    LC_ON_REQUEST_COMPLETE,
    LC_ON_RESPONSE_COMPLETE,
    LC_ON_SSL_CLIENT_AUTHENTICATION,
    LC_ON_SSL_SERVER_AUTHENTICATION,
    LC_ON_SSL_STATUS,
    LC_ON_TRANSFER,
    LC_ON_UNREGISTERED,
    LC_EVENT_COUNT,
};

/* How a field is made from struct lc_event. */
enum lc_field_source {
    LC_FIELD_NUMBER, /* number: ErrorCode, LogLevel, ConnectionId, Direction */
    LC_FIELD_METHOD,
    LC_FIELD_TEXT, /* text: Description, Message, ErrorDescription, Status */
    LC_FIELD_URI,  /* uri if given, else composed of options and addresses */
    LC_FIELD_URI_HOST,
    LC_FIELD_URI_PORT,
    LC_FIELD_URI_PATH,
    LC_FIELD_URI_QUERY,
    LC_FIELD_REMOTE_HOST,
    LC_FIELD_REMOTE_PORT,
    LC_FIELD_TOKEN,      /* through the CodePage, as every plain string field */
    LC_FIELD_TOKEN_B,    /* raw */
    LC_FIELD_REQUEST_ID, /* decimal digits, "" for 0 */
    LC_FIELD_BYTES,
    LC_FIELD_PERCENT, /* of the total that is there, -1 when the total is not known */
    LC_FIELD_TOTAL,   /* -1 when it is not known */
    LC_FIELD_LATEST,
    LC_FIELD_FLAG, /* the var field */
    LC_FIELD_CERT_ENCODED,
    LC_FIELD_CERT_ENCODED_B,
    LC_FIELD_CERT_SUBJECT,
    LC_FIELD_CERT_ISSUER,
    LC_FIELD_CERT_FINGERPRINT, /* SHA-256 of the certificate, or of a raw key, in hex */
    LC_FIELD_IDENTITY,         /* identity: of a pre-shared key */
    LC_FIELD_KEY,              /* key: to be assigned, raw */
};

struct lc_field_row {
    const char *name;
    uint8_t source;   /* enum lc_field_source */
    const char *type; /* "integer", "string", "boolean": for documentation and checks */
    bool assignable;  /* the reference's `var` fields */
};

struct lc_event_row {
    const char *name;    /* "Request" */
    const char *handler; /* "OnRequest" */
    const char *doc;     /* one sentence */
    bool may_suspend;    /* false: Error, Log, PSKLookup, SSLStatus, Transfer */
    const struct lc_field_row *fields;
    size_t field_count;
};

extern const struct lc_event_row lc_event_rows[LC_EVENT_COUNT];

/* The values of one occurrence; a view. What an event does not have is zero. */
struct lc_event {
    uint8_t id; /* enum lc_event_id */
    uint8_t method;
    bool latest;
    bool flag;       /* SendResponse, Accept, StopObserving */
    bool flag_fixed; /* assigning it has no effect */
    int number;
    uint32_t bytes, total; /* Transfer; total 0: not known */
    uint64_t request_id;
    struct lc_address remote, local;
    struct lc_bytes token, options, uri, text;

    /* Who is at the other end of a DTLS session; see lc_event_show(). */
    struct lc_bytes identity;    /* of a pre-shared key */
    struct lc_bytes certificate; /* DER: the certificates one behind the other, or a raw key */
    bool is_raw_key;
    uint16_t key_room;  /* PSKLookup: how long the handler's Key may be */
    struct lc_buf *key; /* and where it goes, until the handler has returned */
};

/* Makes the event look at a certificate (NULL: none), with the rest of its chain when `scratch` is
 * there to put it together. Memory lacking, it shows nothing. */
void lc_event_show(struct lc_event *event, const struct lc_certificate *certificate,
    bool with_chain, struct lc_buf *scratch);

/* Bytes that lc_event_copy() needs beyond the struct. */
size_t lc_event_extra(const struct lc_event *event);

/* Copies the event and what it looks at; `room` holds lc_event_extra() bytes and becomes what `to`
 * looks at. */
void lc_event_copy(struct lc_event *to, const struct lc_event *from, uint8_t *room);

/* Appends the text of a string field. False: memory. */
bool lc_event_text(const struct lc_event *event, enum lc_field_source source, struct lc_buf *out);

/* The value of a number or boolean field. */
long lc_event_number(const struct lc_event *event, enum lc_field_source source);

#endif

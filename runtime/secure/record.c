/* Reading what is plain in DTLS records; see record.h. */
#include "secure/record.h"

#include <stdio.h>

static unsigned number(const uint8_t *at, size_t bytes)
{
    unsigned value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

bool lc_record_next(struct lc_bytes *rest, struct lc_record *out)
{
    const uint8_t *at = rest->data;
    if (rest->len < LC_RECORD_HEADER || !lc_record_is_dtls(at, rest->len) || at[1] != 0xfe) {
        return false;
    }
    size_t len = number(at + 11, 2);
    if (len > rest->len - LC_RECORD_HEADER) {
        return false;
    }
    *out = (struct lc_record){
        .type = at[0],
        .version = (uint16_t)number(at + 1, 2),
        .epoch = (uint16_t)number(at + 3, 2),
        .sequence = (uint64_t)number(at + 5, 2) << 32 | number(at + 7, 4),
        .body = lc_bytes(at + LC_RECORD_HEADER, len),
    };
    *rest = lc_bytes(at + LC_RECORD_HEADER + len, rest->len - LC_RECORD_HEADER - len);
    return true;
}

size_t lc_record_frame(const uint8_t *data, size_t len)
{
    struct lc_bytes rest = lc_bytes(data, len);
    struct lc_record record;
    while (lc_record_next(&rest, &record)) {
    }
    return len - rest.len;
}

static const char *type_name(uint8_t type)
{
    static const char *const names[] = {
        "change_cipher_spec", "alert", "handshake", "application_data"};
    return type >= LC_CHANGE_CIPHER_SPEC && type <= LC_APPLICATION_DATA
               ? names[type - LC_CHANGE_CIPHER_SPEC]
               : "unknown type";
}

static const char *handshake_name(uint8_t type)
{
    static const char *const names[] = {
        [0] = "hello_request",
        [1] = "client_hello",
        [2] = "server_hello",
        [3] = "hello_verify_request",
        [4] = "new_session_ticket",
        [11] = "certificate",
        [12] = "server_key_exchange",
        [13] = "certificate_request",
        [14] = "server_hello_done",
        [15] = "certificate_verify",
        [16] = "client_key_exchange",
        [20] = "finished",
    };
    return type < sizeof names / sizeof names[0] && names[type] != NULL ? names[type] : "message";
}

const char *lc_record_describe(const struct lc_record *record, char out[LC_RECORD_TEXT])
{
    bool named = record->type == LC_HANDSHAKE && record->epoch == 0 && record->body.len > 0;
    snprintf(out, LC_RECORD_TEXT, "%s%s%s, DTLS %s, epoch %u, sequence %llu, %zu bytes",
        type_name(record->type), named ? " " : "",
        named ? handshake_name(record->body.data[0]) : "",
        record->version == 0xfeff ? "1.0" : "1.2", record->epoch,
        (unsigned long long)record->sequence, record->body.len);
    return out;
}

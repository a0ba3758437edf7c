/*
 * An engine that does what the datagrams say, for the specs of the front end: each record's body is
 * a word of the table below, perhaps with ":" and a text behind it; what is no such word is garbage
 * to it. For dtls.c alone.
 */
#ifndef LC_SPEC_PROBE_FAKE_ENGINE_H
#define LC_SPEC_PROBE_FAKE_ENGINE_H

#include "base/memory.h"
#include "secure/record.h"
#include "secure/security.h"

#include <lua.h>
#include <stdio.h>

struct fake_session {
    struct lc_session base;
    const struct lc_timers *timers;
    bool is_up, is_over, is_parked;
};

/* The calls that sessions got since the spec asked last: "input park input ". */
static char fake_noted[4000];

static inline void fake_note(const char *what)
{
    if (strlen(fake_noted) + strlen(what) + 2 < sizeof fake_noted) {
        strcat(strcat(fake_noted, what), " ");
    }
}

static inline int fake_calls(lua_State *L)
{
    lua_pushstring(L, fake_noted);
    fake_noted[0] = 0;
    return 1;
}

static inline struct fake_session *fake_of(const struct lc_session *base)
{
    return (struct fake_session *)base;
}

/* ---- The words ---- */

static inline void fake_send(
    struct fake_session *session, uint8_t type, uint8_t epoch, struct lc_bytes body)
{
    uint8_t record[LC_RECORD_HEADER + 2000] = {type, 0xfe, 0xfd, 0, epoch};
    record[11] = (uint8_t)(body.len >> 8);
    record[12] = (uint8_t)body.len;
    memcpy(record + LC_RECORD_HEADER, body.data, body.len);
    session->base.upcalls->output(session->base.arg, lc_bytes(record, LC_RECORD_HEADER + body.len));
}

static inline void fake_up(struct fake_session *session, struct lc_bytes text)
{
    (void)text;
    if (!session->is_up) {
        session->is_up = true;
        session->base.upcalls->up(session->base.arg);
    }
}

static inline void fake_data(struct fake_session *session, struct lc_bytes text)
{
    session->base.upcalls->data(session->base.arg, (uint8_t *)text.data, text.len);
}

static inline void fake_say(struct fake_session *session, struct lc_bytes text)
{
    fake_send(session, LC_HANDSHAKE, 0, text);
}

static inline void fake_ask(struct fake_session *session, struct lc_bytes text)
{
    (void)text;
    session->base.upcalls->authenticate(session->base.arg, &(struct lc_shown){0});
}

static inline void fake_end(struct fake_session *session, const struct lc_end *end)
{
    session->is_over = true;
    session->base.upcalls->closed(session->base.arg, end);
}

static inline void fake_bye(struct fake_session *session, struct lc_bytes text)
{
    (void)text;
    fake_end(session, &(struct lc_end){.reason = LC_END_CLOSED});
}

/* alert:N */
static inline void fake_alert(struct fake_session *session, struct lc_bytes text)
{
    int number = 0;
    for (size_t i = 0; i < text.len; i++) {
        number = 10 * number + text.data[i] - '0';
    }
    fake_end(session, &(struct lc_end){.reason = LC_END_ALERT, .alert = number});
}

/* Asks for the key of an identity, and sends it. */
static inline void fake_key(struct fake_session *session, struct lc_bytes text)
{
    uint8_t key[64];
    size_t len = session->base.upcalls->find_key(session->base.arg, text, key, sizeof key);
    fake_say(session, lc_bytes(key, len));
}

/* Wants to be called in a second. */
static inline void fake_later(struct fake_session *session, struct lc_bytes text)
{
    (void)text;
    session->base.upcalls->deadline(session->base.arg, session->timers->now + LC_SECOND);
}

static const struct {
    const char *name;
    void (*act)(struct fake_session *session, struct lc_bytes text);
} fake_words[] = {
    {"up", fake_up},
    {"data", fake_data},
    {"say", fake_say},
    {"ask", fake_ask},
    {"bye", fake_bye},
    {"alert", fake_alert},
    {"key", fake_key},
    {"later", fake_later},
};

static inline void fake_obey(struct fake_session *session, struct lc_bytes body)
{
    const uint8_t *colon = memchr(body.data, ':', body.len);
    size_t len = colon == NULL ? body.len : (size_t)(colon - body.data);
    struct lc_bytes text =
        colon == NULL ? lc_bytes(NULL, 0) : lc_bytes(colon + 1, body.len - len - 1);
    for (size_t i = 0; i < sizeof fake_words / sizeof fake_words[0]; i++) {
        if (lc_bytes_equal(lc_bytes(body.data, len), lc_bytes_text(fake_words[i].name))) {
            fake_words[i].act(session, text);
        }
    }
}

/* ---- The engine ---- */

static inline void fake_input(struct lc_session *base, uint8_t *datagram, size_t len)
{
    struct fake_session *session = fake_of(base);
    struct lc_bytes rest = lc_bytes(datagram, len);
    struct lc_record record;
    fake_note(session->is_parked ? "wake" : "input");
    session->is_parked = false;
    while (!session->is_over && lc_record_next(&rest, &record)) {
        fake_obey(session, record.body);
    }
}

static inline void fake_start(struct lc_session *base)
{
    fake_note("start");
    fake_say(fake_of(base), lc_bytes_text("start"));
}

static inline void fake_expire(struct lc_session *base)
{
    (void)base;
    fake_note("expire");
}

static inline void fake_decide(struct lc_session *base, int alert)
{
    char text[16];
    snprintf(text, sizeof text, "decide:%d", alert);
    fake_note(text);
    if (alert != 0) {
        fake_send(fake_of(base), LC_ALERT, 0, lc_bytes_text(text));
        fake_end(fake_of(base), &(struct lc_end){.reason = LC_END_REFUSED});
    }
}

/* "fail": the engine breaks. */
static inline bool fake_write(struct lc_session *base, struct lc_bytes data)
{
    struct fake_session *session = fake_of(base);
    session->is_parked = false;
    if (lc_bytes_equal(data, lc_bytes_text("fail"))) {
        fake_end(session, &(struct lc_end){.reason = LC_END_PROTOCOL, .text = "it broke"});
        return false;
    }
    if (data.len > 1000) {
        return false;
    }
    fake_send(session, LC_APPLICATION_DATA, 1, data);
    return true;
}

static inline size_t fake_max_data(const struct lc_session *base)
{
    (void)base;
    return 1000;
}

static inline void fake_close(struct lc_session *base)
{
    struct fake_session *session = fake_of(base);
    fake_note("close");
    session->is_over = true;
    fake_send(session, LC_ALERT, session->is_up, lc_bytes_text("goodbye"));
}

static inline void fake_info(const struct lc_session *base, struct lc_session_info *out)
{
    (void)base;
    *out = (struct lc_session_info){.version = LC_DTLS_1_2, .suite = 0xc0a8};
}

static inline void fake_shown(const struct lc_session *base, struct lc_shown *out)
{
    (void)base;
    *out = (struct lc_shown){0};
}

static inline bool fake_save(const struct lc_session *base, struct lc_buf *out)
{
    (void)base, (void)out;
    return false;
}

static inline bool fake_park(struct lc_session *base)
{
    fake_note("park");
    fake_of(base)->is_parked = true;
    return true;
}

static inline struct lc_session *fake_session_new(const struct lc_session_options *options)
{
    struct fake_session *session = lc_zalloc(sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    session->base = (struct lc_session){options->context->engine, options->upcalls, options->arg};
    session->timers = options->timers;
    return &session->base;
}

static inline void fake_session_free(struct lc_session *base)
{
    lc_free(base);
}

static inline void fake_context_free(struct lc_context *context)
{
    (void)context;
}

static const struct lc_engine fake_engine = {
    .name = "fake",
    .abilities = LC_ENGINE_PARKS,
    .context_free = fake_context_free,
    .session_new = fake_session_new,
    .session_free = fake_session_free,
    .start = fake_start,
    .input = fake_input,
    .expire = fake_expire,
    .decide = fake_decide,
    .write = fake_write,
    .max_data = fake_max_data,
    .close = fake_close,
    .info = fake_info,
    .shown = fake_shown,
    .save = fake_save,
    .park = fake_park,
};

static struct lc_context fake_context = {&fake_engine};

static inline struct lc_security *fake_security(
    const struct lc_security_options *options, struct lc_error *error)
{
    struct lc_security *security = lc_zalloc(sizeof *security);
    if (security == NULL) {
        return NULL;
    }
    security->refs = 1;
    security->modes = options->config.modes;
    security->is_server = options->config.is_server;
    security->context = &fake_context;
    security->trust = lc_trust_new(&options->trust, error);
    return security;
}

#endif

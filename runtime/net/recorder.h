/*
 * Who writes down the datagrams of a process: in memory, in a file for all, in files of some
 * endpoints. Taps (tap.h) tell it what they see. Nothing here costs anything while nobody asked for
 * it, for there is no tap then.
 */
#ifndef LC_NET_RECORDER_H
#define LC_NET_RECORDER_H

#include "base/list.h"
#include "base/log.h"
#include "net/capture.h"
#include "net/ring.h"
#include "net/source.h"

struct lc_tap;

enum { LC_SIGHTINGS = 8192 };

struct lc_recorder {
    struct lc_loop *loop;
    struct lc_ring ring;
    uint64_t last;         /* number of a record */
    const uint8_t *latest; /* the data of that record, while they are on their way up; else NULL */
    struct lc_list captures; /* files, also those that are closed */
    struct lc_capture *all;  /* the one for all endpoints, or NULL */
    struct lc_sources sources;
    struct lc_list taps;
    /* What ours sent, which one of ours may receive: by the hash of ports and data. */
    struct lc_sighting {
        uint64_t hash;
        lc_time until;
        const struct lc_capture *capture; /* the sender's */
    } sent[LC_SIGHTINGS];
};

/* NULL: memory. */
struct lc_recorder *lc_recorder_new(struct lc_loop *loop);

/* When no tap is left. Writes and closes the files. */
void lc_recorder_free(struct lc_recorder *recorder);

/* Whether anybody wants to know about every endpoint. */
bool lc_recorder_wants_all(const struct lc_recorder *recorder);

/* Keeps the last `count` datagrams in memory. */
static inline void lc_recorder_keep(struct lc_recorder *recorder, size_t count)
{
    lc_ring_limit(&recorder->ring, count);
}

/* A file for some endpoints; see lc_capture_open(). */
struct lc_capture *lc_recorder_open(
    struct lc_recorder *recorder, const char *path, struct lc_error *error);

/* The file for all from now on; NULL: none any more. 0, or why the file cannot be written: nothing
 * has changed then. */
int lc_recorder_stream(struct lc_recorder *recorder, const char *path, struct lc_error *error);

/* Writes what is kept in memory to a file of its own: 0, or why that cannot be. */
int lc_recorder_write(struct lc_recorder *recorder, const char *path, struct lc_error *error);

/* A line of a key log, of the session with `remote` of an endpoint with this file (NULL: none). */
void lc_recorder_secret(struct lc_recorder *recorder, struct lc_capture *own,
    const struct lc_address *remote, struct lc_bytes line);

/* Writes what waits: the end of the process. */
void lc_recorder_flush(struct lc_recorder *recorder);

/* ---- For taps ---- */

/* A datagram that passed a tap, or did not get there. `comment` may be NULL. */
void lc_recorder_datagram(const struct lc_tap *tap, enum lc_fate fate, const struct lc_path *path,
    struct lc_bytes data, const char *comment);

/* The same datagram as just before, which was received: what became of it since. */
void lc_recorder_amend(const struct lc_tap *tap, enum lc_fate fate, const struct lc_path *path,
    struct lc_bytes data, const char *comment);

#endif

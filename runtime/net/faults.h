/*
 * The filter above a socket that does what fault.h judges. A transport below, a receiver above, and
 * the same again for those it stands between.
 */
#ifndef LC_NET_FAULTS_H
#define LC_NET_FAULTS_H

#include "net/fault.h"
#include "net/transport.h"

struct lc_faults;

/* What became of a datagram, still as it was before that. */
struct lc_harm {
    const struct lc_path *path;
    struct lc_bytes datagram;
    bool is_ours;    /* it was on its way out */
    bool is_lost;    /* it goes no further */
    bool waits;      /* it goes on later */
    const char *how; /* "dropped", "delayed 0.250 s", "corrupted", "offline" ... */
};

struct lc_fault_upcalls {
    /* A datagram is not what it was. */
    void (*harmed)(void *arg, const struct lc_harm *harm);

    /* One of ours that had to wait is sent next. */
    void (*released)(void *arg, const struct lc_path *path, const char *how);

    /* LC_FAULT_RESTART: the endpoint is to forget all, but not within this call. */
    void (*restart)(void *arg);

    /* LC_FAULT_REBIND: the endpoint is to have another port at once. */
    void (*rebind)(void *arg);

    void *arg;
};

/* NULL: memory. */
struct lc_faults *lc_faults_new(struct lc_timers *timers, const struct lc_fault_upcalls *upcalls);

/* What is held back is lost. May be called in an upcall. */
void lc_faults_free(struct lc_faults *faults);

/* What is to happen to datagrams on their way out, or in; see lc_fault_lane_set(). */
bool lc_faults_set(struct lc_faults *faults, bool sending, const struct lc_fault *list,
    size_t count, uint64_t seed);

/* Whether the cable is out: nothing passes, either way, and nobody is told but the upcall `harmed`.
 * What is lost like this is not judged: faults go on as if it had never been. */
void lc_faults_cut(struct lc_faults *faults, bool is_cut);

/* Stands between the two from now on. */
void lc_faults_link(
    struct lc_faults *faults, struct lc_transport *under, const struct lc_receiver *above);
struct lc_transport *lc_faults_transport(struct lc_faults *faults);
struct lc_receiver lc_faults_receiver(struct lc_faults *faults);

#endif

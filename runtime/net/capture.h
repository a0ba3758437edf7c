/*
 * A pcapng file that datagrams are written to while they come and go. Blocks are gathered and
 * written whole at the end of the loop's turn, or a little later when a secret is to come; a file
 * that cannot take them any more loses the rest of the capture, and nothing else.
 */
#ifndef LC_NET_CAPTURE_H
#define LC_NET_CAPTURE_H

#include <sys/types.h>

#include "base/error.h"
#include "base/list.h"
#include "net/await.h"
#include "net/loop.h"
#include "net/pcapng.h"

struct lc_capture {
    struct lc_list link; /* in the list it was opened with, also when it is closed */
    struct lc_loop *loop;
    char *path; /* owned */
    dev_t device;
    ino_t inode;
    int fd;         /* -1: closed */
    unsigned users; /* 0: closed; it goes on where it ended when it is opened again */
    struct lc_buf waiting;
    size_t last;   /* where in `waiting` the last packet begins; behind its end: none does */
    off_t written; /* bytes, all in whole blocks */
    struct lc_deferred deferred;
    struct lc_timer patience; /* ends the wait for a secret */
    struct lc_await await;
    struct lc_error failure; /* why something was lost */
    void (*lost)(void *arg, struct lc_capture *capture);
    void *arg; /* of lost(), which is called once, when `failure` is there */
};

/*
 * Opens a file, made with mode 0600 since it is to hold secrets, and emptied; one of `captures`
 * that is the same file is shared, and goes on if it was closed. NULL with `error`: 1 when another
 * program captures to it, the errno's number, 10055. To be released.
 */
struct lc_capture *lc_capture_open(
    struct lc_list *captures, struct lc_loop *loop, const char *path, struct lc_error *error);
struct lc_capture *lc_capture_hold(struct lc_capture *capture);

/* The last release writes what waits and closes the file. NULL is let through. */
void lc_capture_release(struct lc_capture *capture);

/* Whatever its users say: the end of the process. */
void lc_capture_free(struct lc_capture *capture);

void lc_capture_packet(struct lc_capture *capture, const struct lc_pcapng_packet *packet);

/* Puts another packet in the place of the one given last, if that was not written yet. */
void lc_capture_amend(struct lc_capture *capture, const struct lc_pcapng_packet *packet);

/* Lines of a key log, about the session with `remote` (NULL: with anybody); in front of all that
 * was not written yet. */
void lc_capture_secrets(
    struct lc_capture *capture, const struct lc_address *remote, struct lc_bytes lines);

/* Writes what waits. */
void lc_capture_flush(struct lc_capture *capture);

#endif

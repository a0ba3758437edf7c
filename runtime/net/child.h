/*
 * Programs that we start: without a shell, as groups of processes of their own, with their output
 * read and their end noticed in turns of the loop. One dies with us at the latest, and what it has
 * started dies with it.
 */
#ifndef LC_NET_CHILD_H
#define LC_NET_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/error.h"
#include "net/loop.h"

struct lc_child;

/* Strings that end with NULL. Standard input is /dev/null. */
struct lc_child_program {
    char *const *arguments;   /* the first is looked for in PATH */
    char *const *environment; /* all of it, or NULL: ours */
    const char *folder;       /* where it starts, or NULL: here */
};

/* Called in turns. The child may not be freed there. */
struct lc_child_events {
    void (*output)(void *arg, struct lc_bytes bytes); /* standard output and error, as they come */
    void (*ended)(void *arg);                         /* after all of its output */
};

/* NULL: it could not be started, and `error` says why. */
struct lc_child *lc_child_start(struct lc_loop *loop, const struct lc_child_program *program,
    const struct lc_child_events *events, void *arg, struct lc_error *error);

pid_t lc_child_pid(const struct lc_child *child);
bool lc_child_running(const struct lc_child *child);

/* As waitpid() tells it, once it has ended. */
int lc_child_status(const struct lc_child *child);

/* Sends a signal to it and to all of its group; none when it has ended. */
void lc_child_signal(struct lc_child *child, int number);

/* Ends it: asks it to, waits half a second at most without turning the loop, and kills what is
 * left. Its last output comes as an event, its end does not. */
void lc_child_end(struct lc_child *child);

/* The same, if it is not NULL, and gives its memory back. */
void lc_child_free(struct lc_child *child);

#endif

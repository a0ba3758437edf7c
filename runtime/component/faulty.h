/* Faults of a component's endpoint: SendFaults, ReceiveFaults, FaultSeed, Offline, and what Restart
 * and Rebind do. */
#ifndef LC_COMPONENT_FAULTY_H
#define LC_COMPONENT_FAULTY_H

#include "component/component.h"

/* Whether a setting is one of the four. */
bool lc_faulty_concerns(const struct lc_setting_row *row);

/* Puts what has changed, or all (NULL), into force on the open socket, and begins to count anew
 * there. 0 or 10055. */
int lc_faulty_apply(
    struct lc_component *component, const struct lc_setting_row *row, struct lc_error *error);

/* The socket is closed: what is held back is lost. */
void lc_faulty_close(struct lc_component *component);

/*
 * Forgets all that a device forgets when its power fails: exchanges, sessions, observers and
 * observations, without a word to anybody, and opens the same port again. Calls that wait raise
 * 711. 712 while it has no socket.
 */
int lc_faulty_restart(struct lc_component *component, struct lc_error *error);

/* Goes on from another local port, as if a NAT had forgotten the old one. 712 while it has no
 * socket. */
int lc_faulty_rebind(struct lc_component *component, struct lc_error *error);

#endif

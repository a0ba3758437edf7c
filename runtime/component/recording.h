/*
 * What is recorded of the components of a process: the recorder, made when somebody first wants it,
 * and the taps of the sockets that are open.
 */
#ifndef LC_COMPONENT_RECORDING_H
#define LC_COMPONENT_RECORDING_H

#include "component/component.h"
#include "net/faults.h"
#include "net/recorder.h"

/* The stage's, made when it is first needed. NULL with `error`: memory. */
struct lc_recorder *lc_recording_recorder(struct lc_stage *stage, struct lc_error *error);

/* Keeps the last `count` datagrams of all components in memory; 0 forgets them. 0 or 10055. */
int lc_recording_keep(struct lc_stage *stage, size_t count, struct lc_error *error);

/* Writes those of all components to a file from now on; NULL: no more. 0, or why the new file
 * cannot be written, or the old one could not be to its end. */
int lc_recording_stream(struct lc_stage *stage, const char *path, struct lc_error *error);

/* Writes what is kept in memory to a file. 0 or why that cannot be. */
int lc_recording_write(struct lc_stage *stage, const char *path, struct lc_error *error);

/* Writes what waits for the end of the turn: the process may end at any moment. */
void lc_recording_flush(struct lc_stage *stage);

/* Writes and closes everything, before the loop goes. */
void lc_recording_end(struct lc_stage *stage);

/* CaptureFile, empty for none: opens it at once. 0 or why that cannot be. */
int lc_recording_set_file(
    struct lc_component *component, struct lc_bytes path, struct lc_error *error);

/* The socket was opened; it has another port; it is about to be closed. */
void lc_recording_begin_socket(struct lc_component *component);
void lc_recording_move_socket(struct lc_component *component);
void lc_recording_end_socket(struct lc_component *component);

/* What faults do to a datagram of the component. */
void lc_recording_harm(struct lc_component *component, const struct lc_harm *harm);

/* Whether anybody wants to see what the component sends and receives. */
bool lc_recording_is_on(const struct lc_component *component);

/* What a session of the component can be opened with, as a line of a key log. */
void lc_recording_secret(
    const struct lc_component *component, const struct lc_address *remote, struct lc_bytes line);

#endif

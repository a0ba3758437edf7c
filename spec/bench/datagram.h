/* Sending many datagrams to the server as one. */
#ifndef BENCH_DATAGRAM_H
#define BENCH_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Sends from a connected socket datagrams of `segment` bytes each; only the last may be shorter.
 * What does not fit the socket is lost. */
void datagram_send(int fd, const uint8_t *data, size_t length, size_t segment);

#endif

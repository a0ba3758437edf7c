/*
 * Faults as SendFaults and ReceiveFaults write them: "drop chance=10%; delay by=0.05-0.2;
 * drop type=CON retransmission=2". Each has an action and conditions.
 */
#ifndef LC_COMPONENT_FAULT_TEXT_H
#define LC_COMPONENT_FAULT_TEXT_H

#include "base/bytes.h"
#include "base/error.h"
#include "net/fault.h"

enum { LC_FAULTS_MAX = 64 }; /* in one text */

/* Reads a text into `out`, which has room for LC_FAULTS_MAX, and counts. 0, or code 1 and which
 * word of `name`'s text is wrong and what would be right. */
int lc_fault_read(struct lc_bytes text, const char *name, struct lc_fault *out, size_t *out_count,
    struct lc_error *error);

#endif

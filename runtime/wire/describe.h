/* A message in one line for people, such as
 *   CON GET /time?zone=UTC, id 4660, token 1a2b, Accept application/json
 *   ACK 2.05 Content, id 4660, token 1a2b, Content-Format text/plain, 5 bytes "12:30" */
#ifndef LC_WIRE_DESCRIBE_H
#define LC_WIRE_DESCRIBE_H

#include "base/buf.h"
#include "wire/message.h"

/* Appends the line: type, code, what a request asks for, id, token, the options by name, the length
 * of the payload and its beginning. Long values are cut; what could not be shown in a line is
 * escaped. Without memory for it, less. */
void lc_message_describe(const struct lc_message *message, struct lc_buf *out);

#endif

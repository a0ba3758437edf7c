/* Blocks of pcapng in the byte order of this machine, which readers learn from the first; see
 * pcapng.h. */
#include "net/pcapng.h"

#include "net/ip.h"

enum {
    SECTION = 0x0a0d0d0a,
    INTERFACE = 1,
    PACKET = 6,
    SECRETS = 10,
    TLS_KEY_LOG = 0x544c534b,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    LINK_RAW = 101,     /* LINKTYPE_RAW: IPv4 or IPv6, as the first four bits say */
    LINK_MESSAGE = 252, /* LINKTYPE_WIRESHARK_UPPER_PDU: behind tags that say what it is */

    TAG_END = 0,
    TAG_DISSECTOR = 12,
    TAG_IPV4_SOURCE = 20, /* then its destination, and both of IPv6 */
    TAG_PORT_TYPE = 24,   /* then both ports */
    PORT_TYPE_UDP = 3,
    TAGS_MAX = 96,

    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_NAME = 2,
    OPTION_FLAGS = 2,
    OPTION_DESCRIPTION = 3,
    OPTION_APPLICATION = 4,

    COMMENT_MAX = 1024,
    INBOUND = 1,
    OUTBOUND = 2,
};

/* A block that grows in a buffer. */
struct block {
    struct lc_buf *out;
    size_t start;
    bool failed;
};

static void put(struct block *block, const void *data, size_t len)
{
    block->failed = block->failed || (len > 0 && !lc_buf_append(block->out, data, len));
}

static void put16(struct block *block, unsigned value)
{
    uint16_t field = (uint16_t)value;
    put(block, &field, sizeof field);
}

static void put32(struct block *block, uint32_t value)
{
    put(block, &value, sizeof value);
}

/* Fields begin at multiples of four bytes. */
static void pad(struct block *block)
{
    static const uint8_t zeroes[4];
    put(block, zeroes, (4 - (block->out->len - block->start) % 4) % 4);
}

static void put_option(struct block *block, unsigned code, const void *data, size_t len)
{
    put16(block, code);
    put16(block, (unsigned)len);
    put(block, data, len);
    pad(block);
}

static void put_text(struct block *block, unsigned code, const char *text)
{
    size_t len = strlen(text);
    put_option(block, code, text, len < COMMENT_MAX ? len : COMMENT_MAX);
}

static struct block begin(struct lc_buf *out, uint32_t type)
{
    struct block block = {out, out->len, false};
    put32(&block, type);
    put32(&block, 0); /* the length, which end() knows */
    return block;
}

/* The length stands at both ends, so that files can be read backwards. */
static bool end(struct block *block)
{
    uint32_t len = (uint32_t)(block->out->len - block->start + sizeof len);
    put32(block, len);
    if (block->failed) {
        block->out->len = block->start;
        return false;
    }
    memcpy(block->out->data + block->start + 4, &len, sizeof len);
    return true;
}

static bool put_section(struct lc_buf *out)
{
    struct block block = begin(out, SECTION);
    put32(&block, BYTE_ORDER_MAGIC);
    put16(&block, 1); /* version 1.0 */
    put16(&block, 0);
    put32(&block, UINT32_MAX); /* of a length that is not known */
    put32(&block, UINT32_MAX);
    put_text(&block, OPTION_APPLICATION, "lunacoap " LC_VERSION);
    put_option(&block, OPTION_END, NULL, 0);
    return end(&block);
}

/* ---- Interfaces ---- */

/* Those of enum lc_pcapng_interface, and behind them those for messages. */
static const struct {
    unsigned link;
    const char *name, *description;
} interfaces[] = {
    {LINK_RAW, "network", "datagrams sent and received"},
    {LINK_RAW, "dropped", "datagrams that were lost on purpose"},
    {LINK_MESSAGE, "in DTLS", "CoAP that DTLS protected, at ports that are not 5684"},
    {LINK_MESSAGE, "network, CoAP", "CoAP sent and received, at ports that are not 5683"},
    {LINK_MESSAGE, "dropped, CoAP", "the same that was lost on purpose"},
};

enum { FOR_MESSAGES = 3, PORT_COAP = 5683 };

/* Its timestamps are microseconds, which is what a file means that says nothing else. */
static bool put_interface(
    struct lc_buf *out, unsigned link, const char *name, const char *description)
{
    struct block block = begin(out, INTERFACE);
    put16(&block, link);
    put16(&block, 0);
    put32(&block, 0); /* packets of any length */
    put_text(&block, OPTION_NAME, name);
    put_text(&block, OPTION_DESCRIPTION, description);
    put_option(&block, OPTION_END, NULL, 0);
    return end(&block);
}

bool lc_pcapng_begin(struct lc_buf *out)
{
    size_t start = out->len;
    bool done = put_section(out);
    for (size_t i = 0; done && i < sizeof interfaces / sizeof interfaces[0]; i++) {
        done =
            put_interface(out, interfaces[i].link, interfaces[i].name, interfaces[i].description);
    }
    out->len = done ? out->len : start;
    return done;
}

/* Version 1 of CoAP (RFC 7252 3) at a port at which nobody expects it. */
static bool is_strange(const struct lc_pcapng_packet *packet)
{
    return packet->data.len >= 4 && packet->data.data[0] >> 6 == 1 &&
           packet->from.port != PORT_COAP && packet->to.port != PORT_COAP;
}

static unsigned interface_of(const struct lc_pcapng_packet *packet)
{
    bool is_message = packet->interface != LC_PCAPNG_CLEAR && is_strange(packet);
    return packet->interface + (is_message ? FOR_MESSAGES : 0);
}

/* ---- Packets ---- */

static uint8_t *put_tag(uint8_t *at, unsigned tag, const void *data, size_t len)
{
    const uint8_t head[] = {0, (uint8_t)tag, 0, (uint8_t)len};
    memcpy(at, head, sizeof head);
    if (len > 0) {
        memcpy(at + sizeof head, data, len);
    }
    return at + sizeof head + len;
}

static uint8_t *put_number_tag(uint8_t *at, unsigned tag, unsigned value)
{
    const uint8_t bytes[] = {0, 0, (uint8_t)(value >> 8), (uint8_t)value};
    return put_tag(at, tag, bytes, sizeof bytes);
}

/* Tags of Wireshark's exported PDUs. Returns their length. */
static size_t message_tags(uint8_t out[TAGS_MAX], const struct lc_pcapng_packet *packet)
{
    bool is_ipv4 = packet->to.is_ipv4;
    size_t skip = is_ipv4 ? 12 : 0, len = sizeof packet->to.ip - skip;
    unsigned source = TAG_IPV4_SOURCE + (is_ipv4 ? 0 : 2);
    uint8_t *at = put_tag(out, TAG_DISSECTOR, "coap", 4);
    at = put_tag(at, source, packet->from.ip + skip, len);
    at = put_tag(at, source + 1, packet->to.ip + skip, len);
    at = put_number_tag(at, TAG_PORT_TYPE, PORT_TYPE_UDP);
    at = put_number_tag(at, TAG_PORT_TYPE + 1, packet->from.port);
    at = put_number_tag(at, TAG_PORT_TYPE + 2, packet->to.port);
    return (size_t)(put_tag(at, TAG_END, NULL, 0) - out);
}

bool lc_pcapng_secrets(struct lc_buf *out, struct lc_bytes lines)
{
    struct block block = begin(out, SECRETS);
    put32(&block, TLS_KEY_LOG);
    put32(&block, (uint32_t)lines.len);
    put(&block, lines.data, lines.len);
    pad(&block);
    return end(&block);
}

bool lc_pcapng_packet(struct lc_buf *out, const struct lc_pcapng_packet *packet)
{
    uint8_t headers[TAGS_MAX];
    unsigned interface = interface_of(packet);
    size_t header_len = interfaces[interface].link == LINK_MESSAGE
                            ? message_tags(headers, packet)
                            : lc_ip_headers(headers, &packet->from, &packet->to, packet->data);
    uint32_t len = (uint32_t)(header_len + packet->data.len);
    uint32_t flags = packet->is_sent ? OUTBOUND : INBOUND;
    struct block block = begin(out, PACKET);
    put32(&block, interface);
    put32(&block, (uint32_t)((uint64_t)packet->micros >> 32));
    put32(&block, (uint32_t)packet->micros);
    put32(&block, len); /* captured, and on the wire */
    put32(&block, len);
    put(&block, headers, header_len);
    put(&block, packet->data.data, packet->data.len);
    pad(&block);
    if (packet->comment != NULL) {
        put_text(&block, OPTION_COMMENT, packet->comment);
    }
    put_option(&block, OPTION_FLAGS, &flags, sizeof flags);
    put_option(&block, OPTION_END, NULL, 0);
    return end(&block);
}

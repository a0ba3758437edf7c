/* A C server on libcoap with the resources that the bench asks for, as its manual says to write
 * one. Usage: libcoap_server PORT */
#include <coap3/coap.h>

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BIG = 1 << 20, BLOCK = 1024 };

static uint8_t big[BIG];
static coap_resource_t *observed;

static void get_hello(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
    const coap_string_t *query, coap_pdu_t *response)
{
    (void)resource, (void)session, (void)request, (void)query;
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_data(response, 5, (const uint8_t *)"hello");
}

static void put_any(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
    const coap_string_t *query, coap_pdu_t *response)
{
    size_t length, offset, total;
    const uint8_t *data;
    (void)resource, (void)session, (void)query;
    bool whole = coap_get_data_large(request, &length, &data, &offset, &total) && length == total;
    coap_pdu_set_code(
        response, whole ? COAP_RESPONSE_CODE_CHANGED : COAP_RESPONSE_CODE_BAD_REQUEST);
}

static void get_big(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
    const coap_string_t *query, coap_pdu_t *response)
{
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_data_large_response(resource, session, request, response, query,
        COAP_MEDIATYPE_APPLICATION_OCTET_STREAM, -1, 1, sizeof big, big, NULL, NULL);
}

static void put_trigger(coap_resource_t *resource, coap_session_t *session,
    const coap_pdu_t *request, const coap_string_t *query, coap_pdu_t *response)
{
    (void)resource, (void)session, (void)request, (void)query;
    coap_resource_notify_observers(observed, NULL);
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CHANGED);
}

static coap_resource_t *add(coap_context_t *context, const char *path, int flags,
    coap_method_handler_t get, coap_method_handler_t put)
{
    coap_resource_t *resource = coap_resource_init(coap_make_str_const(path), flags);
    if (get)
        coap_register_request_handler(resource, COAP_REQUEST_GET, get);
    if (put)
        coap_register_request_handler(resource, COAP_REQUEST_PUT, put);
    coap_add_resource(context, resource);
    return resource;
}

/* libcoap offers no setting for its socket's buffers, whose default holds about 250 datagrams; the
 * other servers have 4 MiB, so it gets the same. */
static void enlarge_buffers(void)
{
    for (int fd = 3; fd < 16; fd++) {
        int type = 0, size = 4 << 20;
        socklen_t length = sizeof type;
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) || type != SOCK_DGRAM)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
}

int main(int argc, char **argv)
{
    coap_address_t address;
    if (argc != 2)
        errx(2, "usage: libcoap_server PORT");
    coap_startup();
    coap_address_init(&address);
    address.addr.sin.sin_family = AF_INET;
    address.addr.sin.sin_port = htons((uint16_t)atoi(argv[1]));
    address.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.size = sizeof address.addr.sin;
    coap_context_t *context = coap_new_context(NULL);
    if (!context || !coap_new_endpoint(context, &address, COAP_PROTO_UDP))
        errx(2, "cannot listen on port %s", argv[1]);
    enlarge_buffers();
    coap_context_set_block_mode(context, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
    for (size_t i = 0; i < BIG / BLOCK; i++)
        memset(big + i * BLOCK, (int)('a' + i % 26), BLOCK);
    add(context, "hello", 0, get_hello, NULL);
    add(context, "store", 0, NULL, put_any);
    add(context, "big", 0, get_big, put_any);
    add(context, "trigger", 0, NULL, put_trigger);
    /* Without ..._ALWAYS every sixth notification would be confirmable. */
    observed = add(context, "obs", COAP_RESOURCE_FLAGS_NOTIFY_NON_ALWAYS, get_hello, NULL);
    coap_resource_set_get_observable(observed, 1);
    while (coap_io_process(context, COAP_IO_WAIT) >= 0)
        continue;
    return 1;
}

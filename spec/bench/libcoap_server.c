/* A C server on libcoap with the resources that the bench asks for, as its manual says to write
 * one. Usage: libcoap_server [certificate|psk|rawkey|resumed FOLDER] PORT
 * With a kind and the folder of its credentials it serves over DTLS alone. */
#include <coap3/coap.h>

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BIG = 1 << 20, BLOCK = 1024, RECORD = 64 };

static uint8_t big[BIG];
static coap_resource_t *observed;

static void get_hello(coap_resource_t *resource, coap_session_t *session, const coap_pdu_t *request,
    const coap_string_t *query, coap_pdu_t *response)
{
    (void)resource, (void)session, (void)request, (void)query;
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_data(response, 5, (const uint8_t *)"hello");
}

static void get_record(coap_resource_t *resource, coap_session_t *session,
    const coap_pdu_t *request, const coap_string_t *query, coap_pdu_t *response)
{
    uint8_t record[RECORD];
    (void)resource, (void)session, (void)request, (void)query;
    memset(record, 'r', sizeof record);
    coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
    coap_add_data(response, sizeof record, record);
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

static int use_psk(coap_context_t *context)
{
    static const char key[] = "sixteen bytes...";
    coap_dtls_spsk_t psk = {.version = COAP_DTLS_SPSK_SETUP_VERSION,
        .psk_info.key = {sizeof key - 1, (const uint8_t *)key}};
    return coap_context_set_psk2(context, &psk);
}

static int use_certificate(coap_context_t *context, const char *folder)
{
    static char certificate[300], key[300];
    snprintf(certificate, sizeof certificate, "%s/certificate.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    coap_dtls_pki_t pki = {.version = COAP_DTLS_PKI_SETUP_VERSION,
        .pki_key = {.key_type = COAP_PKI_KEY_PEM,
            .key.pem = {.public_cert = certificate, .private_key = key}}};
    return coap_context_set_pki(context, &pki);
}

/* libcoap wants the key in memory, and a zero behind it. */
static int use_raw_key(coap_context_t *context, const char *folder)
{
    static char path[300];
    static uint8_t key[4096];
    snprintf(path, sizeof path, "%s/key.pem", folder);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(key, 1, sizeof key - 1, file) + 1 : 0;
    coap_dtls_pki_t pki = {.version = COAP_DTLS_PKI_SETUP_VERSION,
        .is_rpk_not_cert = 1,
        .pki_key = {.key_type = COAP_PKI_KEY_PEM_BUF,
            .key.pem_buf = {.public_cert = key,
                .public_cert_len = length,
                .private_key = key,
                .private_key_len = length}}};
    if (file)
        fclose(file);
    return length > 0 && coap_context_set_pki(context, &pki);
}

static int use_credentials(coap_context_t *context, const char *kind, const char *folder)
{
    if (!strcmp(kind, "psk"))
        return use_psk(context);
    return !strcmp(kind, "rawkey") ? use_raw_key(context, folder)
                                   : use_certificate(context, folder);
}

static void listen_on(coap_context_t *context, const char *port, coap_proto_t protocol)
{
    coap_address_t address;
    coap_address_init(&address);
    address.addr.sin.sin_family = AF_INET;
    address.addr.sin.sin_port = htons((uint16_t)atoi(port));
    address.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.size = sizeof address.addr.sin;
    if (!coap_new_endpoint(context, &address, protocol))
        errx(2, "cannot listen on port %s", port);
    enlarge_buffers();
}

int main(int argc, char **argv)
{
    bool secure = argc == 4;
    if (argc != 2 && !secure)
        errx(2, "usage: libcoap_server [KIND FOLDER] PORT");
    coap_startup();
    coap_context_t *context = coap_new_context(NULL);
    if (!context || (secure && !use_credentials(context, argv[1], argv[2])))
        errx(2, "libcoap does not take these credentials");
    listen_on(context, argv[argc - 1], secure ? COAP_PROTO_DTLS : COAP_PROTO_UDP);
    coap_context_set_block_mode(context, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY);
    for (size_t i = 0; i < BIG / BLOCK; i++)
        memset(big + i * BLOCK, (int)('a' + i % 26), BLOCK);
    add(context, "hello", 0, get_hello, NULL);
    add(context, "record", 0, get_record, NULL);
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

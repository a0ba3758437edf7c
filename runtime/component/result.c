/* ErrorCode and ErrorDescription of an exchange; see result.h. */
#include "component/result.h"

#include "wire/code.h"
#include "wire/option.h"

/* "4.04 Not Found: no such sensor": the diagnostic payload is text unless a Content-Format says
 * other. */
static void describe_response(const struct lc_message *response, struct lc_error *error)
{
    char code[5];
    const char *name = lc_code_name(response->code);
    struct lc_bytes format;
    bool diagnostic =
        response->payload.len > 0 && !lc_message_option(response, LC_CONTENT_FORMAT, &format);
    lc_fail(error, LC_ERROR_ERROR_RESPONSE, "%s%s%s%s%.*s", lc_code_text(response->code, code),
        name == NULL ? "" : " ", name == NULL ? "" : name, diagnostic ? ": " : "",
        diagnostic ? (int)response->payload.len : 0, (const char *)response->payload.data);
}

void lc_result_describe(const struct lc_result *result, struct lc_bytes uri, struct lc_error *error)
{
    if (result->code == LC_OK) {
        *error = (struct lc_error){.code = LC_OK};
    } else if (result->code == LC_ERROR_ERROR_RESPONSE) {
        describe_response(result->response, error);
    } else if (result->text == NULL || result->code == LC_ERROR_TRANSMISSION) {
        /* "704: Message transmission timed out: coap://..." says it all. */
        lc_fail(error, result->code, "%.*s", (int)uri.len, (const char *)uri.data);
    } else {
        lc_fail(
            error, result->code, "%s: %.*s", result->text, (int)uri.len, (const char *)uri.data);
    }
}

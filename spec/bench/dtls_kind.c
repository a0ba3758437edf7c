/* The table of kinds, and what an engine is told for each. */
#include "dtls_kind.h"

#include "secure/security.h"

#include <err.h>
#include <stdio.h>

enum { ECDSA_CCM_8 = 0xc0ae, PSK_CCM_8 = 0xc0a8, SECP256R1 = 23 };

static const struct dtls_kind kinds[] = {
    {"certificate", LC_MODE_CERTIFICATE, ECDSA_CCM_8, false},
    {"psk", LC_MODE_PSK, PSK_CCM_8, false},
    {"rawkey", LC_MODE_RAW_KEY, ECDSA_CCM_8, false},
    {"resumed", LC_MODE_CERTIFICATE, ECDSA_CCM_8, true},
};

const struct dtls_kind *dtls_kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(kinds[i].name, name))
            return &kinds[i];
    }
    errx(2, "no kind '%s'; there are certificate, psk, rawkey and resumed", name);
}

const struct lc_engine *dtls_engine_named(const char *name)
{
    const struct lc_engine *engine = lc_engine_named(lc_bytes_text(name));
    if (!engine)
        errx(2, "no engine '%s'; there are mbedTLS and GnuTLS", name);
    return engine;
}

static struct lc_certificate *open_own(const char *folder)
{
    char path[300];
    struct lc_error error;
    struct lc_certificate *own;
    snprintf(path, sizeof path, "%s/own.pem", folder);
    struct lc_certificate_source source = {
        .type = LC_STORE_PEM_KEY_FILE, .content = lc_bytes_text(path)};
    if (lc_certificate_open(&source, lc_bytes(NULL, 0), &own, &error) != LC_OK)
        errx(2, "%s", error.text);
    return own;
}

struct lc_context *dtls_context(const struct lc_engine *engine, const struct dtls_kind *kind,
    bool is_server, const char *folder)
{
    static const uint16_t groups[] = {SECP256R1};
    struct lc_error error;
    struct lc_certificate *own = is_server && kind->modes != LC_MODE_PSK ? open_own(folder) : NULL;
    struct lc_secure_config config = {.is_server = is_server,
        .modes = kind->modes,
        .own = own,
        .suites = &kind->suite,
        .suite_count = 1,
        .groups = groups,
        .group_count = 1,
        .min_version = LC_DTLS_1_2,
        .max_version = LC_DTLS_1_2,
        .psk_identity = lc_bytes_text("bench"),
        .psk_key = lc_bytes_text(DTLS_KEY),
        .resumes = kind->resumes};
    if (kind->modes != LC_MODE_PSK)
        config.psk_identity = config.psk_key = lc_bytes(NULL, 0);
    struct lc_context *context = engine->context_new(&config, &error);
    if (!context)
        errx(2, "%s", error.text);
    lc_certificate_release(own);
    return context;
}

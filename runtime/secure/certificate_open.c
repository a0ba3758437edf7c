/* Chooses a certificate or key among what a store holds, and finds its key and its issuers. */
#include <ctype.h>
#include <gnutls/crypto.h>

#include "base/memory.h"
#include "secure/certificate_contents.h"
#include "secure/certificate_name.h"

/* ---- Candidates: every certificate, and every key that belongs to none -------------------------
 */

struct candidate {
    struct lc_bytes certificate;    /* empty: a bare key */
    struct lc_bytes spki;           /* owned, when there is a certificate */
    const struct lc_found_key *key; /* or NULL */
};

static bool is_private(const struct lc_found_key *key)
{
    return key != NULL && (key->key.len > 0 || key->url != NULL);
}

/* With its private half if it is there; NULL: none. */
static const struct lc_found_key *find_key(const struct lc_contents *contents, struct lc_bytes spki)
{
    const struct lc_found_key *found = NULL;
    for (size_t i = 0; i < contents->key_count; i++) {
        const struct lc_found_key *key = &contents->keys[i];
        if (lc_bytes_equal(key->spki, spki) &&
            (found == NULL || (is_private(key) && !is_private(found)))) {
            found = key;
        }
    }
    return found;
}

static void free_candidates(struct candidate *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (all[i].certificate.len > 0) {
            lc_bytes_free(&all[i].spki);
        }
    }
    lc_free(all);
}

static bool is_taken(const struct candidate *all, size_t count, struct lc_bytes spki)
{
    for (size_t i = 0; i < count; i++) {
        if (lc_bytes_equal(all[i].spki, spki)) {
            return true;
        }
    }
    return false;
}

/* Certificates with keys that cannot be read are passed over. NULL: memory. */
static struct candidate *list_candidates(const struct lc_contents *contents, size_t *count)
{
    size_t most = contents->certificate_count + contents->key_count;
    struct candidate *all = lc_zalloc((most + 1) * sizeof *all);
    if (all == NULL) {
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; i < contents->certificate_count; i++) {
        struct candidate *candidate = &all[n];
        if (lc_spki_of_certificate(contents->certificates[i], &candidate->spki)) {
            candidate->certificate = contents->certificates[i];
            candidate->key = find_key(contents, candidate->spki);
            n++;
        }
    }
    for (size_t i = 0; i < contents->key_count; i++) {
        struct lc_bytes spki = contents->keys[i].spki;
        if (!is_taken(all, n, spki)) {
            all[n++] = (struct candidate){.spki = spki, .key = find_key(contents, spki)};
        }
    }
    *count = n;
    return all;
}

/* ---- Rules -------------------------------------------------------------------------------------
 */

/* What a candidate is asked for. */
struct wish {
    struct lc_bytes text;
    uint8_t hash[32]; /* Thumbprint= */
    size_t hash_len;
};

typedef bool rule(const struct candidate *candidate, const struct wish *wish);

static bool is_any(const struct candidate *candidate, const struct wish *wish)
{
    (void)candidate;
    (void)wish;
    return true;
}

static bool equals(struct lc_bytes text, struct lc_bytes wished)
{
    return text.len == wished.len &&
           strncasecmp((const char *)text.data, (const char *)wished.data, text.len) == 0;
}

static bool holds(struct lc_bytes text, struct lc_bytes wished)
{
    for (size_t i = 0; i + wished.len <= text.len; i++) {
        if (equals(lc_bytes(text.data + i, wished.len), wished)) {
            return true;
        }
    }
    return false;
}

/* By its subject, or by what its store calls its key. */
static bool compare(const struct candidate *candidate, const struct wish *wish,
    bool (*same)(struct lc_bytes, struct lc_bytes))
{
    const char *name = candidate->key == NULL ? NULL : candidate->key->name;
    if (name != NULL && same(lc_bytes_text(name), wish->text)) {
        return true;
    }
    struct lc_buf subject = {0};
    gnutls_x509_crt_t x509 =
        candidate->certificate.len == 0 ? NULL : lc_x509_of(candidate->certificate);
    bool found = x509 != NULL && lc_subject_print(x509, &subject) &&
                 same(lc_buf_bytes(&subject), wish->text);
    gnutls_x509_crt_deinit(x509);
    lc_buf_free(&subject);
    return found;
}

static bool has_subject(const struct candidate *candidate, const struct wish *wish)
{
    return compare(candidate, wish, equals);
}

static bool holds_subject(const struct candidate *candidate, const struct wish *wish)
{
    return compare(candidate, wish, holds);
}

static bool has_thumbprint(const struct candidate *candidate, const struct wish *wish)
{
    static const gnutls_digest_algorithm_t algorithms[] = {
        GNUTLS_DIG_MD5, GNUTLS_DIG_SHA1, GNUTLS_DIG_SHA256};
    struct lc_bytes der = candidate->certificate;
    for (size_t i = 0; der.len > 0 && i < sizeof algorithms / sizeof algorithms[0]; i++) {
        uint8_t hash[32];
        if (gnutls_hash_get_len(algorithms[i]) == wish->hash_len &&
            gnutls_hash_fast(algorithms[i], der.data, der.len, hash) == 0) {
            return memcmp(hash, wish->hash, wish->hash_len) == 0;
        }
    }
    return false;
}

/* Those with a private key go first. */
static const struct candidate *first(
    const struct candidate *all, size_t count, rule *fits, const struct wish *wish)
{
    const struct candidate *found = NULL;
    for (size_t i = 0; i < count; i++) {
        bool is_better = found == NULL || (is_private(all[i].key) && !is_private(found->key));
        if (is_better && fits(&all[i], wish)) {
            found = &all[i];
        }
    }
    return found;
}

static int hex_value(int c)
{
    return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* Hex digits with anything that is none between them: colons, blanks. */
static bool read_thumbprint(struct lc_bytes text, struct wish *wish)
{
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (isxdigit(text.data[i])) {
            if (digits == 2 * sizeof wish->hash) {
                return false;
            }
            uint8_t *byte = &wish->hash[digits++ / 2];
            *byte = (uint8_t)(*byte << 4 | hex_value(text.data[i]));
        } else if (strchr(": -", text.data[i]) == NULL) {
            return false;
        }
    }
    wish->hash_len = digits / 2;
    return digits == 32 || digits == 40 || digits == 64;
}

static int choose(const struct candidate *all, size_t count, struct lc_bytes subject,
    const struct candidate **out, struct lc_error *error)
{
    static const char thumbprint[] = "Thumbprint=";
    const size_t len = sizeof thumbprint - 1;
    struct wish wish = {.text = subject};
    if (subject.len == 0 || lc_bytes_is(subject, "*")) {
        *out = first(all, count, is_any, &wish);
    } else if (subject.len >= len &&
               equals(lc_bytes(subject.data, len), lc_bytes_text(thumbprint))) {
        if (!read_thumbprint(lc_bytes(subject.data + len, subject.len - len), &wish)) {
            return lc_fail(error, LC_ERROR_CERTIFICATE,
                "Thumbprint= takes the 32, 40 or 64 hex digits of an MD5, SHA-1 or SHA-256 hash");
        }
        *out = first(all, count, has_thumbprint, &wish);
    } else {
        *out = first(all, count, has_subject, &wish);
        *out = *out != NULL ? *out : first(all, count, holds_subject, &wish);
    }
    if (*out == NULL) {
        return lc_fail(error, LC_ERROR_CERTIFICATE,
            "nothing in the store has the subject '%.*s': it holds %zu certificate%s or key%s",
            (int)subject.len, subject.data, count, count == 1 ? "" : "s", count == 1 ? "" : "s");
    }
    return LC_OK;
}

/* ---- The object --------------------------------------------------------------------------------
 */

static bool is_issued_by(struct lc_bytes der, struct lc_bytes issuer)
{
    gnutls_x509_crt_t one = lc_x509_of(der), other = lc_x509_of(issuer);
    bool is = one != NULL && other != NULL && gnutls_x509_crt_check_issuer(one, other) != 0 &&
              gnutls_x509_crt_check_issuer(other, other) == 0;
    gnutls_x509_crt_deinit(one);
    gnutls_x509_crt_deinit(other);
    return is;
}

static bool is_among(const struct lc_bytes *chain, size_t count, struct lc_bytes der)
{
    for (size_t i = 0; i < count; i++) {
        if (lc_bytes_equal(chain[i], der)) {
            return true;
        }
    }
    return false;
}

/*
 * The leaf and its issuers as far as the store has them. A self-signed one is left out: a peer that
 * trusts it has it, and one that has it not does not trust it for being sent (RFC 5246 7.4.2).
 */
static size_t list_chain(
    const struct lc_contents *contents, struct lc_bytes leaf, struct lc_bytes chain[])
{
    size_t count = 0;
    struct lc_bytes next = leaf;
    while (next.len > 0 && count < LC_CHAIN_MAX) {
        chain[count++] = next;
        next = lc_bytes(NULL, 0);
        for (size_t i = 0; next.len == 0 && i < contents->certificate_count; i++) {
            struct lc_bytes der = contents->certificates[i];
            if (!is_among(chain, count, der) && is_issued_by(chain[count - 1], der)) {
                next = der;
            }
        }
    }
    return count;
}

static int make(const struct lc_contents *contents, const struct candidate *candidate,
    const struct lc_certificate_source *store, struct lc_certificate **out, struct lc_error *error)
{
    struct lc_bytes chain[LC_CHAIN_MAX];
    size_t count = list_chain(contents, candidate->certificate, chain);
    struct lc_bytes pin = store == NULL ? lc_bytes(NULL, 0) : store->password;
    *out = lc_certificate_make(chain, count, candidate->spki, candidate->key, pin);
    return *out == NULL ? lc_fail_memory(error) : LC_OK;
}

int lc_certificate_open(const struct lc_certificate_source *store, struct lc_bytes subject,
    struct lc_certificate **out, struct lc_error *error)
{
    struct lc_contents contents = {0};
    struct candidate *all = NULL;
    size_t count = 0;
    int code = lc_contents_read(store, &contents, error);
    if (code == LC_OK) {
        all = list_candidates(&contents, &count);
        const struct candidate *chosen;
        code = all == NULL ? lc_fail_memory(error) : choose(all, count, subject, &chosen, error);
        code = code == LC_OK ? make(&contents, chosen, store, out, error) : code;
    }
    free_candidates(all, count);
    lc_contents_free(&contents);
    return code;
}

/* The stores of Windows have nothing here, and are what a new object looks into. */
static bool is_searched(const struct lc_certificate_source *store)
{
    return store != NULL && store->type != LC_STORE_USER && store->type != LC_STORE_MACHINE;
}

/* The first certificate that was encoded, else the first key. */
static int decode_first(const struct lc_contents *contents, bool is_certificate,
    const struct lc_certificate_source *store, struct lc_certificate **out, struct lc_error *error)
{
    struct candidate leaf = {0};
    struct lc_bytes spki = {0};
    if (!is_certificate) {
        leaf.spki = contents->keys[0].spki;
    } else if (lc_spki_of_certificate(contents->certificates[0], &spki)) {
        leaf.certificate = contents->certificates[0];
        leaf.spki = spki;
    } else {
        return lc_fail(
            error, LC_ERROR_CERTIFICATE_STORE, "its public key is of a kind that is not read here");
    }
    leaf.key = find_key(contents, leaf.spki);
    int code = make(contents, &leaf, store, out, error);
    lc_bytes_free(&spki);
    return code;
}

int lc_certificate_decode(struct lc_bytes encoded, const struct lc_certificate_source *store,
    struct lc_certificate **out, struct lc_error *error)
{
    const struct lc_certificate_source own = {.type = LC_STORE_PUBLIC_KEY_BLOB, .content = encoded};
    struct lc_contents contents = {0};
    int code = lc_contents_read(&own, &contents, error);
    bool is_certificate = contents.certificate_count > 0;
    if (code == LC_OK && is_searched(store)) {
        code = lc_contents_read(store, &contents, error);
    }
    if (code == LC_OK) {
        code = decode_first(&contents, is_certificate, store, out, error);
    }
    lc_contents_free(&contents);
    return code;
}

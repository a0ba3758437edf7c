/* The names and numbers of TLS, and reading the settings that list them; see suite.h. */
#include "secure/suite.h"

#include <ctype.h>
#include <stdio.h>

const struct lc_suite lc_suites[] = {
#define X(number, exchange, cipher, hash, bits, aead, by_default)                                  \
    {number, "TLS_" #exchange "_WITH_" cipher hash, LC_KX_##exchange, bits, cipher, aead,          \
        by_default},
#define X13(number, cipher, hash, bits)                                                            \
    {number, "TLS_" cipher hash, LC_KX_TLS13, bits, cipher, true, false},
#include "secure/suites.def"
#undef X
#undef X13
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const size_t lc_suite_count = COUNT(lc_suites);

static const char *const exchanges[] = {
    [LC_KX_RSA] = "RSA",
    [LC_KX_DHE_RSA] = "DHE_RSA",
    [LC_KX_DHE_DSS] = "DHE_DSS",
    [LC_KX_ECDHE_RSA] = "ECDHE_RSA",
    [LC_KX_ECDHE_ECDSA] = "ECDHE_ECDSA",
    [LC_KX_ECDH_RSA] = "ECDH_RSA",
    [LC_KX_ECDH_ECDSA] = "ECDH_ECDSA",
    [LC_KX_PSK] = "PSK",
    [LC_KX_DHE_PSK] = "DHE_PSK",
    [LC_KX_ECDHE_PSK] = "ECDHE_PSK",
    [LC_KX_RSA_PSK] = "RSA_PSK",
    [LC_KX_TLS13] = "TLS13",
};

/* A word of a setting that stands for a number. */
struct name {
    const char *name;
    uint16_t number;
    uint16_t bits; /* groups: of the field or the modulus */
};

/* IANA "TLS Supported Groups". TLS 1.2 settings list the first four. */
static const struct name groups[] = {
    {"ecdhe_secp256r1", 23, 256},
    {"ecdhe_secp384r1", 24, 384},
    {"ecdhe_secp521r1", 25, 521},
    {"ecdhe_x25519", 29, 255},
    {"ecdhe_x448", 30, 448},
    {"ffdhe_2048", 256, 2048},
    {"ffdhe_3072", 257, 3072},
    {"ffdhe_4096", 258, 4096},
    {"ffdhe_6144", 259, 6144},
    {"ffdhe_8192", 260, 8192},
};
enum { TLS12_GROUPS = 4 };

/* RFC 5246 section 7.4.1.4.1; ed25519: RFC 8422 section 5.1.3. */
static const struct name signatures[] = {
    {"sha512-ecdsa", 0x0603, 0},
    {"sha512-rsa", 0x0601, 0},
    {"sha512-dsa", 0x0602, 0},
    {"sha384-ecdsa", 0x0503, 0},
    {"sha384-rsa", 0x0501, 0},
    {"sha384-dsa", 0x0502, 0},
    {"sha256-ecdsa", 0x0403, 0},
    {"sha256-rsa", 0x0401, 0},
    {"sha256-dsa", 0x0402, 0},
    {"sha224-ecdsa", 0x0303, 0},
    {"sha224-rsa", 0x0301, 0},
    {"sha224-dsa", 0x0302, 0},
    {"sha1-ecdsa", 0x0203, 0},
    {"sha1-rsa", 0x0201, 0},
    {"sha1-dsa", 0x0202, 0},
    {"ed25519", 0x0807, 0},
};

/* RFC 8446 section 4.2.3, in the reference's spelling. */
static const struct name tls13_signatures[] = {
    {"rsa_pss_sha256", 0x0804, 0},
    {"rsa_pss_sha384", 0x0805, 0},
    {"rsa_pss_sha512", 0x0806, 0},
    {"rsa_pkcs1_sha256", 0x0401, 0},
    {"rsa_pkcs1_sha384", 0x0501, 0},
    {"rsa_pkcs1_sha512", 0x0601, 0},
    {"ecdsa_secp256r1_sha256", 0x0403, 0},
    {"ecdsa_secp384r1_sha384", 0x0503, 0},
    {"ecdsa_secp521r1_sha512", 0x0603, 0},
    {"ed25519", 0x0807, 0},
    {"ed448", 0x0808, 0},
};

const struct lc_suite *lc_suite_find(uint16_t number)
{
    for (size_t i = 0; i < COUNT(lc_suites); i++) {
        if (lc_suites[i].number == number) {
            return &lc_suites[i];
        }
    }
    return NULL;
}

const char *lc_key_exchange_name(enum lc_key_exchange exchange)
{
    return exchanges[exchange];
}

static const struct name *find_group(uint16_t number)
{
    for (size_t i = 0; i < COUNT(groups); i++) {
        if (groups[i].number == number) {
            return &groups[i];
        }
    }
    return NULL;
}

const char *lc_group_name(uint16_t group)
{
    const struct name *row = find_group(group);
    return row == NULL ? NULL : row->name;
}

unsigned lc_group_bits(uint16_t group)
{
    const struct name *row = find_group(group);
    return row == NULL ? 0 : row->bits;
}

/* One spelling for "TLS-PSK", "tls_psk" and "TLS_PSK". */
static int plain(uint8_t c)
{
    return c == '-' ? '_' : tolower(c);
}

static bool is_named(struct lc_bytes word, const char *name)
{
    if (word.len != strlen(name)) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        if (plain(word.data[i]) != plain((uint8_t)name[i])) {
            return false;
        }
    }
    return true;
}

const struct lc_suite *lc_suite_named(struct lc_bytes name)
{
    for (size_t i = 0; i < COUNT(lc_suites); i++) {
        if (is_named(name, lc_suites[i].name)) {
            return &lc_suites[i];
        }
    }
    return NULL;
}

static struct lc_bytes trimmed(struct lc_bytes text)
{
    while (text.len > 0 && isspace(text.data[0])) {
        text = lc_bytes(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && isspace(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/* Takes the next word off `rest`, without the blanks around it; empty ones are passed over. False:
 * there is none left. */
static bool next_word(struct lc_bytes *rest, char separator, struct lc_bytes *word)
{
    while (rest->len > 0) {
        const uint8_t *end = memchr(rest->data, separator, rest->len);
        size_t len = end == NULL ? rest->len : (size_t)(end - rest->data);
        size_t taken = end == NULL ? len : len + 1;
        *word = trimmed(lc_bytes(rest->data, len));
        *rest = lc_bytes(rest->data + taken, rest->len - taken);
        if (word->len > 0) {
            return true;
        }
    }
    return false;
}

/* Numbers without repetition. `out` may be NULL: nothing is kept. */
struct numbers {
    uint16_t *out;
    size_t room, count;
};

static void add(struct numbers *numbers, uint16_t number)
{
    for (size_t i = 0; i < numbers->count; i++) {
        if (numbers->out[i] == number) {
            return;
        }
    }
    if (numbers->count < numbers->room) {
        numbers->out[numbers->count++] = number;
    }
}

static int add_default_suites(struct numbers *numbers)
{
    for (size_t i = 0; i < COUNT(lc_suites); i++) {
        if (lc_suites[i].by_default) {
            add(numbers, lc_suites[i].number);
        }
    }
    return (int)numbers->count;
}

static int fail_suite(struct lc_bytes word, struct lc_error *error)
{
    static const char windows[] = "calg_";
    int len = (int)word.len;
    const char *text = (const char *)word.data;
    if (word.len >= 5 && is_named(lc_bytes(word.data, 5), windows)) {
        lc_fail(error, LC_ERROR_USAGE,
            "'%.*s' names an algorithm of Windows, which is not used here; name cipher suites, "
            "for example TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, or '*'",
            len, text);
    } else {
        lc_fail(error, LC_ERROR_USAGE, "no cipher suite is named '%.*s'", len, text);
    }
    return -1;
}

int lc_suites_read(struct lc_bytes text, uint16_t out[], size_t room, struct lc_error *error)
{
    struct numbers numbers = {.out = out, .room = room};
    struct lc_bytes word;
    if (lc_bytes_is(trimmed(text), "*")) {
        return add_default_suites(&numbers);
    }
    while (next_word(&text, ';', &word)) {
        const struct lc_suite *suite = lc_suite_named(word);
        if (suite == NULL) {
            return fail_suite(word, error);
        }
        add(&numbers, suite->number);
    }
    if (numbers.count == 0) {
        lc_fail(error, LC_ERROR_USAGE, "no cipher suite is named; '*' stands for the usual ones");
        return -1;
    }
    return (int)numbers.count;
}

/* What the words of a setting may be. */
struct vocabulary {
    const char *what;
    const struct name *names;
    size_t count;
};

static const struct name *look_up(const struct vocabulary *vocabulary, struct lc_bytes word)
{
    for (size_t i = 0; i < vocabulary->count; i++) {
        if (is_named(word, vocabulary->names[i].name)) {
            return &vocabulary->names[i];
        }
    }
    return NULL;
}

static int fail_word(
    const struct vocabulary *vocabulary, struct lc_bytes word, struct lc_error *error)
{
    char list[240] = "";
    size_t len = 0;
    for (size_t i = 0; i < vocabulary->count && len < sizeof list; i++) {
        len += (size_t)snprintf(
            list + len, sizeof list - len, "%s%s", i == 0 ? "" : ", ", vocabulary->names[i].name);
    }
    lc_fail(error, LC_ERROR_USAGE, "'%.*s' is no %s; there are %s",
        (int)(word.len < 40 ? word.len : 40), (const char *)word.data, vocabulary->what, list);
    return -1;
}

static int read_words(struct lc_bytes text, const struct vocabulary *vocabulary,
    struct numbers *numbers, struct lc_error *error)
{
    struct lc_bytes word;
    while (next_word(&text, ',', &word)) {
        const struct name *row = look_up(vocabulary, word);
        if (row == NULL) {
            return fail_word(vocabulary, word, error);
        }
        add(numbers, row->number);
    }
    return (int)numbers->count;
}

int lc_groups_read(struct lc_bytes text, uint16_t out[], size_t room, struct lc_error *error)
{
    static const struct vocabulary vocabulary = {"group of TLS 1.2", groups, TLS12_GROUPS};
    struct numbers numbers = {.out = out, .room = room};
    int count = read_words(text, &vocabulary, &numbers, error);
    return count == 0 ? fail_word(&vocabulary, lc_bytes_text(""), error) : count;
}

int lc_signatures_read(struct lc_bytes text, uint16_t out[], size_t room, struct lc_error *error)
{
    static const struct vocabulary vocabulary = {
        "signature algorithm of TLS 1.2", signatures, COUNT(signatures)};
    struct numbers numbers = {.out = out, .room = room};
    return read_words(text, &vocabulary, &numbers, error);
}

int lc_tls13_groups_check(struct lc_bytes text, struct lc_error *error)
{
    static const struct vocabulary vocabulary = {"group of TLS 1.3", groups, COUNT(groups)};
    return read_words(text, &vocabulary, &(struct numbers){0}, error);
}

int lc_tls13_signatures_check(struct lc_bytes text, struct lc_error *error)
{
    static const struct vocabulary vocabulary = {
        "signature algorithm of TLS 1.3", tls13_signatures, COUNT(tls13_signatures)};
    return read_words(text, &vocabulary, &(struct numbers){0}, error);
}

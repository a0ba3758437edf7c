/* Opens a store: a file or the data given, which the reader of its type takes apart. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/memory.h"
#include "secure/certificate_contents.h"

enum { MAX_SIZE = 1024 * 1024 };

/* ---- Types -------------------------------------------------------------------------------------
 */

#define OF_WINDOWS                                                                                 \
    "is a store of Windows; here a file (cstPEMKeyFile, cstPFXFile, cstAuto) or a token "          \
    "(cstPKCS11) has to be named"
#define OF_JAVA                                                                                    \
    "is not read here; keytool -importkeystore -deststoretype PKCS12 makes a PFX file of it "      \
    "(cstPFXFile)"
#define OF_P7B                                                                                     \
    "is not read here; openssl pkcs7 -print_certs makes a PEM file of it (cstPublicKeyFile)"
#define OF_SSH "is not read here; ssh-keygen -e -m PKCS8 makes a PEM file of it (cstPublicKeyFile)"
#define OF_PUTTY                                                                                   \
    "is not read here; puttygen -O private-openssh and ssh-keygen -p -m PKCS8 make a PEM file of " \
    "it (cstPEMKeyFile)"
#define OF_XML "is not read here; PEM (cstPEMKeyFile), PFX (cstPFXFile) and JWK (cstJWKFile) are"

/* What Store is. */
enum content { DATA, FILE_NAME, TOKEN, ANY };

struct kind {
    int type;
    enum content content;
    lc_container_reader *read; /* NULL: not read here */
    const char *name;
    const char *instead;
};

static lc_container_reader read_auto;

static const struct kind kinds[] = {
    {LC_STORE_USER, DATA, NULL, "cstUser", OF_WINDOWS},
    {LC_STORE_MACHINE, DATA, NULL, "cstMachine", OF_WINDOWS},
    {LC_STORE_PFX_FILE, FILE_NAME, lc_read_pkcs12, "cstPFXFile", NULL},
    {LC_STORE_PFX_BLOB, DATA, lc_read_pkcs12, "cstPFXBlob", NULL},
    {LC_STORE_JKS_FILE, FILE_NAME, NULL, "cstJKSFile", OF_JAVA},
    {LC_STORE_JKS_BLOB, DATA, NULL, "cstJKSBlob", OF_JAVA},
    {LC_STORE_PEM_KEY_FILE, FILE_NAME, lc_read_pem_or_der, "cstPEMKeyFile", NULL},
    {LC_STORE_PEM_KEY_BLOB, DATA, lc_read_pem_or_der, "cstPEMKeyBlob", NULL},
    {LC_STORE_PUBLIC_KEY_FILE, FILE_NAME, lc_read_pem_or_der, "cstPublicKeyFile", NULL},
    {LC_STORE_PUBLIC_KEY_BLOB, DATA, lc_read_pem_or_der, "cstPublicKeyBlob", NULL},
    {LC_STORE_SSH_PUBLIC_KEY_BLOB, DATA, NULL, "cstSSHPublicKeyBlob", OF_SSH},
    {LC_STORE_P7B_FILE, FILE_NAME, NULL, "cstP7BFile", OF_P7B},
    {LC_STORE_P7B_BLOB, DATA, NULL, "cstP7BBlob", OF_P7B},
    {LC_STORE_SSH_PUBLIC_KEY_FILE, FILE_NAME, NULL, "cstSSHPublicKeyFile", OF_SSH},
    {LC_STORE_PPK_FILE, FILE_NAME, NULL, "cstPPKFile", OF_PUTTY},
    {LC_STORE_PPK_BLOB, DATA, NULL, "cstPPKBlob", OF_PUTTY},
    {LC_STORE_XML_FILE, FILE_NAME, NULL, "cstXMLFile", OF_XML},
    {LC_STORE_XML_BLOB, DATA, NULL, "cstXMLBlob", OF_XML},
    {LC_STORE_JWK_FILE, FILE_NAME, lc_read_jwk, "cstJWKFile", NULL},
    {LC_STORE_JWK_BLOB, DATA, lc_read_jwk, "cstJWKBlob", NULL},
    {LC_STORE_BCFKS_FILE, FILE_NAME, NULL, "cstBCFKSFile", OF_JAVA},
    {LC_STORE_BCFKS_BLOB, DATA, NULL, "cstBCFKSBlob", OF_JAVA},
    {LC_STORE_PKCS11, TOKEN, lc_read_pkcs11, "cstPKCS11", NULL},
    {LC_STORE_AUTO, ANY, read_auto, "cstAuto", NULL},
};

static const struct kind *kind_of(int type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].type == type) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* ---- Data: binary, text, or base64 of either ---------------------------------------------------
 */

/* Decodes what is base64 as a whole into `room`; else the data itself. Not base64url, for which the
 * lines of PEM and of SSH keys would pass, and not the path of a module, which would pass too. */
static struct lc_bytes unwrap(const struct kind *kind, struct lc_bytes data, uint8_t *room)
{
    if (kind->content == TOKEN || data.len == 0 || memchr(data.data, '-', data.len) != NULL) {
        return data;
    }
    long len = lc_base64_decode(data, room);
    return len <= 0 ? data : lc_bytes(room, (size_t)len);
}

static int read_data(const struct kind *kind, struct lc_bytes data, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    if (kind->read == NULL) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "%s %s", kind->name, kind->instead);
    }
    if (data.len > MAX_SIZE) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "%zu bytes are too many for a store: at most %d are read", data.len, MAX_SIZE);
    }
    size_t room = data.len / 4 * 3 + 3;
    uint8_t *decoded = lc_alloc(room);
    if (decoded == NULL) {
        return lc_fail_memory(error);
    }
    int code = kind->read(unwrap(kind, data, decoded), password, contents, error);
    explicit_bzero(decoded, room);
    lc_free(decoded);
    return code;
}

/* ---- Files -------------------------------------------------------------------------------------
 */

/* Reads into `data`, which has room for MAX_SIZE bytes. Returns how many; -1 with errno. */
static long read_whole(int fd, uint8_t *data)
{
    size_t len = 0;
    for (;;) {
        if (len == MAX_SIZE) {
            errno = EFBIG;
            return -1;
        }
        ssize_t got = read(fd, data + len, MAX_SIZE - len);
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        if (got == 0) {
            return (long)len;
        }
        len += got > 0 ? (size_t)got : 0;
    }
}

/* Puts the file's name in front of what its reader said. */
static int tell_file(const char *name, const struct lc_error *said, struct lc_error *error)
{
    if (said->code != LC_ERROR_CERTIFICATE_STORE) {
        return lc_fail_memory(error);
    }
    const char *text = said->text + strlen(lc_error_text(said->code)) + strlen(": ");
    return lc_fail(error, said->code, "%s: %s", name, text);
}

static int read_descriptor(int fd, const char *name, const struct kind *kind, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    uint8_t *data = lc_alloc(MAX_SIZE);
    if (data == NULL) {
        return lc_fail_memory(error);
    }
    struct lc_error said;
    int code;
    long len = read_whole(fd, data);
    if (len < 0) {
        code = lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "%s: %s", name, strerror(errno));
    } else {
        code = read_data(kind, lc_bytes(data, (size_t)len), password, contents, &said);
        code = code == LC_OK ? code : tell_file(name, &said, error);
        explicit_bzero(data, (size_t)len);
    }
    lc_free(data);
    return code;
}

static int read_file(const struct kind *kind, const char *name, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "%s: %s", name, strerror(errno));
    }
    int code = read_descriptor(fd, name, kind, password, contents, error);
    close(fd);
    return code;
}

/* ---- cstAuto -----------------------------------------------------------------------------------
 */

/* How data begins, white space aside. */
static const struct {
    const char *start;
    enum lc_store_type type;
} starts[] = {
    {"{", LC_STORE_JWK_BLOB},
    {"<", LC_STORE_XML_BLOB},
    {"pkcs11:", LC_STORE_PKCS11},
    {"PuTTY-User-Key-File-", LC_STORE_PPK_BLOB},
    {"ssh-", LC_STORE_SSH_PUBLIC_KEY_BLOB},
    {"ecdsa-sha2-", LC_STORE_SSH_PUBLIC_KEY_BLOB},
    {"\xfe\xed\xfe\xed", LC_STORE_JKS_BLOB},
};

/* How the content of a DER sequence begins: PFX has version 3, PKCS #7 an object identifier. */
static const struct {
    const char *start;
    enum lc_store_type type;
} der_starts[] = {
    {"\x02\x01\x03", LC_STORE_PFX_BLOB},
    {"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", LC_STORE_P7B_BLOB},
};

static bool begins(struct lc_bytes data, const char *start)
{
    return data.len >= strlen(start) && memcmp(data.data, start, strlen(start)) == 0;
}

static struct lc_bytes skip(struct lc_bytes data, size_t count)
{
    return count > data.len ? lc_bytes(NULL, 0) : lc_bytes(data.data + count, data.len - count);
}

static struct lc_bytes skip_space(struct lc_bytes data)
{
    while (data.len > 0 && memchr(" \t\r\n", data.data[0], 4) != NULL) {
        data = skip(data, 1);
    }
    return data;
}

/* 0: of no kind that is known. */
static int type_of(struct lc_bytes data)
{
    if (lc_is_pem(data)) {
        return LC_STORE_PEM_KEY_BLOB;
    }
    if (data.len > 1 && data.data[0] == 0x30) {
        unsigned length = data.data[1]; /* a byte, or how many bytes follow (X.690, 8.1.3) */
        struct lc_bytes content = skip(data, 2 + (length > 0x80 ? length - 0x80 : 0));
        for (size_t i = 0; i < sizeof der_starts / sizeof der_starts[0]; i++) {
            if (begins(content, der_starts[i].start)) {
                return der_starts[i].type;
            }
        }
        return LC_STORE_PEM_KEY_BLOB;
    }
    data = skip_space(data);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        if (begins(data, starts[i].start)) {
            return starts[i].type;
        }
    }
    return 0;
}

static int read_auto(struct lc_bytes data, const char *password, struct lc_contents *contents,
    struct lc_error *error)
{
    int type = type_of(data);
    if (type == 0) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE,
            "no certificate and no key is found in it: cstAuto knows names of files, PEM, DER, "
            "PFX, JWK "
            "and pkcs11: URLs");
    }
    return read_data(kind_of(type), data, password, contents, error);
}

/* Whether cstAuto takes it for a file's name: there is such a file, or it looks like one. Data that
 * is damaged is to be in no error text. */
static bool is_name(const char *text, size_t len)
{
    enum { LONGEST = 255 };
    if (strlen(text) != len || len == 0 || strchr(text, '\n') != NULL ||
        type_of(lc_bytes(text, len)) != 0) {
        return false;
    }
    return access(text, F_OK) == 0 || (len <= LONGEST && strchr(text, '.') != NULL);
}

/* ---- Stores ------------------------------------------------------------------------------------
 */

static int read_named(const struct kind *kind, struct lc_bytes store, const char *password,
    struct lc_contents *contents, struct lc_error *error)
{
    char *name = lc_copy(store.data, store.len);
    if (name == NULL) {
        return lc_fail_memory(error);
    }
    int code;
    if (kind->content == ANY && !is_name(name, store.len)) {
        code = read_data(kind, store, password, contents, error);
    } else if (strlen(name) != store.len || store.len == 0) {
        code = lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "%s takes a file's name in Store%s",
            kind->name, store.len == 0 ? ", which is empty" : ", not binary data");
    } else {
        code = read_file(kind, name, password, contents, error);
    }
    struct lc_bytes copy = lc_bytes(name, store.len);
    lc_secret_free(&copy);
    return code;
}

int lc_contents_read(
    const struct lc_certificate_source *store, struct lc_contents *contents, struct lc_error *error)
{
    const struct kind *kind = kind_of(store->type);
    if (kind == NULL) {
        return lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "there is no store type %d", store->type);
    }
    char *password = lc_copy(store->password.data, store->password.len);
    if (password == NULL) {
        return lc_fail_memory(error);
    }
    int code;
    if (strlen(password) != store->password.len) {
        code = lc_fail(error, LC_ERROR_CERTIFICATE_STORE, "StorePassword has a zero byte in it");
    } else if ((kind->content == FILE_NAME || kind->content == ANY) && kind->read != NULL) {
        code = read_named(kind, store->content, password, contents, error);
    } else {
        code = read_data(kind, store->content, password, contents, error);
    }
    struct lc_bytes copy = lc_bytes(password, store->password.len);
    lc_secret_free(&copy);
    return code;
}

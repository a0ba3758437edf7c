/* Reads certificates to trust from texts, files and folders; see trust_anchors.h. */
#include "secure/trust_anchors.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

struct reading {
    gnutls_x509_trust_list_t list;
    const char *setting; /* for the words of an error */
    struct lc_error *error;
    size_t count; /* of certificates that were read */
};

static const char begin[] = "-----BEGIN CERTIFICATE-----";

/* LC_OK also for a text without certificates; `path` is where it is from, or "". */
static int read_text(struct reading *reading, gnutls_datum_t text, const char *path)
{
    if (text.size == 0 || memmem(text.data, text.size, begin, sizeof begin - 1) == NULL) {
        return LC_OK;
    }
    gnutls_x509_crt_t *certificates;
    unsigned count;
    int result = gnutls_x509_crt_list_import2(&certificates, &count, &text, GNUTLS_X509_FMT_PEM, 0);
    if (result < 0) {
        return lc_fail(reading->error, LC_ERROR_CHAIN,
            "%s: a certificate%s%s cannot be read, it is damaged or cut off", reading->setting,
            path[0] == '\0' ? "" : " in ", path);
    }
    /* The list owns them now; in folders the same file often has several names. */
    gnutls_x509_trust_list_add_cas(reading->list, certificates, count, GNUTLS_TL_NO_DUPLICATES);
    gnutls_free(certificates);
    reading->count += count;
    return LC_OK;
}

static int read_file(struct reading *reading, const char *path)
{
    gnutls_datum_t text;
    if (gnutls_load_file(path, &text) < 0) {
        return lc_fail(reading->error, LC_ERROR_CHAIN, "%s: %s cannot be read: %s",
            reading->setting, path, strerror(errno));
    }
    int code = read_text(reading, text, path);
    gnutls_free(text.data);
    return code;
}

/* A folder of certificates also has files that are something else: revocation lists, a README. */
static int read_entry(struct reading *reading, const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path) {
        return lc_fail(
            reading->error, LC_ERROR_CHAIN, "%s: a name is too long in it", reading->setting);
    }
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        return LC_OK; /* reading a pipe might never end */
    }
    return read_file(reading, path);
}

static int read_folder(struct reading *reading, const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return lc_fail(reading->error, LC_ERROR_CHAIN, "%s: the folder %s cannot be read: %s",
            reading->setting, path, strerror(errno));
    }
    const struct dirent *entry;
    int code = LC_OK;
    while (code == LC_OK && (entry = readdir(folder)) != NULL) {
        code = read_entry(reading, path, entry->d_name);
    }
    closedir(folder);
    return code;
}

static int none_in(const struct reading *reading, const char *path)
{
    return lc_fail(reading->error, LC_ERROR_CHAIN,
        "%s: there is no certificate in %s; they begin with %s", reading->setting, path, begin);
}

static int read_all(
    gnutls_x509_trust_list_t list, const struct lc_trust_options *options, struct lc_error *error)
{
    const char *setting = options->for_servers ? "SSLServerCACerts" : "SSLClientCACerts";
    struct lc_bytes text = options->ca_certificates;
    struct reading reading = {.list = list, .setting = setting, .error = error};
    int code = LC_OK;
    if (text.len > 0) {
        code = read_text(
            &reading, (gnutls_datum_t){(unsigned char *)text.data, (unsigned)text.len}, "");
        if (code == LC_OK && reading.count == 0) {
            code = none_in(&reading, "it");
        }
    }
    const struct {
        const char *setting, *path;
        int (*read)(struct reading *reading, const char *path);
    } sources[] = {
        {"OpenSSLCAFile", options->ca_file, read_file},
        {"OpenSSLCADir", options->ca_folder, read_folder},
    };
    for (size_t i = 0; code == LC_OK && i < sizeof sources / sizeof sources[0]; i++) {
        if (sources[i].path == NULL || sources[i].path[0] == '\0') {
            continue;
        }
        reading = (struct reading){.list = list, .setting = sources[i].setting, .error = error};
        code = sources[i].read(&reading, sources[i].path);
        if (code == LC_OK && reading.count == 0) {
            code = none_in(&reading, sources[i].path);
        }
    }
    return code;
}

gnutls_x509_trust_list_t lc_trust_anchors(
    const struct lc_trust_options *options, struct lc_error *error)
{
    gnutls_x509_trust_list_t list;
    if (gnutls_x509_trust_list_init(&list, 0) < 0) {
        lc_fail_memory(error);
        return NULL;
    }
    if (read_all(list, options, error) != LC_OK) {
        gnutls_x509_trust_list_deinit(list, 1);
        return NULL;
    }
    return list;
}

gnutls_x509_trust_list_t lc_trust_system_anchors(void)
{
    static gnutls_x509_trust_list_t list;
    if (list == NULL && gnutls_x509_trust_list_init(&list, 0) == 0) {
        /* A system without certificates trusts nobody. */
        gnutls_x509_trust_list_add_system_trust(list, GNUTLS_TL_NO_DUPLICATES, 0);
    }
    return list;
}

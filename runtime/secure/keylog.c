/* Lines of the NSS key log format, each written by one call, so that programs may share a file. */
#include "secure/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/memory.h"

struct lc_keylog {
    int fd;
};

enum { RANDOM_LEN = 32, SECRET_LEN = 48 };

static const char label[] = "CLIENT_RANDOM ";

struct lc_keylog *lc_keylog_open(const char *path, struct lc_error *error)
{
    struct lc_keylog *keylog = lc_alloc(sizeof *keylog);
    if (keylog == NULL) {
        lc_fail_memory(error);
        return NULL;
    }
    keylog->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (keylog->fd < 0) {
        lc_fail_errno(error, errno, "cannot open the key log file %s", path);
        lc_free(keylog);
        return NULL;
    }
    return keylog;
}

void lc_keylog_close(struct lc_keylog *keylog)
{
    if (keylog != NULL) {
        close(keylog->fd);
        lc_free(keylog);
    }
}

static char *put_hex(char *out, struct lc_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = digits[bytes.data[i] >> 4];
        *out++ = digits[bytes.data[i] & 15];
    }
    return out;
}

size_t lc_keylog_line(
    char out[LC_KEYLOG_LINE], struct lc_bytes client_random, struct lc_bytes secret)
{
    if (client_random.len != RANDOM_LEN || secret.len != SECRET_LEN) {
        return 0;
    }
    memcpy(out, label, sizeof label - 1);
    char *end = put_hex(out + sizeof label - 1, client_random);
    *end++ = ' ';
    end = put_hex(end, secret);
    *end++ = '\n';
    return (size_t)(end - out);
}

/* A disk that is full only costs the analyser its line: the session goes on. */
void lc_keylog_write(
    struct lc_keylog *keylog, struct lc_bytes client_random, struct lc_bytes secret)
{
    char line[LC_KEYLOG_LINE];
    size_t len = lc_keylog_line(line, client_random, secret);
    ssize_t written = len == 0 ? 0 : write(keylog->fd, line, len);
    (void)written;
    explicit_bzero(line, sizeof line);
}

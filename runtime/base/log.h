/* Log lines, for the Log event. Nothing is formatted that nobody reads. */
#ifndef LC_BASE_LOG_H
#define LC_BASE_LOG_H

enum lc_log_level {
    LC_LOG_NONE,
    LC_LOG_INFO,
    LC_LOG_VERBOSE,
    LC_LOG_DEBUG,
};

struct lc_log {
    int level; /* the most detailed level that is wanted */
    void (*write)(void *arg, int level, const char *text);
    void *arg;
};

void lc_log_write(const struct lc_log *log, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `log` is evaluated twice. */
#define lc_log(log, wanted, ...)                                                                   \
    do {                                                                                           \
        if ((log)->level >= (wanted)) {                                                            \
            lc_log_write((log), (wanted), __VA_ARGS__);                                            \
        }                                                                                          \
    } while (0)

#endif

/*
 * The files of a folder, by paths such as "sub/a.txt". Each name of a path is opened in the folder
 * before it, as what it is itself: whatever others rename meanwhile, nothing outside is reached,
 * and nothing is waited for. There are files and folders; symbolic links, ".." and "." lead
 * nowhere. A path that ends in "/" means a folder, and "" the folder itself.
 *
 * All functions return 0 or a number of errno: ENOENT also for what leads nowhere, EISDIR for a
 * folder that should be a file, ENOTDIR the other way, ENXIO for pipes, sockets and devices.
 */
#ifndef LC_BASE_FOLDER_H
#define LC_BASE_FOLDER_H

#include "base/buf.h"

/* Whether there is a folder at `root`, to which links may lead. It is opened anew in each call. */
int lc_folder_check(const char *root);

/* Appends a file to `out`; EFBIG when it has more bytes than `limit`. */
int lc_folder_read(const char *root, const char *path, size_t limit, struct lc_buf *out);

/* Makes a file, or replaces it as a whole: who reads it sees the old one or the new one. A file
 * that may not be written stays; the new one has the permissions of the old one. */
int lc_folder_write(const char *root, const char *path, struct lc_bytes data, bool *out_created);

int lc_folder_remove(const char *root, const char *path);

struct lc_folder_entry {
    bool is_folder;
    uint64_t size; /* of a file */
    const char *name;
};

/* Appends what is in a folder to `out`, from which lc_folder_next() takes one after the other, in
 * no order; false at the end. The names stand in `out`. */
int lc_folder_list(const char *root, const char *path, struct lc_buf *out);
bool lc_folder_next(struct lc_bytes *rest, struct lc_folder_entry *out);

#endif

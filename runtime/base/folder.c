/* Files below a folder; see folder.h. */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"

/* How a file is opened: a link that has taken its place is none, and no pipe or terminal keeps us.
 */
#define FILE_FLAGS (O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* ---- Paths -------------------------------------------------------------------------------------
 */

/* Where a path leads. */
struct place {
    int folder;              /* open, for names in it alone */
    char name[NAME_MAX + 1]; /* in that folder; "." when the path means the folder itself */
};

/* A name that is one of a file or folder, and no way elsewhere. */
static int set_name(struct place *place, const char *name, size_t len)
{
    if (len > NAME_MAX) {
        return ENAMETOOLONG;
    }
    memcpy(place->name, name, len);
    place->name[len] = '\0';
    bool leads_elsewhere = strcmp(place->name, ".") == 0 || strcmp(place->name, "..") == 0;
    return len == 0 || leads_elsewhere ? ENOENT : 0;
}

/* Goes on to the folder that has this name. */
static int enter(struct place *place, const char *name, size_t len)
{
    int code = set_name(place, name, len);
    if (code != 0) {
        return code;
    }
    int next = openat(place->folder, place->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0) {
        return errno;
    }
    close(place->folder);
    place->folder = next;
    return 0;
}

static int enter_root(struct place *place, const char *root)
{
    place->folder = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return place->folder < 0 ? errno : 0;
}

/* Closes nothing when it fails; leave() closes what it has opened. */
static int find(struct place *place, const char *root, const char *path)
{
    int code = enter_root(place, root);
    for (const char *slash; code == 0 && (slash = strchr(path, '/')) != NULL; path = slash + 1) {
        code = enter(place, path, (size_t)(slash - path));
    }
    if (code == 0 && *path == '\0') {
        strcpy(place->name, ".");
    } else if (code == 0) {
        code = set_name(place, path, strlen(path));
    }
    return code;
}

static void leave(struct place *place)
{
    if (place->folder >= 0) {
        close(place->folder);
    }
}

int lc_folder_check(const char *root)
{
    struct place place;
    int code = enter_root(&place, root);
    leave(&place);
    return code;
}

/* ---- Files -------------------------------------------------------------------------------------
 */

static int check_file(const struct stat *status)
{
    if (S_ISREG(status->st_mode)) {
        return 0;
    } else if (S_ISDIR(status->st_mode)) {
        return EISDIR;
    }
    return S_ISLNK(status->st_mode) ? ENOENT : ENXIO;
}

/* Opens a file; ELOOP for a link. */
static int open_file(const struct place *place, int flags, int *out_fd, struct stat *out_status)
{
    int fd = openat(place->folder, place->name, flags | FILE_FLAGS);
    if (fd < 0) {
        return errno;
    }
    int code = fstat(fd, out_status) == 0 ? check_file(out_status) : errno;
    if (code != 0) {
        close(fd);
        return code;
    }
    *out_fd = fd;
    return 0;
}

/* The size is a guess: others may write meanwhile, and some systems do not tell it. */
static int read_whole(int fd, size_t size, size_t limit, struct lc_buf *out)
{
    size_t start = out->len, room = size + 1;
    for (;; room = 4096) {
        if (!lc_buf_reserve(out, room)) {
            return ENOMEM;
        }
        ssize_t got = read(fd, out->data + out->len, room);
        if (got == 0) {
            return 0;
        } else if (got < 0 && errno != EINTR) {
            return errno;
        }
        out->len += got > 0 ? (size_t)got : 0;
        if (out->len - start > limit) {
            return EFBIG;
        }
    }
}

static int read_at(const struct place *place, size_t limit, struct lc_buf *out)
{
    int fd;
    struct stat status;
    int code = open_file(place, O_RDONLY, &fd, &status);
    if (code != 0) {
        return code == ELOOP ? ENOENT : code;
    }
    code = (uint64_t)status.st_size > limit ? EFBIG
                                            : read_whole(fd, (size_t)status.st_size, limit, out);
    close(fd);
    return code;
}

int lc_folder_read(const char *root, const char *path, size_t limit, struct lc_buf *out)
{
    struct place place;
    int code = find(&place, root, path);
    if (code == 0) {
        code = read_at(&place, limit, out);
    }
    leave(&place);
    return code;
}

static int remove_at(const struct place *place)
{
    struct stat status;
    if (fstatat(place->folder, place->name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno;
    }
    int code = check_file(&status);
    return code == 0 && unlinkat(place->folder, place->name, 0) != 0 ? errno : code;
}

int lc_folder_remove(const char *root, const char *path)
{
    struct place place;
    int code = find(&place, root, path);
    if (code == 0) {
        code = remove_at(&place);
    }
    leave(&place);
    return code;
}

/* ---- Writing -----------------------------------------------------------------------------------
 */

static int write_whole(int fd, struct lc_bytes data)
{
    while (data.len > 0) {
        ssize_t done = write(fd, data.data, data.len);
        if (done < 0 && errno != EINTR) {
            return errno;
        }
        data.data += done > 0 ? done : 0;
        data.len -= done > 0 ? (size_t)done : 0;
    }
    return 0;
}

/* Gives a file to the owner and group of another one, as far as we may, and the permissions that it
 * has. Not the bits by which a program runs as its owner: who writes it may be somebody else. */
static int take_after(int fd, const struct stat *former)
{
    if (fchown(fd, former->st_uid, former->st_gid) != 0) {
        (void)!fchown(fd, (uid_t)-1, former->st_gid);
    }
    return fchmod(fd, former->st_mode & 0777) == 0 ? 0 : errno;
}

/* Makes a file with this content, of which a part may stay when it fails. `former`: see
 * take_after(); NULL for the permissions of new files. */
static int make(int folder, const char *name, struct lc_bytes data, const struct stat *former)
{
    mode_t mode = former == NULL ? 0666 : former->st_mode & 0666;
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | FILE_FLAGS, mode);
    if (fd < 0) {
        return errno;
    }
    int code = write_whole(fd, data);
    if (code == 0 && former != NULL) {
        code = take_after(fd, former);
    }
    /* Some file systems tell only now that there is no room. */
    return close(fd) != 0 && code == 0 ? errno : code;
}

static int replace(const struct place *place, struct lc_bytes data, const struct stat *former)
{
    uint64_t number;
    char beside[32];
    lc_random_bytes(&number, sizeof number);
    snprintf(beside, sizeof beside, ".%016" PRIx64 ".part", number);
    int code = make(place->folder, beside, data, former);
    if (code == 0 && renameat(place->folder, beside, place->folder, place->name) != 0) {
        code = errno;
    }
    if (code != 0 && code != EEXIST) {
        unlinkat(place->folder, beside, 0);
    }
    return code;
}

/* Renaming replaces also what may not be written, or is no file: hence the look before. */
static int write_at(const struct place *place, struct lc_bytes data, bool *out_created)
{
    int fd;
    struct stat former;
    int code = open_file(place, O_WRONLY, &fd, &former);
    *out_created = code == ENOENT;
    if (*out_created) {
        return replace(place, data, NULL);
    } else if (code != 0) {
        return code == ELOOP ? ENOENT : code;
    }
    close(fd);
    return replace(place, data, &former);
}

int lc_folder_write(const char *root, const char *path, struct lc_bytes data, bool *out_created)
{
    struct place place;
    int code = find(&place, root, path);
    if (code == 0) {
        code = write_at(&place, data, out_created);
    }
    leave(&place);
    return code;
}

/* ---- What is in a folder ------------------------------------------------------------------------
 */

/* An entry as it stands in a list: this, and the name with a zero byte. */
struct listed {
    uint64_t size;
    uint16_t name_size;
    bool is_folder;
};

static bool append(struct lc_buf *out, const char *name, const struct stat *status)
{
    struct listed listed = {.name_size = (uint16_t)(strlen(name) + 1)};
    listed.is_folder = S_ISDIR(status->st_mode);
    listed.size = listed.is_folder ? 0 : (uint64_t)status->st_size;
    return lc_buf_append(out, &listed, sizeof listed) && lc_buf_append(out, name, listed.name_size);
}

static bool is_listed(const struct stat *status)
{
    return S_ISREG(status->st_mode) || S_ISDIR(status->st_mode);
}

static int list_stream(DIR *stream, struct lc_buf *out)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        struct stat status;
        if (entry == NULL) {
            return errno;
        } else if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        /* One that is gone already is not listed. */
        if (fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            is_listed(&status) && !append(out, entry->d_name, &status)) {
            return ENOMEM;
        }
    }
}

static int list_at(const struct place *place, struct lc_buf *out)
{
    int fd = openat(place->folder, place->name, O_RDONLY | O_DIRECTORY | FILE_FLAGS);
    if (fd < 0) {
        return errno;
    }
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        int code = errno;
        close(fd);
        return code;
    }
    int code = list_stream(stream, out);
    closedir(stream);
    return code;
}

int lc_folder_list(const char *root, const char *path, struct lc_buf *out)
{
    struct place place;
    int code = find(&place, root, path);
    if (code == 0) {
        code = list_at(&place, out);
    }
    leave(&place);
    return code;
}

bool lc_folder_next(struct lc_bytes *rest, struct lc_folder_entry *out)
{
    struct listed listed;
    if (rest->len == 0) {
        return false;
    }
    memcpy(&listed, rest->data, sizeof listed);
    out->is_folder = listed.is_folder;
    out->size = listed.size;
    out->name = (const char *)rest->data + sizeof listed;
    size_t size = sizeof listed + listed.name_size;
    *rest = lc_bytes(rest->data + size, rest->len - size);
    return true;
}

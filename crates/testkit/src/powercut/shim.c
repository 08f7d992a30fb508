/*
 * Preloaded into a process under test: writes down what the process did to the files of one folder, so that a later power cut can
 * throw away or garble whatever was not synced. Also fails the n-th sync on demand.
 *
 * POWERCUT_ROOT                the folder (flat)
 * POWERCUT_LOG                 where it is written down; one line for each act, by one write(2) in append mode
 * POWERCUT_SHADOW              a folder that keeps unlinked files alive, so that an unsynced unlink can be undone
 * POWERCUT_FAIL_SYNC=n         the n-th sync of this process fails with EIO, once
 * POWERCUT_IGNORE_FOLDER_SYNC  folder syncs are not written down (for a control)
 *
 *   W inode offset length size   about to be written (before: what was not logged can't count as synced)
 *   T inode length               was truncated
 *   B inode ticket               a sync begins (inode 0: of the folder); what is logged before is what it can make durable
 *   S inode ticket               it succeeded
 *   E inode ticket               it failed: the kernel marks the pages clean, a later sync won't write them
 *   C inode name                 was created in the folder
 *   R inode replaced old new     about to be renamed; `replaced` is the inode that had the name before, or 0
 *   U inode name                 about to be unlinked (death may come before it is: whoever undoes it looks first)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int log_fd = -1;
static const char *root, *shadow;
static size_t root_len;
static atomic_long syncs, tickets;
static long fail_sync;
static int ignore_folder_sync;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("POWERCUT_LOG");
    const char *nth = getenv("POWERCUT_FAIL_SYNC");
    root = getenv("POWERCUT_ROOT");
    shadow = getenv("POWERCUT_SHADOW");
    if (!path || !root || !shadow) return;
    root_len = strlen(root);
    fail_sync = nth ? atol(nth) : 0;
    ignore_folder_sync = getenv("POWERCUT_IGNORE_FOLDER_SYNC") != NULL;
    atomic_store(&tickets, (long)getpid() << 32);
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void note(const char *format, ...) {
    char line[2 * NAME_MAX + 128];
    int saved = errno;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (length <= 0 || syscall(SYS_write, log_fd, line, (size_t)length) != length) abort();
    errno = saved;
}

#define REAL(name, type) \
    static __typeof__(type) real; \
    if (!real) real = (__typeof__(type))dlsym(RTLD_NEXT, #name)

/* The name within the folder, or NULL for files that are none of our business. */
static const char *inside(const char *path) {
    if (log_fd < 0 || strncmp(path, root, root_len) != 0 || path[root_len] != '/') return NULL;
    const char *name = path + root_len + 1;
    return *name && !strchr(name, '/') ? name : NULL;
}

static unsigned long inode_at(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0 ? (unsigned long)st.st_ino : 0;
}

/* Only regular files are followed; the process under test writes none but those in the folder. */
static int followed(int fd, struct stat *st, mode_t kind) {
    return log_fd >= 0 && fstat(fd, st) == 0 && (st->st_mode & S_IFMT) == kind;
}

static void keep(const char *path, unsigned long inode) {
    char to[PATH_MAX];
    snprintf(to, sizeof to, "%s/%lu", shadow, inode);
    if (link(path, to) != 0 && errno != EEXIST) abort();
}

static int opened(int fd, const char *path, int flags, unsigned long before) {
    const char *name = inside(path);
    struct stat st;
    if (fd >= 0 && name && (flags & O_CREAT) && fstat(fd, &st) == 0) {
        if (!before) note("C %lu %s\n", (unsigned long)st.st_ino, name);
        else if (flags & O_TRUNC) note("T %lu 0\n", (unsigned long)st.st_ino);
    }
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name, int (*)(const char *, int, ...)); \
        va_list args; \
        va_start(args, flags); \
        mode_t mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0; \
        va_end(args); \
        unsigned long before = inside(path) ? inode_at(path) : 0; \
        return opened(real(path, flags, mode), path, flags, before); \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write, ssize_t (*)(int, const void *, size_t));
    struct stat st;
    if (followed(fd, &st, S_IFREG)) {
        off_t at = (fcntl(fd, F_GETFL) & O_APPEND) ? st.st_size : lseek(fd, 0, SEEK_CUR);
        note("W %lu %ld %zu %ld\n", (unsigned long)st.st_ino, (long)at, count, (long)st.st_size);
    }
    return real(fd, bytes, count);
}

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *bytes, size_t count, offset_type at) { \
        REAL(name, ssize_t (*)(int, const void *, size_t, offset_type)); \
        struct stat st; \
        if (followed(fd, &st, S_IFREG)) \
            note("W %lu %ld %zu %ld\n", (unsigned long)st.st_ino, (long)at, count, (long)st.st_size); \
        return real(fd, bytes, count, at); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, offset_type) \
    int name(int fd, offset_type length) { \
        REAL(name, int (*)(int, offset_type)); \
        struct stat st; \
        int regular = followed(fd, &st, S_IFREG); \
        int result = real(fd, length); \
        if (result == 0 && regular) note("T %lu %ld\n", (unsigned long)st.st_ino, (long)length); \
        return result; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

static int sync_with(int fd, int (*real)(int)) {
    struct stat st;
    int folder = followed(fd, &st, S_IFDIR);
    if (!folder && !followed(fd, &st, S_IFREG)) return real(fd);
    if (folder && ignore_folder_sync) return real(fd);
    long ticket = atomic_fetch_add(&tickets, 1);
    unsigned long inode = folder ? 0 : (unsigned long)st.st_ino;
    note("B %lu %ld\n", inode, ticket);
    if (atomic_fetch_add(&syncs, 1) + 1 == fail_sync) {
        note("E %lu %ld\n", inode, ticket);
        errno = EIO;
        return -1;
    }
    int result = real(fd);
    if (result == 0) note("S %lu %ld\n", inode, ticket);
    return result;
}

int fsync(int fd) {
    REAL(fsync, int (*)(int));
    return sync_with(fd, real);
}

int fdatasync(int fd) {
    REAL(fdatasync, int (*)(int));
    return sync_with(fd, real);
}

int rename(const char *from, const char *to) {
    REAL(rename, int (*)(const char *, const char *));
    const char *old = inside(from), *new = inside(to);
    if (!old || !new) return real(from, to);
    unsigned long inode = inode_at(from), replaced = inode_at(to);
    if (replaced) keep(to, replaced);
    note("R %lu %lu %s %s\n", inode, replaced, old, new);
    return real(from, to);
}

int unlink(const char *path) {
    REAL(unlink, int (*)(const char *));
    const char *name = inside(path);
    unsigned long inode = name ? inode_at(path) : 0;
    if (inode) {
        keep(path, inode);
        note("U %lu %s\n", inode, name);
    }
    return real(path);
}

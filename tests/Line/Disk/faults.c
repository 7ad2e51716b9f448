/* A disk that fails: the call named by FAULT_CALL fails with FAULT_ERRNO the FAULT_AT-th time that it is about something below
 * FAULT_UNDER, and every failure is a line in FAULT_LOG. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

static atomic_int seen;

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

static int below(const char *path)
{
    const char *under = getenv("FAULT_UNDER");
    return under && strncmp(path, under, strlen(under)) == 0;
}

static int fails(const char *call, const char *path)
{
    const char *wanted = getenv("FAULT_CALL");
    if (!wanted || strcmp(wanted, call) || !below(path) || atomic_fetch_add(&seen, 1) + 1 != atoi(getenv("FAULT_AT")))
        return 0;
    int (*opened)(const char *, int, ...) = next("open");
    ssize_t (*written)(int, const void *, size_t) = next("write");
    int (*closed)(int) = next("close");
    int log = opened(getenv("FAULT_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0666);
    char line[5000];
    int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    written(log, line, length);
    closed(log);
    errno = atoi(getenv("FAULT_ERRNO"));
    return 1;
}

static int fd_fails(const char *call, int fd)
{
    char self[64], path[4096];
    int kept = errno;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(self, path, sizeof path - 1);
    errno = kept;
    if (length < 0)
        return 0;
    path[length] = 0;
    return fails(call, path);
}

static int at_fails(const char *call, int folder, const char *name)
{
    char self[64], path[8192];
    int kept = errno;
    if (name[0] == '/')
        return fails(call, name);
    if (folder == AT_FDCWD)
        snprintf(self, sizeof self, "/proc/self/cwd");
    else
        snprintf(self, sizeof self, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(self, path, 4095);
    errno = kept;
    if (length < 0)
        return 0;
    snprintf(path + length, sizeof path - length, "/%s", name);
    return fails(call, path);
}

#define FD(call, result, parameters, arguments) \
    result call parameters { static result (*real) parameters; if (!real) real = next(#call); return fd_fails(#call, fd) ? -1 : real arguments; }

FD(fsync, int, (int fd), (fd))
FD(syncfs, int, (int fd), (fd))
FD(fchmod, int, (int fd, mode_t mode), (fd, mode))
FD(fchown, int, (int fd, uid_t user, gid_t group), (fd, user, group))
FD(fsetxattr, int, (int fd, const char *name, const void *value, size_t size, int flags), (fd, name, value, size, flags))
FD(ftruncate, int, (int fd, off_t length), (fd, length))
FD(ftruncate64, int, (int fd, off64_t length), (fd, length))
FD(pwrite, ssize_t, (int fd, const void *bytes, size_t size, off_t at), (fd, bytes, size, at))
FD(pwrite64, ssize_t, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
FD(pwritev, ssize_t, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
FD(pwritev64, ssize_t, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))
FD(pread, ssize_t, (int fd, void *bytes, size_t size, off_t at), (fd, bytes, size, at))
FD(pread64, ssize_t, (int fd, void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
FD(read, ssize_t, (int fd, void *bytes, size_t size), (fd, bytes, size))
FD(write, ssize_t, (int fd, const void *bytes, size_t size), (fd, bytes, size))

int close(int fd)
{
    static int (*real)(int);
    if (!real)
        real = next("close");
    if (!fd_fails("close", fd))
        return real(fd);
    int said = errno;
    real(fd);
    errno = said;
    return -1;
}

int openat(int folder, const char *name, int flags, ...)
{
    static int (*real)(int, const char *, int, ...);
    va_list more;
    va_start(more, flags);
    int mode = va_arg(more, int);
    va_end(more);
    if (!real)
        real = next("openat");
    return at_fails("openat", folder, name) ? -1 : real(folder, name, flags, mode);
}

int renameat2(int from, const char *old, int to, const char *name, unsigned flags)
{
    static int (*real)(int, const char *, int, const char *, unsigned);
    if (!real)
        real = next("renameat2");
    return at_fails("renameat2", to, name) ? -1 : real(from, old, to, name, flags);
}

int renameat(int from, const char *old, int to, const char *name)
{
    static int (*real)(int, const char *, int, const char *);
    if (!real)
        real = next("renameat");
    return at_fails("renameat", to, name) ? -1 : real(from, old, to, name);
}

int linkat(int from, const char *old, int to, const char *name, int flags)
{
    static int (*real)(int, const char *, int, const char *, int);
    if (!real)
        real = next("linkat");
    return at_fails("linkat", to, name) ? -1 : real(from, old, to, name, flags);
}

int mkdir(const char *path, mode_t mode)
{
    static int (*real)(const char *, mode_t);
    if (!real)
        real = next("mkdir");
    return at_fails("mkdir", AT_FDCWD, path) ? -1 : real(path, mode);
}

/* Preloaded into a server by tests/support/faults.py: system calls on files whose path has a given part fail, or kill
   the process; the wall clock goes wrong. The rule is one line in the file that FAULTS names, read at each call:

       CALL PART ACTION SKIP      CALL: write, sync, read, change (truncate, unlink, rename, link) or any
                                  PART: in the path, or with $ behind it its end
                                  ACTION: kill, or the number of an error; SKIP: so many calls succeed before.
                                  count: none fails, their number is in the file FAULTS.seen at the end
       clock - SECONDS 0          the wall clock is so many seconds off

   No file: no fault. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static atomic_long seen;

static int read_rule(char *call, char *part, char *action, long *skip) {
    const char *name = getenv("FAULTS");
    char line[512];
    int fd;
    long size;
    if (name == NULL || (fd = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0)) < 0)
        return 0;
    size = syscall(SYS_read, fd, line, sizeof line - 1);
    syscall(SYS_close, fd);
    if (size <= 0)
        return 0;
    line[size] = 0;
    return sscanf(line, "%31s %255s %31s %ld", call, part, action, skip) == 4;
}

__attribute__((destructor)) static void tell_count(void) {
    char name[4096], number[32];
    int fd, size;
    if (atomic_load(&seen) == 0)
        return;
    snprintf(name, sizeof name, "%s.seen", getenv("FAULTS"));
    size = snprintf(number, sizeof number, "%ld", atomic_load(&seen));
    fd = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0 && syscall(SYS_write, fd, number, size) != size)
        _exit(1);
}

static int is_meant(const char *path, const char *part) {
    size_t wanted = strlen(part), size = strlen(path);
    if (wanted == 0 || part[wanted - 1] != '$')
        return strstr(path, part) != NULL;
    return size >= --wanted && strncmp(path + size - wanted, part, wanted) == 0;
}

/* The error that the call fails with; 0: it goes on. */
static int fault_of_path(const char *call, const char *path) {
    char wanted[32], part[256], action[32];
    long skip;
    int before = errno;
    int found = read_rule(wanted, part, action, &skip);
    errno = before;
    if (!found || (strcmp(wanted, call) != 0 && strcmp(wanted, "any") != 0) || !is_meant(path, part))
        return 0;
    if (strcmp(wanted, "any") == 0 && strcmp(call, "read") == 0)
        return 0;
    if (atomic_fetch_add(&seen, 1) < skip || strcmp(action, "count") == 0)
        return 0;
    if (strcmp(action, "kill") == 0)
        syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    return atoi(action);
}

static int fault(const char *call, int fd) {
    char link[64], path[4096];
    long size;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (size <= 0)
        return 0;
    path[size] = 0;
    return fault_of_path(call, path);
}

#define UNLESS(error_of) \
    do { \
        int error = error_of; \
        if (error) { \
            errno = error; \
            return -1; \
        } \
    } while (0)

ssize_t write(int fd, const void *data, size_t size) {
    UNLESS(fault("write", fd));
    return syscall(SYS_write, fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    UNLESS(fault("write", fd));
    return syscall(SYS_pwrite64, fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return pwrite(fd, data, size, at); }
ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    ssize_t written;
    UNLESS(fault("write", fd));
    if (!(flags & RWF_DSYNC))
        return syscall(SYS_pwritev2, fd, parts, count, at, 0, flags);
    written = syscall(SYS_pwritev2, fd, parts, count, at, 0, flags & ~RWF_DSYNC);
    if (written < 0)
        return written;
    UNLESS(fault("sync", fd)); /* what was written may or may not be on the disk */
    return syscall(SYS_fdatasync, fd) ? -1 : written;
}
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    return pwritev2(fd, parts, count, at, flags);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev2(fd, parts, count, at, 0); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return pwritev2(fd, parts, count, at, 0); }
ssize_t pread(int fd, void *data, size_t size, off_t at) {
    UNLESS(fault("read", fd));
    return syscall(SYS_pread64, fd, data, size, at);
}
ssize_t pread64(int fd, void *data, size_t size, off_t at) { return pread(fd, data, size, at); }
int fsync(int fd) {
    UNLESS(fault("sync", fd));
    return syscall(SYS_fsync, fd);
}
int fdatasync(int fd) {
    UNLESS(fault("sync", fd));
    return syscall(SYS_fdatasync, fd);
}
int ftruncate(int fd, off_t size) {
    UNLESS(fault("change", fd));
    return syscall(SYS_ftruncate, fd, size);
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
int unlink(const char *path) {
    UNLESS(fault_of_path("change", path));
    return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
int rename(const char *from, const char *to) {
    UNLESS(fault_of_path("change", to));
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int link(const char *from, const char *to) {
    UNLESS(fault_of_path("change", to));
    return syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    char wanted[32], part[256], action[32];
    long skip;
    int before = errno;
    int result = syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME && read_rule(wanted, part, action, &skip) && strcmp(wanted, "clock") == 0)
        time->tv_sec += atol(action);
    errno = before;
    return result;
}

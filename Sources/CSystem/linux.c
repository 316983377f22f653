#include "martlet_linux.h"

#include <unistd.h>

int martlet_fallocate_keep_size(int fd, off_t offset, off_t length) {
    return fallocate(fd, FALLOC_FL_KEEP_SIZE, offset, length);
}

ssize_t martlet_pread_nowait(int fd, void *buffer, size_t count, off_t offset) {
    struct iovec piece = {buffer, count};
    return preadv2(fd, &piece, 1, offset, RWF_NOWAIT);
}

int martlet_syncfs(int fd) { return syncfs(fd); }

int martlet_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(fd, address, length, flags);
}

/* What `import Glibc` lacks of Linux, apart from events and sockets (martlet_event_loop.h). */
#pragma once
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* fallocate(FALLOC_FL_KEEP_SIZE): room for the file without changing its length. 0, or -1 with errno. */
int martlet_fallocate_keep_size(int fd, off_t offset, off_t length);

/* preadv2 with RWF_NOWAIT: bytes read, or -1 with errno (EAGAIN: not in the page cache). */
ssize_t martlet_pread_nowait(int fd, void *buffer, size_t count, off_t offset);

/* syncfs of the file system that holds fd. */
int martlet_syncfs(int fd);

int martlet_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);

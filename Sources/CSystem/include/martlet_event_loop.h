/* What the event loop needs of Linux beyond `import Glibc`. */
#pragma once
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/types.h>

/* epoll_ctl with the event's parts apart: its C structure is packed on some machines. 0, or -1 with errno. */
int martlet_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data);

/* Allocates room for `count` events; free() it. */
struct epoll_event *martlet_epoll_events(int count);
uint32_t martlet_epoll_event_flags(const struct epoll_event *events, int index);
uint64_t martlet_epoll_event_data(const struct epoll_event *events, int index);

/* A non-blocking descriptor from which the signals of `mask` are read; -1 with errno. */
int martlet_signal_descriptor(const sigset_t *mask);
/* The next signal that arrived, 0 if none has. */
int martlet_next_signal(int fd);

/* At most 15 bytes of `name` are shown by the kernel. */
void martlet_name_thread(const char *name);

#include "martlet_event_loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int martlet_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(epoll, operation, fd, &event);
}

struct epoll_event *martlet_epoll_events(int count) { return calloc((size_t)count, sizeof(struct epoll_event)); }

uint32_t martlet_epoll_event_flags(const struct epoll_event *events, int index) { return events[index].events; }

uint64_t martlet_epoll_event_data(const struct epoll_event *events, int index) { return events[index].data.u64; }

int martlet_signal_descriptor(const sigset_t *mask) { return signalfd(-1, mask, SFD_NONBLOCK | SFD_CLOEXEC); }

int martlet_next_signal(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void martlet_name_thread(const char *name) {
    char shown[16];
    strncpy(shown, name, sizeof shown - 1);
    shown[sizeof shown - 1] = 0;
    pthread_setname_np(pthread_self(), shown);
}

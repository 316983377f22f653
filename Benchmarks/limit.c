/* The least that a broker has to do, in C: the denominator of Martlet's figures.
 *
 * One epoll thread. Produce v7: receive, CRC-32C over each batch, base offset stamped, one pwritev for all that one read
 * brought, one send of all answers. Fetch v4: a header by send(MSG_MORE) and the batch by sendfile. One file, no index, no
 * idempotence, no metadata: anything more a broker does shows as a ratio above 1.
 *
 *     limit PORT FILE RECORDS_PER_BATCH
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../Sources/CSystem/include/martlet_crc32c.h"

enum { BUFFER = 4 << 20, PIECES = 1024, EVENTS = 64 };

struct connection {
    int descriptor;
    size_t used;
    char *input;
};

static int file;
static int64_t file_size, next_offset, batch_size;
static int records_per_batch;
static char output[1 << 20];
static size_t output_used;

static uint16_t get16(const char *p) { uint16_t v; memcpy(&v, p, 2); return be16toh(v); }
static uint32_t get32(const char *p) { uint32_t v; memcpy(&v, p, 4); return be32toh(v); }
static uint64_t get64(const char *p) { uint64_t v; memcpy(&v, p, 8); return be64toh(v); }
static void put16(char *p, uint16_t v) { v = htobe16(v); memcpy(p, &v, 2); }
static void put32(char *p, uint32_t v) { v = htobe32(v); memcpy(p, &v, 4); }
static void put64(char *p, uint64_t v) { v = htobe64(v); memcpy(p, &v, 8); }

static void send_all(int descriptor, const char *bytes, size_t count, int flags) {
    while (count > 0) {
        ssize_t sent = send(descriptor, bytes, count, flags | MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent < 0) return;
        bytes += sent;
        count -= (size_t)sent;
    }
}

/* The batch of a produce frame, staged; the answer, appended to the output. */
static void produce(char *frame, struct iovec *pieces, int *count, int64_t *staged) {
    char *p = frame + 8;
    p += 2 + get16(p);                 /* client id */
    p += 2;                            /* transactional id: null */
    p += 2 + 4 + 4;                    /* acks, timeout, one topic */
    char *name = p;
    uint16_t name_length = get16(p);
    p += 2 + name_length + 4 + 4;      /* name, one partition, its index */
    uint32_t length = get32(p);
    char *batch = p + 4;
    uint32_t crc = martlet_crc32c(0, batch + 21, length - 21);
    int16_t error = crc == get32(batch + 17) ? 0 : 2;
    int64_t base = next_offset;
    if (error == 0) {
        put64(batch, (uint64_t)base);
        put32(batch + 12, 0);
        pieces[*count].iov_base = batch;
        pieces[(*count)++].iov_len = length;
        *staged += length;
        next_offset += get32(batch + 23) + 1;
        batch_size = length;
    }
    char *start = output + output_used, *o = start + 4;
    memcpy(o, frame + 4, 4); o += 4;
    put32(o, 1); o += 4;
    memcpy(o, name, 2 + name_length); o += 2 + name_length;
    put32(o, 1); o += 4;
    put32(o, 0); o += 4;
    put16(o, (uint16_t)error); o += 2;
    put64(o, (uint64_t)base); o += 8;
    put64(o, (uint64_t)-1); o += 8;
    put64(o, 0); o += 8;
    put32(o, 0); o += 4;
    put32(start, (uint32_t)(o - start - 4));
    output_used = (size_t)(o - output);
}

static void fetch(int descriptor, char *frame) {
    char *p = frame + 8;
    p += 2 + get16(p);
    p += 4 + 4 + 4 + 4 + 1 + 4;
    char *name = p;
    uint16_t name_length = get16(p);
    p += 2 + name_length + 4 + 4;
    int64_t position = (int64_t)get64(p) / records_per_batch * batch_size;
    char header[512], *o = header + 4;
    memcpy(o, frame + 4, 4); o += 4;
    put32(o, 0); o += 4;
    put32(o, 1); o += 4;
    memcpy(o, name, 2 + name_length); o += 2 + name_length;
    put32(o, 1); o += 4;
    put32(o, 0); o += 4;
    put16(o, 0); o += 2;
    put64(o, (uint64_t)next_offset); o += 8;
    put64(o, (uint64_t)next_offset); o += 8;
    put32(o, (uint32_t)-1); o += 4;
    put32(o, (uint32_t)batch_size); o += 4;
    put32(header, (uint32_t)(o - header - 4 + batch_size));
    send_all(descriptor, header, (size_t)(o - header), MSG_MORE);
    off_t at = position;
    size_t rest = (size_t)batch_size;
    while (rest > 0) {
        ssize_t sent = sendfile(descriptor, file, &at, rest);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent <= 0) return;
        rest -= (size_t)sent;
    }
}

static int receive(struct connection *c) {
    ssize_t got = recv(c->descriptor, c->input + c->used, BUFFER - c->used, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
    if (got <= 0) return 0;
    c->used += (size_t)got;
    struct iovec pieces[PIECES];
    int count = 0;
    int64_t staged = 0;
    size_t position = 0;
    while (c->used - position >= 4) {
        size_t length = get32(c->input + position);
        if (c->used - position - 4 < length) break;
        char *frame = c->input + position + 4;
        if (get16(frame) == 0) produce(frame, pieces, &count, &staged);
        else fetch(c->descriptor, frame);
        position += 4 + length;
        if (count == PIECES || output_used > sizeof output / 2) break;
    }
    if (count > 0) {
        if (pwritev(file, pieces, count, file_size) != staged) { perror("pwritev"); exit(1); }
        file_size += staged;
    }
    if (output_used > 0) send_all(c->descriptor, output, output_used, 0);
    output_used = 0;
    memmove(c->input, c->input + position, c->used - position);
    c->used -= position;
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    records_per_batch = atoi(argv[3]);
    file = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 4LL << 30) < 0) perror("file");
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 64) < 0) return perror("bind"), 1;
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    puts("ready");
    fflush(stdout);
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL) {
                c = calloc(1, sizeof *c);
                c->descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                c->input = malloc(BUFFER);
                setsockopt(c->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event.data.ptr = c;
                epoll_ctl(poll, EPOLL_CTL_ADD, c->descriptor, &event);
            } else if (!receive(c)) {
                close(c->descriptor);
                free(c->input);
                free(c);
            }
        }
    }
}

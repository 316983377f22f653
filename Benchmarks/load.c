/* The load: pre-built Produce v7 or Fetch v4 requests over a few connections with some in flight on each.
 *
 *     load PORT produce|fetch TOPIC BATCH_BYTES RECORDS CONNECTIONS IN_FLIGHT REQUESTS [RATE]
 *
 * Prints the seconds it took and its own CPU seconds. For fetch the topic must hold batches of that size, RECORDS each.
 * With a RATE, requests of one connection begin so many a second, whatever becomes of those before (an open loop), and the
 * 50th, 99th and 99.9th percentile and the longest of their times follow, in microseconds from when each was to begin.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../Sources/CSystem/include/martlet_crc32c.h"

static char *put16(char *p, uint16_t v) { v = htobe16(v); memcpy(p, &v, 2); return p + 2; }
static char *put32(char *p, uint32_t v) { v = htobe32(v); memcpy(p, &v, 4); return p + 4; }
static char *put64(char *p, uint64_t v) { v = htobe64(v); memcpy(p, &v, 8); return p + 8; }
static char *put_text(char *p, const char *text) {
    size_t length = strlen(text);
    p = put16(p, (uint16_t)length);
    memcpy(p, text, length);
    return p + length;
}
static char *put_varint(char *p, int64_t value) {
    uint64_t rest = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    for (; rest >= 0x80; rest >>= 7) *p++ = (char)(rest | 0x80);
    *p++ = (char)rest;
    return p;
}

/* A batch of exactly `size` bytes with `records` records of one timestamp. */
static size_t build_batch(char *batch, size_t size, int records) {
    char *p = batch + 61;
    size_t each = (size - 61) / (size_t)records;
    for (int i = 0; i < records; i++) {
        size_t room = i + 1 < records ? each : size - (size_t)(p - batch);
        /* A record is its length and: attributes, timestamp, offset, key length, value length, value, headers. */
        for (size_t value = room; value-- > 0;) {
            char head[32], length[12];
            char *h = head;
            *h++ = 0;
            h = put_varint(h, 0);
            h = put_varint(h, i);
            h = put_varint(h, -1);
            h = put_varint(h, (int64_t)value);
            size_t body = (size_t)(h - head) + value + 1;
            size_t prefix = (size_t)(put_varint(length, (int64_t)body) - length);
            if (prefix + body > room) continue;
            memcpy(p, length, prefix); p += prefix;
            memcpy(p, head, (size_t)(h - head)); p += h - head;
            for (size_t j = 0; j < value; j++) *p++ = (char)('a' + (j * 7 + (size_t)i) % 23);
            *p++ = 0;
            break;
        }
    }
    size_t total = (size_t)(p - batch);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000;
    char *h = put64(batch, 0);
    h = put32(h, (uint32_t)(total - 12));
    h = put32(h, (uint32_t)-1);
    *h++ = 2;
    h += 4;
    h = put16(h, 0);
    h = put32(h, (uint32_t)records - 1);
    h = put64(h, ms);
    h = put64(h, ms);
    h = put64(h, (uint64_t)-1);
    h = put16(h, (uint16_t)-1);
    h = put32(h, (uint32_t)-1);
    put32(h, (uint32_t)records);
    put32(batch + 17, martlet_crc32c(0, batch + 21, total - 21));
    return total;
}

static char *fetch_offset_at;

static size_t build_request(char *frame, const char *kind, const char *topic, const char *batch, size_t size) {
    int produce = strcmp(kind, "produce") == 0;
    char *p = frame + 4;
    p = put16(p, produce ? 0 : 1);
    p = put16(p, produce ? 7 : 4);
    p = put32(p, 7);
    p = put_text(p, "load");
    if (produce) {
        p = put16(p, (uint16_t)-1);
        p = put16(p, 1);
        p = put32(p, 30000);
    } else {
        p = put32(p, (uint32_t)-1);
        p = put32(p, 500);
        p = put32(p, 1);
        p = put32(p, 64 << 20);
        *p++ = 0;
    }
    p = put32(p, 1);
    p = put_text(p, topic);
    p = put32(p, 1);
    p = put32(p, 0);
    if (produce) {
        p = put32(p, (uint32_t)size);
        memcpy(p, batch, size);
        p += size;
    } else {
        fetch_offset_at = p;
        p = put64(p, 0);
        p = put32(p, (uint32_t)size);
    }
    put32(frame, (uint32_t)(p - frame - 4));
    return (size_t)(p - frame);
}

static double since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static int by_length(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

struct connection {
    int descriptor;
    size_t to_send;          /* of the requests begun: bytes that the socket has not taken */
    uint32_t left;           /* of the answer that is coming */
    char length[4];
    int length_used, waiting;
};

int main(int argc, char **argv) {
    if (argc != 9 && argc != 10) return 2;
    double rate = argc == 10 ? atof(argv[9]) : 0;
    size_t size = (size_t)atol(argv[4]);
    int records = atoi(argv[5]), connections = atoi(argv[6]), in_flight = atoi(argv[7]);
    long requests = atol(argv[8]), begun = 0, done = 0, errors = 0;
    if (rate > 0 && connections != 1) return 2;
    double *times = rate > 0 ? calloc((size_t)requests, sizeof *times) : NULL;
    char *batch = malloc(size + 64), *frame = malloc(size + 512), *sink = malloc(4 << 20);
    size = build_batch(batch, size, records);
    size_t frame_size = build_request(frame, argv[2], argv[3], batch, size);
    struct connection *all = calloc((size_t)connections, sizeof *all);
    struct pollfd *polls = calloc((size_t)connections, sizeof *polls);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < connections; i++) {
        int one = 1;
        all[i].descriptor = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(all[i].descriptor, (struct sockaddr *)&address, sizeof address) < 0) return perror("connect"), 1;
        setsockopt(all[i].descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        polls[i].fd = all[i].descriptor;
    }
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (done < requests) {
        for (int i = 0; i < connections; i++) {
            struct connection *c = &all[i];
            for (;;) {
                if (c->to_send == 0) {
                    if (c->waiting >= in_flight || begun >= requests) break;
                    if (rate > 0 && since(&start) < (double)begun / rate) break;
                    if (fetch_offset_at) put64(fetch_offset_at, (uint64_t)(begun % 512) * (uint64_t)records);
                    c->to_send = frame_size;
                    c->waiting++;
                    begun++;
                }
                ssize_t sent = send(c->descriptor, frame + frame_size - c->to_send, c->to_send, MSG_DONTWAIT | MSG_NOSIGNAL);
                if (sent < 0) break;
                c->to_send -= (size_t)sent;
            }
            polls[i].events = (short)(POLLIN | (c->to_send > 0 ? POLLOUT : 0));
        }
        struct timespec patience = {.tv_sec = 10};
        int paces = rate > 0 && begun < requests && all[0].waiting < in_flight && all[0].to_send == 0;
        if (paces) {
            double left = (double)begun / rate - since(&start);
            patience = (struct timespec){.tv_nsec = left > 0 ? (long)(left * 1e9) % 1000000000 : 0};
        }
        if (ppoll(polls, (nfds_t)connections, &patience, NULL) <= 0 && !paces) return fprintf(stderr, "stalled\n"), 1;
        for (int i = 0; i < connections; i++) {
            struct connection *c = &all[i];
            if (!(polls[i].revents & (POLLIN | POLLHUP))) continue;
            ssize_t got = recv(c->descriptor, sink, 4 << 20, MSG_DONTWAIT);
            if (got == 0) return fprintf(stderr, "closed\n"), 1;
            for (char *p = sink; got > 0;) {
                if (c->left == 0) {
                    while (got > 0 && c->length_used < 4) { c->length[c->length_used++] = *p++; got--; }
                    if (c->length_used < 4) break;
                    uint32_t length;
                    memcpy(&length, c->length, 4);
                    c->left = be32toh(length);
                    c->length_used = 0;
                    if (!fetch_offset_at && got >= (ssize_t)c->left) {
                        uint16_t error;
                        memcpy(&error, p + 4 + 4 + 2 + strlen(argv[3]) + 4 + 4, 2);
                        if (error != 0) errors++;
                    } else if (fetch_offset_at && c->left < size) errors++;
                }
                ssize_t taken = got < (ssize_t)c->left ? got : (ssize_t)c->left;
                p += taken;
                got -= taken;
                c->left -= (uint32_t)taken;
                if (c->left == 0) {
                    if (times) times[done] = since(&start) - (double)done / rate;
                    c->waiting--;
                    done++;
                }
            }
        }
    }
    double seconds = since(&start);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("%.6f %.6f %ld %zu", seconds, cpu, errors, size);
    if (times) {
        qsort(times, (size_t)requests, sizeof *times, by_length);
        for (int i = 0; i < 4; i++) {
            long index = (long)((double)requests * (double[]){0.5, 0.99, 0.999, 1}[i]);
            printf(" %.0f", times[index < requests ? index : requests - 1] * 1e6);
        }
    }
    printf("\n");
    return errors ? 1 : 0;
}

/* Sends one request over and over on each of some connections, and compares every answer with the one that it must have.
 *
 *     pour PORT IN_FLIGHT REQUESTS < pairs
 *
 * The pairs are a request and its answer, each with its length in front as on the wire; there is a connection for each.
 * REQUESTS are those of all connections together. Prints the seconds that it took.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define LIMIT 1024

struct connection {
    char *request, *answer;
    size_t request_size, answer_size;
    size_t to_send;   /* of the request that is under way */
    size_t received;  /* of the answer that is coming */
    int waiting;
};

static struct connection all[LIMIT];
static struct pollfd polls[LIMIT];

/* Something with its length in front; 0 at the end of the input. */
static size_t read_sized(char **content) {
    uint32_t length;
    if (fread(&length, 4, 1, stdin) != 1) return 0;
    size_t size = be32toh(length) + 4;
    *content = malloc(size);
    memcpy(*content, &length, 4);
    return fread(*content + 4, size - 4, 1, stdin) == 1 ? size : 0;
}

static int send_some(struct connection *c, int descriptor, int in_flight, long *begun, long requests) {
    for (;;) {
        if (c->to_send == 0) {
            if (c->waiting >= in_flight || *begun >= requests) return 0;
            c->to_send = c->request_size;
            c->waiting++;
            (*begun)++;
        }
        ssize_t sent = send(descriptor, c->request + c->request_size - c->to_send, c->to_send, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) return POLLOUT;
        c->to_send -= (size_t)sent;
    }
}

/* The number of answers that are complete, -1 for one that is not as it must be. */
static long take(struct connection *c, const char *bytes, size_t count) {
    long done = 0;
    while (count > 0) {
        size_t part = c->answer_size - c->received;
        if (part > count) part = count;
        if (memcmp(bytes, c->answer + c->received, part) != 0) return -1;
        bytes += part;
        count -= part;
        c->received += part;
        if (c->received < c->answer_size) break;
        c->received = 0;
        c->waiting--;
        done++;
    }
    return done;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    int in_flight = atoi(argv[2]), connections = 0;
    long requests = atol(argv[3]), begun = 0, done = 0;
    static char sink[1 << 20];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    while (connections < LIMIT) {
        struct connection *c = &all[connections];
        if ((c->request_size = read_sized(&c->request)) == 0) break;
        if ((c->answer_size = read_sized(&c->answer)) == 0) return 2;
        int one = 1, descriptor = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return perror("connect"), 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        polls[connections++].fd = descriptor;
    }
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    while (done < requests) {
        for (int i = 0; i < connections; i++)
            polls[i].events = (short)(POLLIN | send_some(&all[i], polls[i].fd, in_flight, &begun, requests));
        if (poll(polls, (nfds_t)connections, 10000) <= 0) return fprintf(stderr, "stalled\n"), 1;
        for (int i = 0; i < connections; i++) {
            if (!(polls[i].revents & (POLLIN | POLLHUP))) continue;
            ssize_t got = recv(polls[i].fd, sink, sizeof sink, MSG_DONTWAIT);
            if (got <= 0) return fprintf(stderr, "closed\n"), 1;
            long answers = take(&all[i], sink, (size_t)got);
            if (answers < 0) return fprintf(stderr, "another answer\n"), 1;
            done += answers;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n", (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
    return 0;
}

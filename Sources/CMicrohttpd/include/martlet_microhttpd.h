/* GNU libmicrohttpd, loaded when it is first needed: a program that serves no HTTP does not pay for loading it, nor for
   GnuTLS behind it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct martlet_http_daemon martlet_http_daemon;
typedef struct MHD_Connection martlet_http_connection;
typedef struct MHD_Response martlet_http_response;

/* Loads the library. NULL when it is there, else why it is not. */
const char *martlet_http_load(void);

/* All of these run on the daemon's thread. */
typedef struct martlet_http_callbacks {
    /* May one more connection be taken? */
    bool (*admits)(void *owner);
    void (*opened)(void *owner, martlet_http_connection *connection, int fd);
    void (*closed)(void *owner, martlet_http_connection *connection);
    /* A request line has come; `target` is as the client wrote it. The result is kept for the request. */
    void *(*began)(void *owner, martlet_http_connection *connection, const char *target);
    /* The headers have come (`*size` is 0, and nothing was queued before), then each part of the body, then its end
       (`*size` is 0 again); after a resumption the end is told once more. False breaks the connection. */
    bool (*received)(void *owner, martlet_http_connection *connection, void *request, const char *method,
                     const char *bytes, size_t *size);
    /* The request and its answer are done, or the connection is. */
    void (*ended)(void *owner, void *request, bool completed);
    /* Something that the library has to say. */
    void (*says)(void *owner, const char *text);
} martlet_http_callbacks;

typedef struct martlet_http_settings {
    unsigned int connections;
    /* Bytes of a connection's buffer: the request line and the headers must fit. */
    size_t memory;
    /* Seconds without any progress after which a connection is closed. */
    unsigned int timeout;
    void *owner;
    martlet_http_callbacks callbacks;
} martlet_http_settings;

/* Serves the connections of a listening socket on a thread of its own; the socket is the daemon's from here on. NULL if
   no thread could be started. The settings are copied. */
martlet_http_daemon *martlet_http_start(int listener, const martlet_http_settings *settings);
/* Takes no more connections; those there are go on. The listening socket is closed. */
void martlet_http_quiesce(martlet_http_daemon *daemon);
/* Closes all connections and ends the thread. None may be suspended. */
void martlet_http_stop(martlet_http_daemon *daemon);

/* Takes a connection out of the loop; only from `received` or from a source. */
void martlet_http_suspend(martlet_http_connection *connection);
/* Puts a suspended connection back, from any thread. */
void martlet_http_resume(martlet_http_connection *connection);
/* Makes the connection end; the library finds out by itself. */
void martlet_http_shut(int fd);

/* Calls `each` for every header line of the request. */
void martlet_http_headers(martlet_http_connection *connection, void *argument,
                          void (*each)(void *argument, const char *name, const char *value));

/* A response with a copy of these bytes. */
martlet_http_response *martlet_http_bytes(const void *bytes, size_t count);
/* A response whose body `source` gives in pieces: the number of bytes put into `room`, 0 after it has suspended the
   connection, or one of the ends below. `released` is called when the response is. */
typedef ssize_t martlet_http_source(void *argument, uint64_t position, char *room, size_t count);
martlet_http_response *martlet_http_stream(size_t block, void *argument, martlet_http_source *source,
                                           void (*released)(void *argument));
extern const ssize_t martlet_http_end_of_stream;
extern const ssize_t martlet_http_end_with_error;
bool martlet_http_add_header(martlet_http_response *response, const char *name, const char *value);
/* Queues the response and lets go of it. */
bool martlet_http_answer(martlet_http_connection *connection, unsigned int status, martlet_http_response *response);

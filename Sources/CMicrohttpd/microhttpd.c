#include "martlet_microhttpd.h"

#include <dlfcn.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define SONAME "libmicrohttpd.so.12"

/* What is used of the library. The header gives each its type, so that a wrong call does not compile. */
#define FUNCTIONS(X) \
    X(MHD_start_daemon) X(MHD_quiesce_daemon) X(MHD_stop_daemon) X(MHD_suspend_connection) X(MHD_resume_connection) \
    X(MHD_get_connection_values) X(MHD_get_connection_info) X(MHD_create_response_from_buffer) \
    X(MHD_create_response_from_callback) X(MHD_add_response_header) X(MHD_queue_response) X(MHD_destroy_response)

static struct {
#define DECLARE(name) __typeof__(&name) name;
    FUNCTIONS(DECLARE)
#undef DECLARE
} library;

static pthread_once_t load_once = PTHREAD_ONCE_INIT;
static char load_error[256] = "";

static void load(void) {
    void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *reason = dlerror();
        snprintf(load_error, sizeof load_error, "%s", reason ? reason : "cannot load " SONAME);
        return;
    }
#define RESOLVE(name) \
    library.name = (__typeof__(library.name))dlsym(handle, #name); \
    if (!library.name) snprintf(load_error, sizeof load_error, SONAME " has no " #name);
    FUNCTIONS(RESOLVE)
#undef RESOLVE
}

const char *martlet_http_load(void) {
    pthread_once(&load_once, load);
    return load_error[0] ? load_error : NULL;
}

struct martlet_http_daemon {
    struct MHD_Daemon *daemon;
    /* What every callback gets. */
    martlet_http_settings settings;
};

static enum MHD_Result on_admission(void *argument, const struct sockaddr *address, socklen_t length) {
    (void)address, (void)length;
    const martlet_http_settings *settings = argument;
    return settings->callbacks.admits(settings->owner) ? MHD_YES : MHD_NO;
}

static void on_connection(void *argument, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code) {
    (void)context;
    const martlet_http_settings *settings = argument;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        settings->callbacks.closed(settings->owner, connection);
        return;
    }
    const union MHD_ConnectionInfo *info = library.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    settings->callbacks.opened(settings->owner, connection, info ? info->connect_fd : -1);
}

static void *on_request_line(void *argument, const char *target, struct MHD_Connection *connection) {
    const martlet_http_settings *settings = argument;
    return settings->callbacks.began(settings->owner, connection, target);
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes, size_t *size,
                                  void **request) {
    (void)url, (void)version;
    const martlet_http_settings *settings = argument;
    return settings->callbacks.received(settings->owner, connection, *request, method, bytes, size) ? MHD_YES : MHD_NO;
}

static void on_completion(void *argument, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode code) {
    (void)connection;
    const martlet_http_settings *settings = argument;
    if (*request) settings->callbacks.ended(settings->owner, *request, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *request = NULL;
}

/* Targets are taken apart by the server itself: an escaped slash is no separator. */
static size_t leave_escaped(void *argument, struct MHD_Connection *connection, char *text) {
    (void)argument, (void)connection;
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

static void on_message(void *argument, const char *format, va_list values) {
    const martlet_http_settings *settings = argument;
    char text[512];
    vsnprintf(text, sizeof text, format, values);
    settings->callbacks.says(settings->owner, text);
}

martlet_http_daemon *martlet_http_start(int listener, const martlet_http_settings *given) {
    martlet_http_daemon *started = malloc(sizeof *started);
    if (!started) return NULL;
    started->settings = *given;
    martlet_http_settings *settings = &started->settings;
    started->daemon = library.MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, on_admission, settings,
        on_request, settings,
        /* First, so that it hears of the others. */
        MHD_OPTION_EXTERNAL_LOGGER, on_message, settings,
        MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, settings->connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings->memory,
        MHD_OPTION_CONNECTION_TIMEOUT, settings->timeout,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, settings,
        MHD_OPTION_URI_LOG_CALLBACK, on_request_line, settings,
        MHD_OPTION_NOTIFY_COMPLETED, on_completion, settings,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_END);
    if (started->daemon) return started;
    free(started);
    return NULL;
}

void martlet_http_quiesce(martlet_http_daemon *daemon) {
    int listener = library.MHD_quiesce_daemon(daemon->daemon);
    if (listener >= 0) close(listener);
}

void martlet_http_stop(martlet_http_daemon *daemon) {
    library.MHD_stop_daemon(daemon->daemon);
    free(daemon);
}

void martlet_http_suspend(martlet_http_connection *connection) { library.MHD_suspend_connection(connection); }
void martlet_http_resume(martlet_http_connection *connection) { library.MHD_resume_connection(connection); }
void martlet_http_shut(int fd) { shutdown(fd, SHUT_RDWR); }

struct header_visit {
    void *argument;
    void (*each)(void *argument, const char *name, const char *value);
};

static enum MHD_Result visit(void *argument, enum MHD_ValueKind kind, const char *name, const char *value) {
    (void)kind;
    const struct header_visit *header = argument;
    header->each(header->argument, name, value ? value : "");
    return MHD_YES;
}

void martlet_http_headers(martlet_http_connection *connection, void *argument,
                          void (*each)(void *argument, const char *name, const char *value)) {
    struct header_visit header = {argument, each};
    library.MHD_get_connection_values(connection, MHD_HEADER_KIND, visit, &header);
}

martlet_http_response *martlet_http_bytes(const void *bytes, size_t count) {
    return library.MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}

martlet_http_response *martlet_http_stream(size_t block, void *argument, martlet_http_source *source,
                                           void (*released)(void *argument)) {
    return library.MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block, source, argument, released);
}

const ssize_t martlet_http_end_of_stream = MHD_CONTENT_READER_END_OF_STREAM;
const ssize_t martlet_http_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;

bool martlet_http_add_header(martlet_http_response *response, const char *name, const char *value) {
    return library.MHD_add_response_header(response, name, value) == MHD_YES;
}

bool martlet_http_answer(martlet_http_connection *connection, unsigned int status, martlet_http_response *response) {
    enum MHD_Result result = library.MHD_queue_response(connection, status, response);
    library.MHD_destroy_response(response);
    return result == MHD_YES;
}

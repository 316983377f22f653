#include "allocations.h"

#include <errno.h>
#include <malloc.h>

static __thread ptrdiff_t live;
static __thread ptrdiff_t peak;

void allocations_begin(void) {
    live = 0;
    peak = 0;
}

size_t allocations_peak(void) { return peak < 0 ? 0 : (size_t)peak; }

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTS 0
#else
#define COUNTS 1
#endif
#else
#define COUNTS 1
#endif

int allocations_are_counted(void) { return COUNTS; }

#if COUNTS

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static void *taken(void *memory) {
    if (memory) {
        live += (ptrdiff_t)malloc_usable_size(memory);
        if (live > peak) peak = live;
    }
    return memory;
}

static void given_back(void *memory) {
    if (memory) live -= (ptrdiff_t)malloc_usable_size(memory);
}

void *malloc(size_t size) { return taken(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return taken(__libc_calloc(count, size)); }

void *realloc(void *memory, size_t size) {
    size_t before = memory ? malloc_usable_size(memory) : 0;
    void *larger = __libc_realloc(memory, size);
    if (larger || size == 0) live -= (ptrdiff_t)before;
    return taken(larger);
}

void *memalign(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return taken(__libc_memalign(alignment, size)); }

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = taken(__libc_memalign(alignment, size));
    return *memory ? 0 : ENOMEM;
}

void free(void *memory) {
    given_back(memory);
    __libc_free(memory);
}

#endif

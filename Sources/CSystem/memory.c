#include "martlet_memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>

static const int trim_threshold = 128 << 20;

void martlet_tune_allocator(void) {
    mallopt(M_MMAP_THRESHOLD, 8 << 20);
    mallopt(M_TRIM_THRESHOLD, trim_threshold);
    mallopt(M_TOP_PAD, 1 << 20);
}

size_t martlet_allocated_bytes(void) {
    struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

void martlet_trim_allocator(void) { malloc_trim(0); }

void martlet_trim_own_heap(int slack) {
    /* malloc_trim leaves the end of every heap but the main one as it is. Only a free of at least 64 KiB looks at it. */
    mallopt(M_TRIM_THRESHOLD, slack);
    void *volatile piece = malloc(128 << 10);
    free(piece);
    mallopt(M_TRIM_THRESHOLD, trim_threshold);
}

void *martlet_map_pages(size_t count) {
    void *pages = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void *martlet_resize_pages(void *pages, size_t count, size_t wanted) {
    void *moved = mremap(pages, count, wanted, MREMAP_MAYMOVE);
    return moved == MAP_FAILED ? NULL : moved;
}

void martlet_unmap_pages(void *pages, size_t count) { munmap(pages, count); }

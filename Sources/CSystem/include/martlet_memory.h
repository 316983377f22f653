/* Memory, beyond what `import Glibc` has. */
#pragma once
#include <stddef.h>

/* Keeps what is freed instead of giving it back to the kernel and faulting it in again, until it is trimmed; but for what
   is 8 MiB or more, of which there is little and seldom. */
void martlet_tune_allocator(void);

/* Bytes that the allocator has handed out. */
size_t martlet_allocated_bytes(void);

/* Gives the kernel back what is free, all over the heaps, but for the ends of those that are not the main one. */
void martlet_trim_allocator(void);

/* Gives the kernel back the free end of the calling thread's heap where it is more than `slack` bytes. */
void martlet_trim_own_heap(int slack);

/* Pages of zeros, of which each takes memory when it is first touched; NULL when there are none. */
void *martlet_map_pages(size_t count);

/* Makes mapped memory larger or smaller, perhaps elsewhere, without copying; NULL, with nothing changed, when that fails. */
void *martlet_resize_pages(void *pages, size_t count, size_t wanted);

void martlet_unmap_pages(void *pages, size_t count);

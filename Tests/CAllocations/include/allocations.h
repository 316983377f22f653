// Counts the memory of the calling thread: the test program's malloc is replaced by one that counts.
#pragma once
#include <stddef.h>

// Whether this build counts; a sanitizer needs malloc for itself.
int allocations_are_counted(void);

// Starts at zero.
void allocations_begin(void);

// The most bytes that were allocated and not freed at one time since `allocations_begin`.
size_t allocations_peak(void);

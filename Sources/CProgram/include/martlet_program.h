/* What only the executable needs of C. */
#pragma once
#include <stdint.h>

/* The commit that the program was built from, with "-dirty" where files differed from it; empty when nobody knows. */
const char *martlet_commit(void);

/* Whether something keeps the machine's clock right: 1, or 0, or -1 where the kernel does not tell. `error` is by how many
   microseconds it may be wrong then. */
int martlet_clock_is_synchronised(int64_t *error);

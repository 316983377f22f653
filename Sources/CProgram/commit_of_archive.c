#include "martlet_program.h"

/* git writes the commit here when it makes an archive. */
static const char archived[] = "$Format:%h$";

/* Weak: `make build` in a checkout brings another one in commit.c, which git ignores. */
__attribute__((weak)) const char *martlet_commit(void) { return archived[0] == '$' ? "" : archived; }

#ifndef MARTLET_BUILD_INFO_H
#define MARTLET_BUILD_INFO_H

/// The commit the program was built from, as the environment variable MARTLET_COMMIT named it to the build; empty when
/// it did not.
const char *martlet_build_commit(void);

#endif

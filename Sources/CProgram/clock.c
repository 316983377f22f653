#include "martlet_program.h"
#include <sys/timex.h>

int martlet_clock_is_synchronised(int64_t *error)
{
    struct timex state = {0};
    int outcome = adjtimex(&state);
    if (outcome < 0)
        return -1;
    *error = state.maxerror;
    return outcome != TIME_ERROR && !(state.status & STA_UNSYNC);
}

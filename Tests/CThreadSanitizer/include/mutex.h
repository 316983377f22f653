// Tells the thread sanitizer of the order that Swift's Mutex gives.
#pragma once

// Whether this build has the thread sanitizer, and with it the functions of mutex.c.
int mutexes_are_watched(void);

/* RE2 for callers that do not speak C++. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An expression that was compiled. It does not change, and any number of threads may use it at a time. */
typedef struct martlet_re2 martlet_re2;

/* Why an expression was not compiled. */
typedef enum martlet_re2_problem {
    MARTLET_RE2_NONE,
    MARTLET_RE2_OTHER,
    MARTLET_RE2_ESCAPE,
    MARTLET_RE2_CHARACTER_CLASS,
    MARTLET_RE2_CHARACTER_RANGE,
    MARTLET_RE2_MISSING_BRACKET,
    MARTLET_RE2_MISSING_PARENTHESIS,
    MARTLET_RE2_UNEXPECTED_PARENTHESIS,
    MARTLET_RE2_TRAILING_BACKSLASH,
    MARTLET_RE2_REPEAT_ARGUMENT,
    MARTLET_RE2_REPEAT_SIZE,
    MARTLET_RE2_REPEAT_OPERATOR,
    MARTLET_RE2_PERL_OPERATOR,
    MARTLET_RE2_UTF8,
    MARTLET_RE2_NAMED_CAPTURE,
    MARTLET_RE2_TOO_LARGE,
} martlet_re2_problem;

/* Compiles an expression of RE2's syntax in UTF-8. It may use `max_memory` bytes, to match too. NULL with the reason in
   `problem`, or what `martlet_re2_free` frees. */
martlet_re2 *martlet_re2_compile(
    const char *expression, size_t length, int64_t max_memory, martlet_re2_problem *problem);

/* Whether it matches the whole text. */
bool martlet_re2_matches(const martlet_re2 *expression, const char *text, size_t length);

void martlet_re2_free(martlet_re2 *expression);

#ifdef __cplusplus
}
#endif

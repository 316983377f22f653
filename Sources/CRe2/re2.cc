#include "martlet_re2.h"

#include <re2/re2.h>

namespace {

martlet_re2_problem problem_of(RE2::ErrorCode code) {
    switch (code) {
    case RE2::NoError: return MARTLET_RE2_NONE;
    case RE2::ErrorBadEscape: return MARTLET_RE2_ESCAPE;
    case RE2::ErrorBadCharClass: return MARTLET_RE2_CHARACTER_CLASS;
    case RE2::ErrorBadCharRange: return MARTLET_RE2_CHARACTER_RANGE;
    case RE2::ErrorMissingBracket: return MARTLET_RE2_MISSING_BRACKET;
    case RE2::ErrorMissingParen: return MARTLET_RE2_MISSING_PARENTHESIS;
    case RE2::ErrorUnexpectedParen: return MARTLET_RE2_UNEXPECTED_PARENTHESIS;
    case RE2::ErrorTrailingBackslash: return MARTLET_RE2_TRAILING_BACKSLASH;
    case RE2::ErrorRepeatArgument: return MARTLET_RE2_REPEAT_ARGUMENT;
    case RE2::ErrorRepeatSize: return MARTLET_RE2_REPEAT_SIZE;
    case RE2::ErrorRepeatOp: return MARTLET_RE2_REPEAT_OPERATOR;
    case RE2::ErrorBadPerlOp: return MARTLET_RE2_PERL_OPERATOR;
    case RE2::ErrorBadUTF8: return MARTLET_RE2_UTF8;
    case RE2::ErrorBadNamedCapture: return MARTLET_RE2_NAMED_CAPTURE;
    case RE2::ErrorPatternTooLarge: return MARTLET_RE2_TOO_LARGE;
    default: return MARTLET_RE2_OTHER;
    }
}

}  // namespace

struct martlet_re2 {
    RE2 expression;
};

martlet_re2 *martlet_re2_compile(
    const char *expression, size_t length, int64_t max_memory, martlet_re2_problem *problem) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(max_memory);
    auto *compiled = new martlet_re2{RE2(re2::StringPiece(expression, length), options)};
    *problem = problem_of(compiled->expression.error_code());
    if (compiled->expression.ok()) return compiled;
    delete compiled;
    return nullptr;
}

bool martlet_re2_matches(const martlet_re2 *expression, const char *text, size_t length) {
    const re2::StringPiece whole(text, length);
    return expression->expression.Match(whole, 0, length, RE2::ANCHOR_BOTH, nullptr, 0);
}

void martlet_re2_free(martlet_re2 *expression) { delete expression; }

#pragma once
// CHECK: invariants whose violation is a bug in Volley. Always on; prints the values and aborts.

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace volley::base {

[[noreturn]] inline void check_failed(const char* file, int line, const char* condition,
                                      const std::string& values) {
  std::fprintf(stderr, "volley: internal error at %s:%d: CHECK(%s) failed: %s\n", file, line,
               condition, values.c_str());
  std::abort();
}

}  // namespace volley::base

/// Aborts with the formatted values when `condition` is false: VOLLEY_CHECK(a < b, "a={} b={}", a,
/// b).
#define VOLLEY_CHECK(condition, ...)                                                            \
  do {                                                                                          \
    if (!(condition)) [[unlikely]]                                                              \
      ::volley::base::check_failed(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)

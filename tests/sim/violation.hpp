#pragma once
// Violation: a simulated cluster did what it must never do. Ends the run of the seed.

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace volley::sim {

class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... Args>
void require(bool holds, fmt::format_string<Args...> format, Args&&... args) {
  if (!holds) throw Violation(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace volley::sim

#pragma once
// Child processes for tests: this test program again, running one disabled test whose name says
// what the child does. No fork.

#include "net/process.hpp"

#include <poll.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <string>

namespace volley::tests {

inline std::string own_path() {
  char path[PATH_MAX] = {};
  const auto length = ::readlink("/proc/self/exe", path, sizeof path);
  return {path, static_cast<std::size_t>(length < 0 ? 0 : length)};
}

/// Options to run the test "Child.DISABLED_<role>" in a process of its own.
inline net::ProcessOptions child(const std::string& role) {
  net::ProcessOptions options;
  options.arguments = {own_path(), "--gtest_filter=Child.DISABLED_" + role,
                       "--gtest_also_run_disabled_tests", "--gtest_brief=1",
                       "--gtest_catch_exceptions=0"};
  options.environment = {"VOLLEY_TEST_PARENT=" + std::to_string(::getpid())};
  return options;
}

/// Sleeps on the process's descriptor until it has ended.
inline net::ExitStatus wait_for(net::ContainerProcess& process) {
  pollfd ended{process.descriptor(), POLLIN, 0};
  while (::poll(&ended, 1, -1) < 0) {
  }
  const auto status = process.reap();
  VOLLEY_CHECK(status.has_value(), "process {} is not done", process.pid());
  return *status;
}

}  // namespace volley::tests

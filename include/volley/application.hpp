#pragma once
// VOLLEY_APPLICATION(function): makes a source file an application. The function is the user's main
// program, int function(volley::Context&, const std::vector<std::string>& arguments); what it
// returns becomes the exit code. Settings may follow, and win over the command line:
//
//   VOLLEY_APPLICATION(word_count, {"volley.executor.memory", "2g"})

#include <volley/context.hpp>

#include <string>
#include <utility>
#include <vector>

namespace volley {

using ApplicationFunction = int (*)(Context&, const std::vector<std::string>&);

/// What an application's module offers to the runtime.
struct ApplicationEntry {
  const char* name = nullptr;
  ApplicationFunction function = nullptr;
  std::vector<std::pair<std::string, std::string>> settings;
};

/// Runs this process's part of an application: launcher, rank or container. Returns the exit code.
int run_main(int argc, char** argv, const ApplicationEntry& entry);

}  // namespace volley

/// A shared object made from the same source exports the entry; an executable runs it.
#define VOLLEY_APPLICATION(function, ...)                                               \
  extern "C" __attribute__((visibility("default"))) const ::volley::ApplicationEntry*   \
  volley_application_entry() {                                                          \
    static const ::volley::ApplicationEntry entry{#function, &function, {__VA_ARGS__}}; \
    return &entry;                                                                      \
  }                                                                                     \
  int main(int argc, char** argv) {                                                     \
    return ::volley::run_main(argc, argv, *volley_application_entry());                 \
  }

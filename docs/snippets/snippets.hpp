#pragma once
// The code of docs/guide.md and docs/from-spark.md. What stands between "// [name]" and
// "// [/name]" is shown there (tests/checks/snippets.py compares); what stands around it makes
// small inputs and checks the results.

#include "tests/cluster/check.hpp"

#include <volley/volley.hpp>

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace snippets {

using cluster_test::Checks;
using cluster_test::sorted;

inline void write_file(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

// docs/guide.md
void run_first_steps(volley::Context& context, Checks& checks);
void run_keys(volley::Context& context, Checks& checks);
void run_shared(volley::Context& context, Checks& checks);
void run_files(volley::Context& context, Checks& checks);

// docs/from-spark.md
void run_counting(volley::Context& context, Checks& checks);
void run_joining(volley::Context& context, Checks& checks);
void run_iterating(volley::Context& context, Checks& checks);
void run_reading(volley::Context& context, Checks& checks);

}  // namespace snippets

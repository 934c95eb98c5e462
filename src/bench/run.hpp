#pragma once
// One rank of `volley bench`: joins the MPI job, checks that what is asked can be done there,
// measures, and on rank 0 prints and draws the result.

#include "bench/options.hpp"

#include <functional>
#include <string>

namespace volley::bench {

/// To standard output, and to standard error.
struct Console {
  std::function<void(const std::string&)> print;
  std::function<void(const std::string&)> complain;
};

/// Returns the exit code: 0; 1 when a byte arrived wrong; 2 when it cannot be done as asked; 70.
/// The same on all ranks.
int run_rank(const Options& options, const Console& console);

}  // namespace volley::bench

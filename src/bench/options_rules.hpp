#pragma once
// What the options of one command line have to do with each other.

#include "base/result.hpp"
#include "bench/options.hpp"

namespace volley::bench {

/// Sets the defaults that depend on the kind, and checks what must fit together. `sized_below`,
/// `sized_above`: whether the smallest and the largest size were given.
base::Status complete(Options& options, bool sized_below, bool sized_above);

}  // namespace volley::bench

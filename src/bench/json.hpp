#pragma once
// The report as one JSON object with everything that is known about the run.

#include "bench/report.hpp"

#include <string>

namespace volley::bench {

/// With a newline at the end. Times in microseconds, bandwidths in GB/s (10^9 bytes).
std::string as_json(const Report& report);

}  // namespace volley::bench

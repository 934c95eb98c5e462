#pragma once
// Files of a report.

#include "base/result.hpp"
#include "bench/report.hpp"

#include <string>

namespace volley::bench {

/// Nothing happens for an empty path.
base::Status write_file(const std::string& path, const std::string& text);
/// The plot, when the options ask for one: SVG, or a page of HTML.
base::Status write_plot(const Report& report);

}  // namespace volley::bench

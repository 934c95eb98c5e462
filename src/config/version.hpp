#pragma once
// The version of Volley, as the build system knows it.

#include <string_view>

namespace volley::config {

/// "0.1.0"
std::string_view version();

}  // namespace volley::config

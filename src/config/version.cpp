#include "config/version.hpp"

namespace volley::config {

std::string_view version() { return VOLLEY_VERSION; }

}  // namespace volley::config

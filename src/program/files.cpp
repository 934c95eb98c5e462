#include <volley/error.hpp>
#include <volley/files.hpp>

#include <cstdlib>
#include <string_view>

namespace volley {

/// The rank leaves "name=path" lines in VOLLEY_NODE_FILES.
std::string file_path(const std::string& name) {
  const char* listed = std::getenv("VOLLEY_NODE_FILES");
  std::string_view rest = listed == nullptr ? "" : listed;
  std::string known;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto equals = line.rfind('=');
    if (line.substr(0, equals) == name) return std::string(line.substr(equals + 1));
    known += (known.empty() ? "" : ", ") + std::string(line.substr(0, equals));
  }
  throw InvalidArgument("there is no file '" + name + "' among --files (" +
                        (known.empty() ? "none were given" : known) + ")");
}

}  // namespace volley

#include "launch/proc_files.hpp"

#include <fstream>
#include <sstream>

namespace volley::launch {

std::string read_proc(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  // Not through iterators over its buffer: these throw when the process has ended meanwhile.
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace volley::launch

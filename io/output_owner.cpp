#include "io/output_owner.hpp"

#include "io/committing_writer.hpp"

#include <filesystem>
#include <fstream>

namespace volley::io {
namespace {

namespace fs = std::filesystem;

std::string note_of(const std::string& directory) { return directory + "/_temporary/owner"; }
std::string mark_of(const std::string& directory) { return directory + "/_SUCCESS"; }

bool names(const std::string& path, const std::string& owner) {
  std::ifstream in(path);
  std::string line;
  return std::getline(in, line) && (line == owner || line.starts_with(owner + " "));
}

}  // namespace

void note_owner(const std::string& directory, const std::string& owner) {
  std::ofstream(note_of(directory)) << owner << '\n';
}

void remove_output_of(const std::string& directory, const std::string& owner) {
  if (!names(note_of(directory), owner) && !names(mark_of(directory), owner)) return;
  // What is left looks like an unfinished job from here on, whatever ends this process.
  std::error_code ignored;
  fs::create_directories(directory + "/_temporary/committed", ignored);
  fs::remove(mark_of(directory), ignored);
  abort_job(directory);
}

}  // namespace volley::io

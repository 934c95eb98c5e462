// side_file NAME...: prints the first line of each file of --files as the driver reads it, and as
// tasks of every partition read it; of a long line, which would take mpirun minutes,
// how many bytes are like its first.

#include <volley/volley.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>

namespace {

std::string first_line(const std::string& name) {
  std::ifstream in(volley::file_path(name));
  std::string line;
  std::getline(in, line);
  if (line.size() < 1000) return line;
  const auto same = std::count(line.begin(), line.end(), line.front());
  return fmt::format("{} bytes, {} of them {}", line.size(), same, line.front());
}

int side_file(volley::Context& context, const std::vector<std::string>& args) {
  for (const std::string& name : args) {
    std::cout << "driver " << name << ": " << first_line(name) << '\n';
    const auto lines =
        context.range(0, 8, 1, 8)
            .map(volley::bind(
                [](const std::string& file, std::int64_t) { return first_line(file); }, name))
            .distinct()
            .collect();
    for (const std::string& line : lines) std::cout << "tasks " << name << ": " << line << '\n';
  }
  return 0;
}

}  // namespace

VOLLEY_APPLICATION(side_file)

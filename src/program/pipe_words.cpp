// The untyped pieces of pipe().

#include <volley/detail/task_operations.hpp>

#include <filesystem>

namespace volley::detail {

std::vector<std::string> words_of(std::string_view command) {
  std::vector<std::string> words;
  for_each_word(command, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

std::string pipe_scratch(const std::vector<std::pair<std::string, std::string>>& configuration) {
  for (const auto& [key, value] : configuration) {
    if (key != "volley.local.dir" || value.empty()) continue;
    const std::string first = value.substr(0, value.find(','));
    std::error_code missing;
    if (std::filesystem::is_directory(first, missing)) return first;
  }
  return ".";
}

}  // namespace volley::detail

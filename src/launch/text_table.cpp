#include "launch/text_table.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace volley::launch {
namespace {

bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_code_point(c); }));
}

std::string shortened(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  const std::size_t kept = width > 3 ? width - 3 : 0;
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if (!continues_code_point(text[end]) && seen++ == kept) break;
  }
  return text.substr(0, end) + std::string(std::min<std::size_t>(width, 3), '.');
}

void TextTable::add(std::vector<std::string> cells) {
  VOLLEY_CHECK(cells.size() == columns_.size(), "{} cells, {} columns", cells.size(),
               columns_.size());
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  std::vector<std::vector<std::string>> lines;
  for (const Column& column : columns_) {
    if (lines.empty()) lines.emplace_back();
    lines.front().push_back(column.title);
  }
  lines.insert(lines.end(), rows_.begin(), rows_.end());
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& cells : lines) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(cells[i]));
    }
  }
  std::string text;
  for (const auto& cells : lines) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - display_width(cells[i]), ' ');
      const bool right = columns_[i].align == Align::right;
      line += (i == 0 ? "" : "  ") + (right ? padding + cells[i] : cells[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace volley::launch

#pragma once
// TextTable: rows of cells in aligned plain-text columns.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace volley::launch {

enum class Align : std::uint8_t { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
};

class TextTable {
 public:
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// One cell per column.
  void add(std::vector<std::string> cells);
  /// The title line and the rows, two blanks between columns, no blanks at the ends of lines.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// Columns that `text` takes on a terminal: its code points in UTF-8.
std::size_t display_width(std::string_view text);
/// `text` cut to `width` columns, with "..." where something is missing.
std::string shortened(const std::string& text, std::size_t width);

}  // namespace volley::launch

#pragma once
// LineReader: the lines of one split of a text, for one task. A line belongs to the split in which
// its first byte lies: a split that starts inside a line leaves it to the one before, and reads
// past its own end to finish its last line. "\n" and "\r\n" end a line; the last line needs no end,
// and there is no empty line after a final "\n". Lines are views:
//  - of a plain file, into its mapping: valid while the reader lives;
//  - of a compressed file, into a block of plain text: valid until the next call.
// Failures (the file is gone, changed its size, or is corrupt) throw IoError.

#include "io/byte_source.hpp"
#include "io/file_mapping.hpp"
#include "io/text_input.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace volley::io {

class LineReader {
 public:
  explicit LineReader(const TextSplit& split);
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// The next line without its end; false at the end of the split.
  bool next(std::string_view& line) {
    if (cursor_ >= limit_ && !advance()) [[unlikely]]
      return false;
    line = take_line();
    return true;
  }

  /// Up to out.size() (at least 1) lines; 0 at the end of the split. A batch may be short before.
  std::size_t next_batch(std::span<std::string_view> out) {
    if (cursor_ >= limit_ && !advance()) return 0;
    std::size_t count = 0;
    while (count < out.size() && cursor_ < limit_) out[count++] = take_line();
    return count;
  }

  /// Bytes of the file used so far (of a compressed one: as it is).
  std::uint64_t bytes_read() const;

 private:
  static constexpr std::size_t first_block = std::size_t{1} << 20U;

  std::string_view take_line() {
    const char* begin = cursor_;
    const auto rest = static_cast<std::size_t>(text_end_ - begin);
    const auto* end = static_cast<const char*>(std::memchr(begin, '\n', rest));
    if (end == nullptr) [[unlikely]] {
      cursor_ = text_end_;
      return {begin, rest};
    }
    cursor_ = end + 1;
    if (end != begin && end[-1] == '\r') --end;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  void open_mapping(const TextSplit& split);
  /// Makes more line starts available below limit_; false when there are none.
  bool advance();
  bool inflate_block();

  // Line starts in [cursor_, limit_) may be handed out; their lines end at or before text_end_.
  const char* cursor_ = nullptr;
  const char* limit_ = nullptr;
  const char* text_end_ = nullptr;

  std::unique_ptr<FileMapping> mapping_;  ///< plain files only
  const char* first_ = nullptr;           ///< where the split's first line starts
  const char* split_end_ = nullptr;

  std::unique_ptr<ByteSource> packed_;  ///< compressed files only
  std::vector<char> block_;
};

}  // namespace volley::io

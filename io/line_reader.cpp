#include "io/line_reader.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <utility>

namespace volley::io {

LineReader::LineReader(const TextSplit& split) {
  if (split.codec != Codec::none) {
    packed_ = open_compressed(split.codec, open_planned(split.path, split.file_size), split.path);
  } else if (split.length != 0) {
    open_mapping(split);
  }
}

void LineReader::open_mapping(const TextSplit& split) {
  VOLLEY_CHECK(split.offset + split.length <= split.file_size, "{}: [{}, +{}) of {}", split.path,
               split.offset, split.length, split.file_size);
  // The byte before the split tells whether a line starts with its first byte.
  const std::uint64_t from = split.offset == 0 ? 0 : split.offset - 1;
  mapping_ = std::make_unique<FileMapping>(split.path, from, split.file_size);
  const char* begin = mapping_->begin() + (split.offset - from);
  split_end_ = begin + split.length;
  text_end_ = mapping_->end();
  first_ = begin;
  if (split.offset != 0) {
    mapping_->advance(begin - 1);
    const void* newline = std::memchr(begin - 1, '\n', split.length);
    first_ = newline == nullptr ? split_end_ : static_cast<const char*>(newline) + 1;
  }
  cursor_ = limit_ = first_;
}

bool LineReader::advance() {
  if (packed_ != nullptr) return inflate_block();
  if (cursor_ >= split_end_) return false;
  mapping_->advance(cursor_);
  const auto rest = static_cast<std::size_t>(split_end_ - cursor_);
  limit_ = cursor_ + std::min(rest, FileMapping::window);
  return true;
}

bool LineReader::inflate_block() {
  // The start of the block's last line, whose end is still to come, moves to the front.
  auto kept = cursor_ == nullptr ? 0 : static_cast<std::size_t>(text_end_ - cursor_);
  if (block_.empty()) block_.resize(first_block);
  std::memmove(block_.data(), cursor_ == nullptr ? block_.data() : cursor_, kept);
  cursor_ = block_.data();
  while (true) {
    if (kept == block_.size()) block_.resize(2 * block_.size());
    const std::span<char> room(block_.data() + kept, block_.size() - kept);
    const std::size_t got = packed_->read(room);
    cursor_ = block_.data();
    text_end_ = room.data() + got;
    if (got < room.size()) {
      limit_ = text_end_;
      return cursor_ < limit_;
    }
    const void* newline = ::memrchr(room.data(), '\n', got);
    if (newline != nullptr) {
      limit_ = static_cast<const char*>(newline) + 1;
      return true;
    }
    kept += got;
  }
}

std::uint64_t LineReader::bytes_read() const {
  if (packed_ != nullptr) return packed_->consumed();
  return static_cast<std::uint64_t>(cursor_ - first_);
}

}  // namespace volley::io

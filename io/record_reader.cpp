#include "io/record_reader.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace volley::io {

RecordReader::RecordReader(const BinarySplit& split, std::size_t record_size)
    : piece_(std::max<std::size_t>(FileMapping::window / record_size, 1) * record_size),
      rest_(split.length) {
  VOLLEY_CHECK(split.offset % record_size == 0 && split.length % record_size == 0 &&
                   split.offset + split.length <= split.file_size,
               "{}: [{}, +{}) of {} in records of {}", split.path, split.offset, split.length,
               split.file_size, record_size);
  if (split.length == 0) return;
  cursor_ = mapping_.emplace(split.path, split.offset, split.file_size).begin();
}

std::span<const char> RecordReader::next() {
  if (rest_ == 0) return {};
  mapping_->advance(cursor_);
  const std::span<const char> records(cursor_, std::min(piece_, rest_));
  cursor_ += records.size();
  rest_ -= records.size();
  return records;
}

}  // namespace volley::io

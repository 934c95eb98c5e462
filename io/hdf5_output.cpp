#include "io/hdf5_output.hpp"

#include "base/check.hpp"
#include "io/file_bytes.hpp"
#include "io/io_error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace volley::io {
namespace {

constexpr std::uint64_t most_buffered = std::uint64_t{1} << 20U;

Hdf5Type without_padding(const Hdf5Type& type) {
  if (type.kind != Hdf5Class::compound) return type;
  Hdf5Type packed = type;
  packed.size = 0;
  for (Hdf5Member& member : packed.members) {
    member.type = without_padding(member.type);
    member.offset = packed.size;
    packed.size += member.type.bytes();
  }
  return packed;
}

}  // namespace

Hdf5Type pack_type(const Hdf5Type& type, std::vector<Hdf5Run>& runs) {
  Hdf5Type packed = without_padding(type);
  auto match = match_types(packed, type, {});
  VOLLEY_CHECK(match && match.value().identical, "{} does not hold itself", describe(type));
  runs = std::move(match.value().runs);
  return packed;
}

Hdf5RowWriter::Hdf5RowWriter(const Hdf5Target& target, std::uint32_t partition)
    : target_(target),
      partition_(partition),
      begin_(target.first_rows.at(partition)),
      end_(target.first_rows.at(partition + 1)),
      plain_(target.runs.size() == 1 && target.runs.front().bytes == target.memory_bytes &&
             target.element_bytes == target.memory_bytes),
      row_(begin_),
      buffered_(begin_) {}

void Hdf5RowWriter::convert(const std::byte* rows, std::uint64_t count) {
  const std::size_t used = buffer_.size();
  if (plain_) {
    buffer_.insert(buffer_.end(), rows, rows + count * target_.row_bytes());
    return;
  }
  buffer_.resize(used + count * target_.row_bytes());
  std::byte* to = buffer_.data() + used;
  for (std::uint64_t i = 0; i < count * target_.columns; ++i) {
    for (const Hdf5Run& run : target_.runs) std::memcpy(to + run.from, rows + run.to, run.bytes);
    to += target_.element_bytes;
    rows += target_.memory_bytes;
  }
}

void Hdf5RowWriter::add(std::span<const std::byte> rows) {
  const std::uint64_t memory_row = target_.columns * target_.memory_bytes;
  std::uint64_t count = rows.size() / memory_row;
  const std::byte* from = rows.data();
  if (count > end_ - row_) {
    throw IoError(
        fmt::format("partition {} has more than the {} rows that were counted: its "
                    "records differ from run to run; cache or checkpoint the RDD first",
                    partition_, end_ - begin_));
  }
  while (count > 0) {
    const std::uint64_t left = target_.chunk_rows - row_ % target_.chunk_rows;
    const std::uint64_t some = std::min(count, left);
    convert(from, some);
    from += some * memory_row;
    count -= some;
    row_ += some;
    if (some == left) flush();
    // Plain chunks need not be whole to be written.
    if (target_.gzip == 0 && buffer_.size() >= most_buffered) flush();
  }
}

void Hdf5RowWriter::flush() {
  if (!buffer_.empty()) put(buffered_, buffer_);
  buffer_.clear();
  buffered_ = row_;
}

void Hdf5RowWriter::finish() {
  if (row_ != end_) {
    throw IoError(
        fmt::format("partition {} has {} rows, and had {} when they were counted: its "
                    "records differ from run to run; cache or checkpoint the RDD first",
                    partition_, row_ - begin_, end_ - begin_));
  }
  flush();
  end();
}

Hdf5PlaceWriter::Hdf5PlaceWriter(const Hdf5Target& target, std::uint32_t partition)
    : Hdf5RowWriter(target, partition) {
  if (begin_ == end_) return;
  file_ = base::Fd(::open(target.path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file_) throw IoError(describe_error("cannot write", target.path, errno));
}

void write_at(int file, const std::string& path, std::span<const std::byte> bytes,
              std::uint64_t offset) {
  if (!write_fully_at(file, offset, bytes))
    throw IoError(describe_error("cannot write", path, errno));
}

void Hdf5PlaceWriter::put(std::uint64_t row, std::span<const std::byte> rows) {
  const std::uint64_t place = target_.places.at(row / target_.chunk_rows);
  write_at(file_.get(), target_.path, rows, place + row % target_.chunk_rows * target_.row_bytes());
}

void Hdf5PlaceWriter::end() {
  // Network file systems report a full disk or quota only here.
  if (file_ && ::close(file_.release()) != 0) {
    throw IoError(describe_error("cannot write", target_.path, errno));
  }
}

}  // namespace volley::io

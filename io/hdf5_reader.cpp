#include "io/hdf5_reader.hpp"

#include "base/check.hpp"
#include "io/file_bytes.hpp"
#include "io/file_mapping.hpp"
#include "io/hdf5_calls.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace volley::io {
namespace {

/// What a plain piece is handed out in: stays in the processor's cache on its way.
constexpr std::uint64_t block_bytes = std::uint64_t{256} << 10U;

/// The inverse of HDF5's shuffle: byte i of all elements lies together.
void unshuffle(std::span<const std::byte> in, std::uint64_t size, std::span<std::byte> out) {
  const std::size_t count = in.size() / size;
  for (std::size_t byte = 0; byte < size; ++byte) {
    const std::byte* from = in.data() + byte * count;
    std::byte* to = out.data() + byte;
    for (std::size_t i = 0; i < count; ++i) to[i * size] = from[i];
  }
  const std::size_t rest = in.size() - count * size;
  std::copy_n(in.end() - static_cast<std::ptrdiff_t>(rest), rest,
              out.end() - static_cast<std::ptrdiff_t>(rest));
}

}  // namespace

Hdf5Reader::Hdf5Reader(const Hdf5Split& split, const Hdf5Row& row)
    : split_(split),
      memory_bytes_(row.element.bytes()),
      row_bytes_(split.columns * row.element.bytes()),
      file_(open_planned(split.path, split.file_size)) {
  if (split.placed) {
    const bool whole = split.runs.size() == 1 && split.runs.front().from == 0 &&
                       split.runs.front().to == 0 && split.runs.front().bytes == memory_bytes_ &&
                       split.element_bytes == memory_bytes_;
    plain_ = whole && split.deflate_filter < 0 && split.shuffle_filter < 0 &&
             split.piece_columns == split.columns;
    return;
  }
  rows_source_ = hdf5_calls().open_rows(split, row);
}

Hdf5Reader::~Hdf5Reader() = default;

void Hdf5Reader::damaged(const std::string& how) const {
  throw IoError(fmt::format("cannot read rows {} to {} of dataset {} of HDF5 file {}: {}",
                            split_.row + done_,
                            split_.row + std::min(done_ + split_.piece_rows, split_.rows) - 1,
                            split_.dataset, split_.path, how));
}

void Hdf5Reader::read_at(std::uint64_t offset, std::span<std::byte> out) {
  bytes_read_ += out.size();
  const auto got = read_fully_at(file_.get(), offset, out);
  if (!got) damaged(error_text(errno));
  if (*got < out.size()) damaged("the file is truncated");
}

std::span<const std::byte> Hdf5Reader::next() {
  if (done_ == split_.rows) return {};
  if (plain_) return next_plain();
  return split_.placed ? next_pieces() : next_converted();
}

std::span<const std::byte> Hdf5Reader::next_plain() {
  const Hdf5Piece& piece = split_.pieces.at(done_ / split_.piece_rows);
  const std::uint64_t rows =
      std::min(split_.piece_rows, split_.rows - done_ / split_.piece_rows * split_.piece_rows);
  const std::uint64_t bytes = rows * row_bytes_;
  if (piece.bytes < bytes) damaged("a chunk is too short");
  const std::uint64_t block = std::max<std::uint64_t>(block_bytes / row_bytes_, 1) * row_bytes_;
  rows_.resize(std::min(block, bytes));
  const std::span<std::byte> out =
      std::span(rows_).first(std::min<std::size_t>(rows_.size(), bytes - inside_));
  read_at(piece.offset + inside_, out);
  inside_ += out.size();
  done_ += out.size() / row_bytes_;
  if (inside_ == bytes) inside_ = 0;
  return out;
}

void Hdf5Reader::inflate(std::span<const std::byte> packed, std::span<std::byte> out) const {
  uLongf size = out.size();
  const int outcome = ::uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                   reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (outcome != Z_OK || size != out.size()) damaged("a compressed chunk is damaged");
}

std::span<const std::byte> Hdf5Reader::load(const Hdf5Piece& piece, std::uint64_t bytes) {
  const auto applied = [&](std::int32_t filter) {
    return filter >= 0 && (piece.skipped >> static_cast<std::uint32_t>(filter) & 1U) == 0;
  };
  stored_.resize(piece.bytes);
  read_at(piece.offset, stored_);
  std::span<const std::byte> content = stored_;
  if (applied(split_.deflate_filter)) {
    inflated_.resize(bytes);
    inflate(content, inflated_);
    content = inflated_;
  }
  if (content.size() < bytes) damaged("a chunk is too short");
  content = content.first(bytes);
  if (applied(split_.shuffle_filter)) {
    ordered_.resize(bytes);
    unshuffle(content, split_.element_bytes, ordered_);
    content = ordered_;
  }
  return content;
}

void Hdf5Reader::scatter(std::span<const std::byte> piece, std::uint64_t rows,
                         std::uint64_t column) {
  const std::uint64_t columns = std::min(split_.piece_columns, split_.columns - column);
  const std::byte* from = piece.data();
  const bool same = split_.runs.size() == 1 && split_.runs.front().bytes == memory_bytes_ &&
                    split_.element_bytes == memory_bytes_;
  for (std::uint64_t row = 0; row < rows; ++row) {
    std::byte* to = rows_.data() + row * row_bytes_ + column * memory_bytes_;
    if (same) {
      std::memcpy(to, from, columns * memory_bytes_);
    } else {
      for (std::uint64_t i = 0; i < columns; ++i) {
        for (const Hdf5Run& run : split_.runs) {
          std::memcpy(to + i * memory_bytes_ + run.to, from + i * split_.element_bytes + run.from,
                      run.bytes);
        }
      }
    }
    from += split_.piece_columns * split_.element_bytes;
  }
}

std::span<const std::byte> Hdf5Reader::next_pieces() {
  const std::uint64_t across = (split_.columns + split_.piece_columns - 1) / split_.piece_columns;
  const std::uint64_t rows = std::min(split_.piece_rows, split_.rows - done_);
  // A chunk at the end of the dataset is stored whole; pieces without chunks are not.
  std::uint64_t index = done_ / split_.piece_rows * across;
  rows_.resize(rows * row_bytes_);
  for (std::uint64_t column = 0; column < split_.columns; column += split_.piece_columns) {
    const Hdf5Piece& piece = split_.pieces.at(index++);
    const std::uint64_t whole = split_.piece_rows * split_.piece_columns * split_.element_bytes;
    const bool filtered = split_.deflate_filter >= 0 || split_.shuffle_filter >= 0;
    scatter(load(piece, filtered ? whole : std::min(whole, piece.bytes)), rows, column);
  }
  done_ += rows;
  return rows_;
}

std::span<const std::byte> Hdf5Reader::next_converted() {
  const std::uint64_t rows = std::min(split_.piece_rows, split_.rows - done_);
  rows_.assign(rows * row_bytes_, std::byte{0});
  if (const auto why = rows_source_->read(split_.row + done_, rows, rows_)) damaged(*why);
  bytes_read_ += rows * split_.columns * split_.element_bytes;
  done_ += rows;
  return rows_;
}

}  // namespace volley::io

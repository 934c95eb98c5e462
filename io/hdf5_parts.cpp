// Compressed datasets: part files, and how they become one file.

#include "io/file_bytes.hpp"
#include "io/hdf5_output.hpp"
#include "io/io_error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

namespace volley::io {
namespace {

std::string_view as_text(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

/// Deflated bytes; nothing when they would be no fewer.
bool deflate_chunk(std::span<const std::byte> rows, int level, std::vector<std::byte>& out) {
  out.resize(::compressBound(rows.size()));
  uLongf size = out.size();
  const int outcome = ::compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                                  reinterpret_cast<const Bytef*>(rows.data()), rows.size(), level);
  if (outcome != Z_OK)
    throw IoError(fmt::format("cannot compress a chunk: zlib error {}", outcome));
  out.resize(size);
  return size < rows.size();
}

/// A file to read at places, with its size.
class Reader {
 public:
  explicit Reader(const std::string& path)
      : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (!file_ || ::fstat(file_.get(), &status) != 0) {
      throw IoError(describe_error("cannot read", path, errno));
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  std::uint64_t size() const { return size_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const {
    const auto got = read_fully_at(file_.get(), offset, out);
    if (!got) throw IoError(describe_error("cannot read", path_, errno));
    if (*got < out.size()) throw IoError(fmt::format("cannot read {}: it is truncated", path_));
  }

 private:
  std::string path_;
  base::Fd file_;
  std::uint64_t size_ = 0;
};

/// The chunks that several partitions have rows of: the driver packs them.
class SharedChunks {
 public:
  SharedChunks(const Hdf5Target& target, const std::string& path) : target_(target), path_(path) {}

  void add(std::uint64_t chunk, const Reader& part, const Hdf5PartEntry& entry) {
    auto [found, fresh] = chunks_.try_emplace(chunk);
    if (fresh) found->second.resize(target_.chunk_bytes());
    part.read(entry.offset,
              std::span(found->second).subspan(entry.first_row * target_.row_bytes(), entry.bytes));
  }

  /// Writes all chunks before this one, which are complete.
  template <class Note>
  void write_before(std::uint64_t chunk, Note&& note) {
    while (!chunks_.empty() && chunks_.begin()->first < chunk) {
      const auto& [index, rows] = *chunks_.begin();
      const bool packed = deflate_chunk(rows, target_.gzip, packed_);
      const std::span<const std::byte> stored = packed ? std::span(packed_) : std::span(rows);
      open();
      write_at(file_.get(), path_, stored, end_);
      note(index, end_, Hdf5Extent{stored.size(), packed});
      end_ += stored.size();
      chunks_.erase(chunks_.begin());
    }
  }

 private:
  void open() {
    constexpr mode_t everyone = 0666;  // less the umask
    if (file_) return;
    file_ = base::Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, everyone));
    if (!file_) throw IoError(describe_error("cannot create", path_, errno));
  }

  const Hdf5Target& target_;
  std::string path_;
  base::Fd file_;
  std::uint64_t end_ = 0;
  std::map<std::uint64_t, std::vector<std::byte>> chunks_;
  std::vector<std::byte> packed_;
};

}  // namespace

Hdf5PartPacker::Hdf5PartPacker(const Hdf5Target& target, std::uint32_t partition, PartWriter& part)
    : Hdf5RowWriter(target, partition), part_(part) {}

void Hdf5PartPacker::put(std::uint64_t row, std::span<const std::byte> rows) {
  const std::uint64_t count = rows.size() / target_.row_bytes();
  Hdf5PartEntry entry;
  entry.chunk = row / target_.chunk_rows;
  entry.first_row = row % target_.chunk_rows;
  entry.offset = part_.bytes();
  const bool ends = row + count == std::min((entry.chunk + 1) * target_.chunk_rows, target_.rows());
  entry.whole = entry.first_row == 0 && ends;
  std::span<const std::byte> stored = rows;
  std::vector<std::byte> padded;
  if (entry.whole && rows.size() < target_.chunk_bytes()) {  // chunks are stored whole
    padded.assign(rows.begin(), rows.end());
    padded.resize(target_.chunk_bytes());
    stored = padded;
  }
  if (entry.whole) {
    entry.packed = deflate_chunk(stored, target_.gzip, packed_);
    if (entry.packed) stored = packed_;
  }
  part_.write(as_text(stored.data(), stored.size()));
  entry.bytes = stored.size();
  entries_.push_back(entry);
}

void Hdf5PartPacker::end() {
  for (const Hdf5PartEntry& entry : entries_) part_.write(as_text(&entry, sizeof entry));
  const std::uint64_t count = entries_.size();
  part_.write(as_text(&count, sizeof count));
}

std::vector<Hdf5PartEntry> read_hdf5_part(const std::string& path) {
  const Reader part(path);
  std::uint64_t count = 0;
  if (part.size() >= sizeof count) {
    part.read(part.size() - sizeof count, std::as_writable_bytes(std::span(&count, 1)));
    if (count <= (part.size() - sizeof count) / sizeof(Hdf5PartEntry)) {
      std::vector<Hdf5PartEntry> entries(count);
      const std::uint64_t bytes = count * sizeof(Hdf5PartEntry);
      part.read(part.size() - sizeof count - bytes, std::as_writable_bytes(std::span(entries)));
      return entries;
    }
  }
  throw IoError(fmt::format("cannot read {}: it is no part of a dataset", path));
}

std::vector<Hdf5Copy> lay_out_hdf5_parts(const Hdf5Target& target, const Hdf5Creation& creation,
                                         const std::vector<std::string>& parts,
                                         const std::string& rest) {
  std::vector<Hdf5Extent> extents(target.chunks());
  std::vector<Hdf5Copy> copies(parts.size() + 1);
  std::vector<std::vector<std::uint64_t>> chunks_of(parts.size() + 1);
  const auto note = [&](std::size_t source, std::uint64_t chunk, std::uint64_t offset,
                        Hdf5Extent extent) {
    extents.at(chunk) = extent;
    copies[source].pieces.push_back({offset, 0, extent.bytes});
    chunks_of[source].push_back(chunk);
  };
  const auto note_shared = [&](std::uint64_t chunk, std::uint64_t offset, Hdf5Extent extent) {
    note(parts.size(), chunk, offset, extent);
  };
  SharedChunks shared(target, rest);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    copies[i].from = parts[i];
    const std::vector<Hdf5PartEntry> entries = read_hdf5_part(parts[i]);
    std::optional<Reader> part;
    for (const Hdf5PartEntry& entry : entries) {
      shared.write_before(entry.chunk, note_shared);
      if (entry.whole) {
        note(i, entry.chunk, entry.offset, {entry.bytes, entry.packed});
        continue;
      }
      if (!part) part.emplace(parts[i]);
      shared.add(entry.chunk, *part, entry);
    }
  }
  shared.write_before(target.chunks(), note_shared);
  copies.back().from = rest;
  const std::vector<std::uint64_t> places = create_hdf5_layout(target, creation, extents);
  for (std::size_t i = 0; i < copies.size(); ++i) {
    copies[i].to = target.path;
    for (std::size_t k = 0; k < copies[i].pieces.size(); ++k) {
      copies[i].pieces[k].to = places.at(chunks_of[i][k]);
    }
  }
  std::erase_if(copies, [](const Hdf5Copy& copy) { return copy.pieces.empty(); });
  return copies;
}

std::uint64_t copy_hdf5_pieces(const Hdf5Copy& copy) {
  const Reader from(copy.from);
  base::Fd to(::open(copy.to.c_str(), O_WRONLY | O_CLOEXEC));
  if (!to) throw IoError(describe_error("cannot write", copy.to, errno));
  std::vector<std::byte> buffer;
  std::uint64_t copied = 0;
  for (const Hdf5Copy::Piece& piece : copy.pieces) {
    buffer.resize(piece.bytes);
    from.read(piece.from, buffer);
    write_at(to.get(), copy.to, buffer, piece.to);
    copied += piece.bytes;
  }
  if (::close(to.release()) != 0) throw IoError(describe_error("cannot write", copy.to, errno));
  return copied;
}

}  // namespace volley::io

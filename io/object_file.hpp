#pragma once
// Object files: the encoded records of an RDD, a part file for each partition.
//
//   "volley objects 1"  codec (4 bytes)  length of the type's name (4 bytes)  the type's name
//   blocks: ObjectBlock, then its stored bytes
//   an ObjectBlock without records, which ends the file
//
// Numbers are in this machine's byte order. The checksum is XXH3 of a block's plain bytes, seeded
// with the number of its records. The type's name is the program's, so that a file is not read as
// something else.

#include "base/fd.hpp"
#include "io/codec.hpp"
#include "io/committing_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace volley::io {

struct ObjectBlock {
  std::uint64_t stored = 0;  ///< bytes in the file
  std::uint64_t bytes = 0;   ///< decompressed
  std::uint64_t records = 0;
  std::uint64_t checksum = 0;
};

/// One partition of a source of objects.
struct ObjectSplit {
  std::string path;
  std::uint64_t size = 0;
  std::int64_t modified = 0;
  bool ignore_missing = false;
  bool ignore_corrupt = false;
};

class ObjectWriter {
 public:
  ObjectWriter(PartWriter& part, Codec codec, std::string_view type);
  void add(std::span<const std::byte> records, std::uint64_t count);
  /// Call once, last.
  void finish();

 private:
  PartWriter& part_;
  Codec codec_;
  std::vector<std::byte> packed_;
};

class ObjectReader {
 public:
  /// Throws IoError when the file is none of objects of this type; MissingFile when it is gone.
  ObjectReader(const ObjectSplit& split, std::string_view type);
  ObjectReader(const ObjectReader&) = delete;
  ObjectReader& operator=(const ObjectReader&) = delete;

  /// The next block's records; false at the end. Throws IoError when the file is damaged.
  bool next(std::vector<std::byte>& bytes, std::uint64_t& records);
  std::uint64_t bytes_read() const { return at_; }
  [[noreturn]] void damaged(std::string_view how) const;

 private:
  void read(void* to, std::size_t bytes);
  void check_type(std::string_view type);

  std::string path_;
  std::uint64_t size_;
  base::Fd file_;
  Codec codec_ = Codec::none;
  std::uint64_t at_ = 0;
  std::vector<std::byte> packed_;
};

/// One block. Throws IoError.
void compress_block(Codec codec, std::span<const std::byte> plain, std::vector<std::byte>& out);
/// False when `packed` does not hold exactly out.size() bytes.
bool decompress_block(Codec codec, std::span<const std::byte> packed, std::span<std::byte> out);

}  // namespace volley::io

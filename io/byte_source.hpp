#pragma once
// ByteSource: the plain bytes of a compressed file, for one task. Memory is a fixed input buffer;
// the caller owns the output.

#include "base/fd.hpp"
#include "io/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace volley::io {

class ByteSource {
 public:
  ByteSource() = default;
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  /// Fills `out` as far as the data reaches; less than out.size() only at the end. Throws IoError
  /// that names the file and the offset in it when the data is truncated or corrupt.
  virtual std::size_t read(std::span<char> out) = 0;
  /// Bytes of the compressed file used so far.
  virtual std::uint64_t consumed() const = 0;
};

/// Takes over an open file; `path` is for messages. `codec` is not none.
std::unique_ptr<ByteSource> open_compressed(Codec codec, base::Fd file, std::string path);

}  // namespace volley::io

#pragma once
// CompressedInput: the bytes of a compressed file in pieces of fixed size, for its decoder.

#include "base/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace volley::io {

class CompressedInput {
 public:
  /// Takes over an open file; `path` is for messages.
  CompressedInput(base::Fd file, std::string path);

  /// Reads more when all is used up: false at the file's end. IoError when reading fails.
  bool fill();
  std::span<const unsigned char> rest() const { return {bytes_.data() + used_, size_ - used_}; }
  void use(std::size_t bytes) { used_ += bytes; }

  /// Bytes of the file that were used.
  std::uint64_t consumed() const { return file_offset_ - rest().size(); }
  /// IoError: the file, why, and where in it.
  [[noreturn]] void fail(const std::string& why) const;

 private:
  base::Fd file_;
  std::string path_;
  std::vector<unsigned char> bytes_;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  std::uint64_t file_offset_ = 0;  ///< bytes read from the file so far
};

}  // namespace volley::io

#pragma once
// GzipSource: the inflated bytes of a .gz file (one or more members), for one task. Memory is a
// fixed input buffer; the caller owns the output.

#include "io/byte_source.hpp"
#include "io/compressed_input.hpp"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace volley::io {

class GzipSource final : public ByteSource {
 public:
  /// Takes over an open file; `path` is for messages.
  GzipSource(base::Fd file, std::string path);
  ~GzipSource() override;

  std::size_t read(std::span<char> out) override;
  std::uint64_t consumed() const override { return input_.consumed(); }

 private:
  void inflate_some();
  /// After a member: starts the next one, or ends at the end of the file or its zero padding.
  void start_next_member();

  CompressedInput input_;
  z_stream stream_{};
  bool between_members_ = false;
  bool finished_ = false;
};

}  // namespace volley::io

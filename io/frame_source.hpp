#pragma once
// FrameSource: the plain bytes of a file of Zstandard or LZ4 frames, one after another.

#include "io/byte_source.hpp"
#include "io/compressed_input.hpp"

#include <string>

struct ZSTD_DCtx_s;
struct LZ4F_dctx_s;

namespace volley::io {

/// What both have in common: input in pieces, and frames that end or do not.
class FrameSource : public ByteSource {
 public:
  FrameSource(base::Fd file, std::string path, const char* format);
  std::size_t read(std::span<char> out) override;
  std::uint64_t consumed() const override { return input_.consumed(); }

 protected:
  struct Step {
    std::size_t read = 0;     ///< of the input
    std::size_t written = 0;  ///< of the output
    bool frame_ended = false;
    const char* error = nullptr;
  };
  virtual Step step(std::span<const unsigned char> in, std::span<char> out) = 0;

 private:
  CompressedInput input_;
  const char* format_;
  bool in_frame_ = false;
};

class ZstdSource final : public FrameSource {
 public:
  ZstdSource(base::Fd file, std::string path);
  ~ZstdSource() override;

 protected:
  Step step(std::span<const unsigned char> in, std::span<char> out) override;

 private:
  ZSTD_DCtx_s* context_;
};

class Lz4Source final : public FrameSource {
 public:
  Lz4Source(base::Fd file, std::string path);
  ~Lz4Source() override;

 protected:
  Step step(std::span<const unsigned char> in, std::span<char> out) override;

 private:
  LZ4F_dctx_s* context_ = nullptr;
};

}  // namespace volley::io

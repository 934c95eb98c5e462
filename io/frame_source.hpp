#pragma once
// FrameSource: the plain bytes of a file of Zstandard or LZ4 frames, one after another.

#include "io/byte_source.hpp"

#include <string>
#include <vector>

struct ZSTD_DCtx_s;
struct LZ4F_dctx_s;

namespace volley::io {

/// What both have in common: input in pieces, and frames that end or do not.
class FrameSource : public ByteSource {
 public:
  FrameSource(base::Fd file, std::string path, const char* format);
  std::size_t read(std::span<char> out) override;
  std::uint64_t consumed() const override { return file_offset_ - (input_size_ - used_); }

 protected:
  struct Step {
    std::size_t read = 0;     ///< of the input
    std::size_t written = 0;  ///< of the output
    bool frame_ended = false;
    const char* error = nullptr;
  };
  virtual Step step(std::span<const char> in, std::span<char> out) = 0;

 private:
  bool fill_input();
  [[noreturn]] void fail(const std::string& why) const;

  base::Fd file_;
  std::string path_;
  const char* format_;
  std::vector<char> input_;
  std::size_t input_size_ = 0;
  std::size_t used_ = 0;
  std::uint64_t file_offset_ = 0;  ///< bytes read from the file so far
  bool in_frame_ = false;
};

class ZstdSource final : public FrameSource {
 public:
  ZstdSource(base::Fd file, std::string path);
  ~ZstdSource() override;

 protected:
  Step step(std::span<const char> in, std::span<char> out) override;

 private:
  ZSTD_DCtx_s* context_;
};

class Lz4Source final : public FrameSource {
 public:
  Lz4Source(base::Fd file, std::string path);
  ~Lz4Source() override;

 protected:
  Step step(std::span<const char> in, std::span<char> out) override;

 private:
  LZ4F_dctx_s* context_ = nullptr;
};

}  // namespace volley::io

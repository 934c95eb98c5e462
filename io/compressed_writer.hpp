#pragma once
// CompressedWriter: one part file, compressed or not, with the ending of its codec. As PartWriter:
// dropped without commit() it leaves nothing, and errors throw IoError.

#include "io/codec.hpp"
#include "io/committing_writer.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace volley::io {

class CompressedWriter {
 public:
  CompressedWriter(const std::string& directory, PartWriter::Attempt attempt, Codec codec);
  CompressedWriter(const CompressedWriter&) = delete;
  CompressedWriter& operator=(const CompressedWriter&) = delete;
  ~CompressedWriter();

  void write(std::string_view bytes) {
    if (stream_ == nullptr) return part_.write(bytes);
    if (buffer_.size() + bytes.size() > buffer_.capacity()) [[unlikely]]
      return write_large(bytes);
    buffer_ += bytes;
  }
  /// Of the file, so far; all of them after finish().
  std::uint64_t bytes() const { return part_.bytes(); }
  void finish();
  /// After finish().
  void commit() { part_.commit(); }

  /// A codec at work; takes plain bytes and appends compressed ones to the part.
  class Stream {
   public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;
    virtual void put(std::string_view bytes, bool last, PartWriter& part) = 0;
  };

 private:
  void write_large(std::string_view bytes);

  PartWriter part_;
  std::unique_ptr<Stream> stream_;  ///< null: nothing is compressed
  std::string buffer_;
};

}  // namespace volley::io

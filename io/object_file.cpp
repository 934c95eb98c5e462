#include "io/object_file.hpp"

#include "io/file_bytes.hpp"
#include "io/file_mapping.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>
#include <lz4.h>
#include <unistd.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace volley::io {
namespace {

constexpr std::string_view magic = "volley objects 1";
constexpr std::uint32_t longest_name = std::uint32_t{1} << 16U;

struct Head {
  char magic[16] = {};
  std::uint32_t codec = 0;
  std::uint32_t name = 0;
};

template <class T>
std::string_view as_text(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}
/// Of a block's plain bytes, and of how many records these are.
std::uint64_t checksum_of(std::span<const std::byte> bytes, std::uint64_t records) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), records);
}
std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void compress_block(Codec codec, std::span<const std::byte> plain, std::vector<std::byte>& out) {
  const auto* from = reinterpret_cast<const char*>(plain.data());
  constexpr std::size_t most = LZ4_MAX_INPUT_SIZE;
  if (plain.size() > most) {
    throw IoError(fmt::format("a block of {} bytes is too large to be compressed", plain.size()));
  }
  if (codec == Codec::gzip) {
    uLongf size = ::compressBound(plain.size());
    out.resize(size);
    const int outcome = ::compress(reinterpret_cast<Bytef*>(out.data()), &size,
                                   reinterpret_cast<const Bytef*>(from), plain.size());
    if (outcome != Z_OK) throw IoError(fmt::format("cannot compress by gzip: error {}", outcome));
    out.resize(size);
  } else if (codec == Codec::zstd) {
    out.resize(::ZSTD_compressBound(plain.size()));
    const std::size_t size = ::ZSTD_compress(out.data(), out.size(), from, plain.size(), 1);
    if (::ZSTD_isError(size) != 0) throw IoError(::ZSTD_getErrorName(size));
    out.resize(size);
  } else {
    const int bytes = static_cast<int>(plain.size());
    out.resize(static_cast<std::size_t>(::LZ4_compressBound(bytes)));
    const int size = ::LZ4_compress_default(from, reinterpret_cast<char*>(out.data()), bytes,
                                            static_cast<int>(out.size()));
    if (size <= 0) throw IoError("cannot compress by lz4");
    out.resize(static_cast<std::size_t>(size));
  }
}

bool decompress_block(Codec codec, std::span<const std::byte> packed, std::span<std::byte> out) {
  if (codec == Codec::gzip) {
    uLongf size = out.size();
    return ::uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                        reinterpret_cast<const Bytef*>(packed.data()), packed.size()) == Z_OK &&
           size == out.size();
  }
  if (codec == Codec::zstd) {
    return ::ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size()) == out.size();
  }
  constexpr std::size_t most = LZ4_MAX_INPUT_SIZE;
  if (out.size() > most || packed.size() > 2 * most) return false;
  const int size = ::LZ4_decompress_safe(
      reinterpret_cast<const char*>(packed.data()), reinterpret_cast<char*>(out.data()),
      static_cast<int>(packed.size()), static_cast<int>(out.size()));
  return size >= 0 && static_cast<std::size_t>(size) == out.size();
}

ObjectWriter::ObjectWriter(PartWriter& part, Codec codec, std::string_view type)
    : part_(part), codec_(codec) {
  Head head;
  std::copy(magic.begin(), magic.end(), std::begin(head.magic));
  head.codec = static_cast<std::uint32_t>(codec);
  const std::string_view name = type.substr(0, longest_name);
  head.name = static_cast<std::uint32_t>(name.size());
  part_.write(as_text(head));
  part_.write(name);
}

void ObjectWriter::add(std::span<const std::byte> records, std::uint64_t count) {
  std::span<const std::byte> stored = records;
  if (codec_ != Codec::none) {
    compress_block(codec_, records, packed_);
    stored = packed_;
  }
  part_.write(
      as_text(ObjectBlock{stored.size(), records.size(), count, checksum_of(records, count)}));
  part_.write(as_text(stored));
}

void ObjectWriter::finish() { part_.write(as_text(ObjectBlock{0, 0, 0, checksum_of({}, 0)})); }

ObjectReader::ObjectReader(const ObjectSplit& split, std::string_view type)
    : path_(split.path), size_(split.size), file_(open_planned(split.path, split.size)) {
  check_type(type);
}

void ObjectReader::check_type(std::string_view type) {
  Head head;
  if (size_ < sizeof head) damaged("it is too short");
  read(&head, sizeof head);
  const std::string_view found(head.magic, sizeof head.magic);
  if (found != magic) {
    if (found.substr(0, 15) == magic.substr(0, 15)) damaged("it is of another version");
    damaged("it is no object file");
  }
  if (head.codec > static_cast<std::uint32_t>(Codec::lz4)) damaged("its codec is not known");
  codec_ = static_cast<Codec>(head.codec);
  if (head.name > longest_name) damaged("it is no object file");
  std::string name(head.name, '\0');
  read(name.data(), name.size());
  if (name != type.substr(0, longest_name)) {
    throw IoError(
        fmt::format("cannot read {}: it holds objects of type {}, not {}", path_, name, type));
  }
}

void ObjectReader::damaged(std::string_view how) const {
  throw IoError(fmt::format("cannot read {}: {} (at byte {})", path_, how, at_));
}

void ObjectReader::read(void* to, std::size_t bytes) {
  const auto got = read_fully(file_.get(), {static_cast<std::byte*>(to), bytes});
  if (!got) throw IoError(describe_error("cannot read", path_, errno));
  at_ += *got;
  if (*got < bytes) damaged("it is truncated");
}

bool ObjectReader::next(std::vector<std::byte>& bytes, std::uint64_t& records) {
  ObjectBlock block;
  read(&block, sizeof block);
  records = block.records;
  if (records == 0) {
    const bool end = block.stored == 0 && block.bytes == 0 && block.checksum == checksum_of({}, 0);
    if (!end) damaged("a block is damaged");
    return false;
  }
  constexpr std::uint64_t most_ratio = 1U << 16U;  // of any codec
  if (block.stored > size_ - at_) damaged("it is truncated, or a block is damaged");
  if (block.bytes / most_ratio > size_) damaged("a block is damaged");
  bytes.resize(block.bytes);
  if (codec_ == Codec::none) {
    if (block.stored != block.bytes) damaged("a block is damaged");
    read(bytes.data(), bytes.size());
  } else {
    packed_.resize(block.stored);
    read(packed_.data(), packed_.size());
    if (!decompress_block(codec_, packed_, bytes)) damaged("a block is damaged");
  }
  if (checksum_of(bytes, records) != block.checksum) damaged("a checksum differs");
  return true;
}

}  // namespace volley::io

#pragma once
// How the records of cached partitions become bytes and back: those that are bytes and nothing else
// are copied, others are encoded one after another.

#include "program/block_form.hpp"
#include "protocol/codec.hpp"

#include <volley/detail/row.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

namespace volley::detail {

/// `T` is an owned record type.
template <class T>
struct RowCodec {
  static constexpr bool copies = protocol::is_bitwise_v<T> && std::is_same_v<Row<T>, PlainRow<T>>;

  static std::size_t encode(const void* row, std::size_t from, std::size_t bytes,
                            protocol::Bytes& out) {
    const auto& records = *static_cast<const Row<T>*>(row);
    if constexpr (copies) {
      const std::size_t count =
          std::min(records.size() - from, std::max<std::size_t>(bytes / sizeof(T), 1));
      const auto* const begin = reinterpret_cast<const std::byte*>(records.data() + from);
      out.insert(out.end(), begin, begin + count * sizeof(T));
      return from + count;
    } else {
      while (from < records.size() && out.size() < bytes) from = encode_some(records, from, out);
      return from;
    }
  }

  static bool decode(std::span<const std::byte> piece, void* row) {
    auto& records = *static_cast<Row<T>*>(row);
    if constexpr (copies) {
      const std::size_t count = piece.size() / sizeof(T);
      const std::size_t before = records.size();
      records.grow_by(count);
      std::memcpy(static_cast<void*>(records.data() + before), piece.data(), count * sizeof(T));
      return piece.size() % sizeof(T) == 0;
    } else {
      protocol::Reader in(piece);
      while (in.remaining() != 0) {
        T record{};
        protocol::read(in, record);
        if (in.failed()) return false;
        records.push_back(std::move(record));
      }
      return true;
    }
  }

  static std::size_t size(const void* row) { return static_cast<const Row<T>*>(row)->size(); }

 private:
  /// The writer has its own idea of the buffer's size until it ends.
  static std::size_t encode_some(const Row<T>& records, std::size_t from, protocol::Bytes& out) {
    constexpr std::size_t step = 64;
    const std::size_t end = std::min(records.size(), from + step);
    protocol::Writer writer(out);
    for (; from < end; ++from) protocol::write(writer, static_cast<const T&>(records[from]));
    return from;
  }
};

/// Its address travels with an RDD that is persisted.
template <class T>
const program::BlockCodec& block_codec() {
  static constexpr program::BlockCodec codec{&RowCodec<T>::encode, &RowCodec<T>::decode,
                                             &RowCodec<T>::size};
  return codec;
}

}  // namespace volley::detail

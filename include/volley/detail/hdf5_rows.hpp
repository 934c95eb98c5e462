#pragma once
// How a record type is a row of an HDF5 dataset, and the source that reads such rows.

#include "io/hdf5_input.hpp"
#include "io/hdf5_reader.hpp"

#include <volley/detail/pipeline.hpp>
#include <volley/hdf5.hpp>

#include <boost/pfr.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace volley::detail {

template <class T>
io::Hdf5Type hdf5_type();

template <class T>
struct hdf5_array : std::false_type {};
template <class U, std::size_t N>
struct hdf5_array<std::array<U, N>> : std::true_type {
  using element = U;
  static constexpr std::size_t size = N;
};

template <class T>
io::Hdf5Type hdf5_number() {
  io::Hdf5Type type;
  type.size = sizeof(T);
  type.native = true;
  if constexpr (std::is_same_v<T, bool>) {
    type.kind = io::Hdf5Class::boolean;
  } else if constexpr (std::is_integral_v<T>) {
    type.kind = io::Hdf5Class::integer;
    type.is_signed = std::is_signed_v<T>;
    type.value_bits = std::numeric_limits<T>::digits;
  } else {
    type.kind = io::Hdf5Class::floating;
    type.value_bits = std::numeric_limits<T>::digits;
    constexpr std::uint32_t single = 8;
    constexpr std::uint32_t twice = 11;
    constexpr std::uint32_t extended = 15;
    type.exponent_bits = sizeof(T) == 4 ? single : sizeof(T) == 8 ? twice : extended;
  }
  return type;
}

/// Where a member lies in its record.
template <class T, class M>
std::uint64_t hdf5_offset(const T& record, const M& member) {
  return static_cast<std::uint64_t>(reinterpret_cast<const std::byte*>(&member) -
                                    reinterpret_cast<const std::byte*>(&record));
}

template <class T>
io::Hdf5Type hdf5_compound() {
  io::Hdf5Type type;
  type.kind = io::Hdf5Class::compound;
  type.size = sizeof(T);
  type.native = true;
  const T record{};
  const auto add = [&](const auto& member) {
    using M = std::remove_cvref_t<decltype(member)>;
    type.members.push_back({{}, hdf5_offset(record, member), hdf5_type<M>()});
  };
  if constexpr (is_pair<T>::value) {
    add(record.first);
    add(record.second);
  } else {
    boost::pfr::for_each_field(record, add);
  }
  return type;
}

/// What an element of type T is.
template <class T>
io::Hdf5Type hdf5_type() {
  if constexpr (std::is_enum_v<T>) {
    return hdf5_number<std::underlying_type_t<T>>();
  } else if constexpr (std::is_arithmetic_v<T>) {
    return hdf5_number<T>();
  } else if constexpr (hdf5_array<T>::value) {
    using U = typename hdf5_array<T>::element;
    static_assert(!hdf5_array<U>::value || std::is_same_v<U, std::array<char, sizeof(U)>>,
                  "HDF5: arrays of arrays are not supported: use one array of all elements");
    if constexpr (std::is_same_v<U, char>) {
      io::Hdf5Type type;
      type.kind = io::Hdf5Class::text;
      type.size = hdf5_array<T>::size;
      type.native = true;
      return type;
    } else {
      io::Hdf5Type type = hdf5_type<U>();
      type.is_array = true;
      type.count = hdf5_array<T>::size;
      return type;
    }
  } else {
    return hdf5_compound<T>();
  }
}

/// A record that is an element, or as many of them as it says.
template <class T>
struct Hdf5Rows {
  using element = T;
  static constexpr auto shape = io::Hdf5Row::Shape::element;
  static constexpr std::uint64_t columns = 1;
  template <class Emit>
  static void emit(const std::byte* rows, std::size_t count, std::uint64_t, Emit& emit) {
    const auto* const records = reinterpret_cast<const T*>(rows);
    for (std::size_t i = 0; i < count; ++i) emit(records[i]);
  }
  static std::uint64_t width(const T&) { return 1; }
  static const std::byte* bytes(const T& record) {
    return reinterpret_cast<const std::byte*>(&record);
  }
};

template <class U, std::size_t N>
requires(!std::is_same_v<U, char>)  //
    struct Hdf5Rows<std::array<U, N>> {
  using element = U;
  static constexpr auto shape = io::Hdf5Row::Shape::fixed;
  static constexpr std::uint64_t columns = N;
  template <class Emit>
  static void emit(const std::byte* rows, std::size_t count, std::uint64_t, Emit& emit) {
    const auto* const records = reinterpret_cast<const std::array<U, N>*>(rows);
    for (std::size_t i = 0; i < count; ++i) emit(records[i]);
  }
  static std::uint64_t width(const std::array<U, N>&) { return N; }
  static const std::byte* bytes(const std::array<U, N>& record) {
    return reinterpret_cast<const std::byte*>(record.data());
  }
};

template <class U>
struct Hdf5Rows<std::vector<U>> {
  static_assert(!std::is_same_v<U, bool>,
                "HDF5: rows of bool are std::array<bool, N>, or std::vector<std::uint8_t>");
  using element = U;
  static constexpr auto shape = io::Hdf5Row::Shape::any;
  static constexpr std::uint64_t columns = 1;
  template <class Emit>
  static void emit(const std::byte* rows, std::size_t count, std::uint64_t width, Emit& emit) {
    const auto* values = reinterpret_cast<const U*>(rows);
    std::vector<U> record;
    for (std::size_t i = 0; i < count; ++i, values += width) {
      record.assign(values, values + width);
      emit(std::as_const(record));
    }
  }
  static std::uint64_t width(const std::vector<U>& record) { return record.size(); }
  static const std::byte* bytes(const std::vector<U>& record) {
    return reinterpret_cast<const std::byte*>(record.data());
  }
};

#define VOLLEY_REQUIRE_HDF5(operation, T)                                                          \
  static_assert(                                                                                   \
      ::volley::protocol::is_bitwise_v<typename ::volley::detail::Hdf5Rows<T>::element>, operation \
      " needs records that are rows of numbers: numbers, enums, structs, or std::array or "        \
      "std::vector of these")

template <class T>
io::Hdf5Row hdf5_row() {
  using Rows = Hdf5Rows<T>;
  return {hdf5_type<typename Rows::element>(), Rows::shape, Rows::columns};
}

/// hdf5_dataset: the rows of some chunks.
template <class T>
struct Hdf5RowSource {
  using record = T;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto split = protocol::decode<io::Hdf5Split>(context.payload(rdd, partition));
    VOLLEY_CHECK(split.has_value(), "split {} of RDD {} does not decode", partition, rdd);
    io::Hdf5Reader reader(*split, hdf5_row<T>());
    using Element = typename Hdf5Rows<T>::element;
    const std::uint64_t row_bytes = split->columns * sizeof(Element);
    std::uint64_t before = 0;
    for (auto rows = reader.next(); !rows.empty(); rows = reader.next()) {
      const std::size_t count = rows.size() / row_bytes;
      context.metrics().records_read += count;
      context.metrics().bytes_read += reader.bytes_read() - before;
      before = reader.bytes_read();
      Hdf5Rows<T>::emit(rows.data(), count, split->columns, emit);
      context.check_stop();
    }
  }
};

}  // namespace volley::detail

#pragma once
// Sources that read whole files, records of a length, and object files.

#include "io/binary_input.hpp"
#include "io/io_error.hpp"
#include "io/object_file.hpp"
#include "io/record_reader.hpp"
#include "io/whole_input.hpp"

#include <volley/detail/pipeline.hpp>

#include <boost/core/demangle.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

namespace volley::detail {

/// Reads something, unless it may be left out and is gone or damaged: then false.
template <class Split, class Read>
bool read_or_leave_out(const Split& split, Read&& read) {
  try {
    return read();
  } catch (const io::MissingFile&) {
    if (!split.ignore_missing) throw;
  } catch (const io::IoError&) {
    if (!split.ignore_corrupt) throw;
  }
  return false;
}

/// whole_text_files, binary_files: (path, content).
struct WholeFilesSource {
  using record = std::pair<std::string, std::string>;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto split = protocol::decode<io::WholeFiles>(context.payload(rdd, partition));
    VOLLEY_CHECK(split.has_value(), "split {} of RDD {} does not decode", partition, rdd);
    for (const io::WholeFile& file : split->files) {
      std::string content;
      const bool there = read_or_leave_out(*split, [&] {
        content = io::read_file_content(file);
        return true;
      });
      if (!there) continue;
      ++context.metrics().records_read;
      context.metrics().bytes_read += file.size;
      emit(record(file.path, std::move(content)));
      context.check_stop();
    }
  }
};

/// One partition of binary_records(paths, length).
struct RecordViewSplit {
  io::BinarySplit split;
  std::uint64_t length = 1;
};

/// The records of a byte range, as views into the mapped file.
struct RecordViewSource {
  using record = std::string_view;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto part = protocol::decode<RecordViewSplit>(context.payload(rdd, partition));
    VOLLEY_CHECK(part.has_value(), "split {} of RDD {} does not decode", partition, rdd);
    const auto reader = std::make_shared<io::RecordReader>(part->split, part->length);
    context.keep(reader);  // views of its records may outlive this loop in batches
    for (auto bytes = reader->next(); !bytes.empty(); bytes = reader->next()) {
      context.metrics().records_read += bytes.size() / part->length;
      context.metrics().bytes_read += bytes.size();
      for (std::size_t at = 0; at < bytes.size(); at += part->length) {
        emit(std::string_view(bytes.data() + at, part->length));
      }
      context.check_stop();
    }
    context.views_expire();
  }
};

/// What object files call a type.
template <class T>
std::string object_type() {
  return boost::core::demangle(typeid(owned_t<T>).name());
}

/// object_file: the records of a part.
template <class T>
struct ObjectSource {
  using record = T;
  static constexpr bool reads_blocks = false;
  template <class Emit>
  static void run(TaskContext& context, base::RddId rdd, std::uint32_t partition, Emit& emit) {
    const auto split = protocol::decode<io::ObjectSplit>(context.payload(rdd, partition));
    VOLLEY_CHECK(split.has_value(), "split {} of RDD {} does not decode", partition, rdd);
    std::optional<io::ObjectReader> reader;
    std::optional<std::vector<T>> records;
    const auto next = [&] {
      if (!reader) reader.emplace(*split, object_type<T>());
      std::vector<std::byte> bytes;
      std::uint64_t count = 0;
      if (!reader->next(bytes, count)) return false;
      records = protocol::decode<std::vector<T>>(bytes);
      if (!records || records->size() != count) reader->damaged("its records cannot be read");
      return true;
    };
    while (read_or_leave_out(*split, next)) {
      context.metrics().records_read += records->size();
      for (auto&& record : *records) emit(static_cast<T&&>(record));
      context.check_stop();
    }
    if (reader) context.metrics().bytes_read += reader->bytes_read();
  }
};

}  // namespace volley::detail

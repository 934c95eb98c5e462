#pragma once
// Datasets for tests, written as save_as_hdf5 writes them, and read back as tasks read them.

#include "io/hdf5_input.hpp"
#include "io/hdf5_output.hpp"
#include "io/hdf5_reader.hpp"

#include <volley/detail/hdf5_rows.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace volley::io::test {

struct DatasetShape {
  std::string dataset = "/data";
  std::vector<std::string> members = {};
  std::uint64_t chunk_rows = 4;
  int gzip = 0;
  std::uint64_t width = 1;  ///< of rows that are vectors
  Hdf5Attributes attributes = {};
};

template <class T>
std::vector<std::byte> bytes_of(const std::vector<T>& records) {
  std::vector<std::byte> bytes;
  for (const T& record : records) {
    using Rows = detail::Hdf5Rows<T>;
    const std::byte* from = Rows::bytes(record);
    bytes.insert(bytes.end(), from, from + Rows::width(record) * sizeof(typename Rows::element));
  }
  return bytes;
}

template <class T>
Hdf5Target make_target(const std::string& path, const std::vector<std::vector<T>>& partitions,
                       const DatasetShape& shape, Hdf5Creation& creation) {
  const Hdf5Row row = detail::hdf5_row<T>();
  Hdf5Target target;
  target.path = path;
  target.columns = row.shape == Hdf5Row::Shape::any ? shape.width : row.columns;
  target.memory_bytes = row.element.bytes();
  Hdf5Type named = row.element;
  for (std::size_t i = 0; i < shape.members.size(); ++i) named.members[i].name = shape.members[i];
  creation.type = pack_type(named, target.runs);
  creation.dataset = shape.dataset;
  creation.wide = row.shape != Hdf5Row::Shape::element;
  creation.attributes = shape.attributes;
  creation.owner = "test";
  target.element_bytes = creation.type.bytes();
  target.chunk_rows = shape.chunk_rows;
  target.gzip = shape.gzip;
  target.first_rows = {0};
  for (const auto& rows : partitions) {
    target.first_rows.push_back(target.first_rows.back() + rows.size());
  }
  return target;
}

/// Writes partitions to `path`; `directory` is for part files.
template <class T>
void write_dataset(const std::string& path, const std::string& directory,
                   const std::vector<std::vector<T>>& partitions, const DatasetShape& shape = {}) {
  Hdf5Creation creation;
  Hdf5Target target = make_target(path, partitions, shape, creation);
  const auto count = static_cast<std::uint32_t>(partitions.size());
  if (shape.gzip == 0) {
    target.places = create_hdf5_layout(target, creation, {});
    for (std::uint32_t i = count; i-- > 0;) {  // in no order
      Hdf5PlaceWriter writer(target, i);
      writer.add(bytes_of(partitions[i]));
      writer.finish();
    }
    return;
  }
  ASSERT_TRUE(prepare_output(directory).ok());
  std::vector<std::string> parts;
  for (std::uint32_t i = 0; i < count; ++i) {
    PartWriter part(directory, {i, 0, i});
    Hdf5PartPacker packer(target, i, part);
    packer.add(bytes_of(partitions[i]));
    packer.finish();
    part.commit();
    parts.push_back(directory + "/" + part_name(i));
  }
  ASSERT_TRUE(commit_job(directory, count).ok());
  for (const Hdf5Copy& copy : lay_out_hdf5_parts(target, creation, parts, directory + "/shared")) {
    copy_hdf5_pieces(copy);
  }
}

/// The records of each split.
template <class T>
std::vector<std::vector<T>> read_splits(const std::vector<Hdf5Split>& splits) {
  std::vector<std::vector<T>> all;
  for (const Hdf5Split& split : splits) {
    Hdf5Reader reader(split, detail::hdf5_row<T>());
    std::vector<T>& records = all.emplace_back();
    auto add = [&](const T& record) { records.push_back(record); };
    using Element = typename detail::Hdf5Rows<T>::element;
    for (auto rows = reader.next(); !rows.empty(); rows = reader.next()) {
      const std::size_t count = rows.size() / (split.columns * sizeof(Element));
      detail::Hdf5Rows<T>::emit(rows.data(), count, split.columns, add);
    }
  }
  return all;
}

template <class T>
std::vector<Hdf5Split> plan_dataset(const std::string& path, std::uint64_t partitions = 1,
                                    const std::vector<std::string>& members = {},
                                    const std::string& dataset = "/data") {
  constexpr base::ByteCount large{std::uint64_t{128} << 20U};
  return plan_hdf5_input({path, dataset, members}, detail::hdf5_row<T>(), partitions, large);
}

template <class T>
std::vector<T> joined(const std::vector<std::vector<T>>& parts) {
  std::vector<T> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

template <class T>
std::vector<T> read_dataset(const std::string& path, std::uint64_t partitions = 1,
                            const std::vector<std::string>& members = {}) {
  return joined(read_splits<T>(plan_dataset<T>(path, partitions, members)));
}

}  // namespace volley::io::test

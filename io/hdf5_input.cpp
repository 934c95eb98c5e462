#include "io/hdf5_input.hpp"

#include "io/hdf5_calls.hpp"
#include "io/input_paths.hpp"
#include "io/io_error.hpp"
#include "io/text_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace volley::io {
namespace {

constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 20U;  ///< of datasets without chunks
/// Larger tables would cost the driver seconds and every plan megabytes.
constexpr std::uint64_t max_pieces = std::uint64_t{1} << 20U;

/// Why this shape does not fit; empty when it does. Takes the array out of an element's type.
std::string fit_shape(const std::vector<std::uint64_t>& shape, Hdf5Type& type, const Hdf5Row& row,
                      Hdf5Fit& fit) {
  if (shape.empty() || shape.size() > 2) return "datasets of one or two dimensions can be read";
  if (row.shape == Hdf5Row::Shape::element) {
    return shape.size() == 1 ? "" : "rows of several columns are read as std::array or std::vector";
  }
  if (shape.size() == 2) {
    fit.columns = shape[1];
  } else if (type.is_array) {
    fit.columns = type.count;
    fit.columns_in_type = true;
    type.is_array = false;
    type.count = 1;
  } else {
    return "the dataset has one value in a row";
  }
  if (fit.columns == 0) return "the dataset has no columns";
  const bool fits = row.shape == Hdf5Row::Shape::any || fit.columns == row.columns;
  return fits ? "" : fmt::format("the dataset has {} columns", fit.columns);
}

/// Whether its pieces can be read without the library, as far as the pipeline of filters goes.
bool knows_filters(const std::vector<std::string>& filters, Hdf5Split& split) {
  for (std::size_t i = 0; i < filters.size(); ++i) {
    std::int32_t* position = nullptr;
    if (filters[i] == "shuffle") position = &split.shuffle_filter;
    if (filters[i] == "deflate") position = &split.deflate_filter;
    if (position == nullptr || *position >= 0) return false;
    *position = static_cast<std::int32_t>(i);
  }
  const bool both = split.shuffle_filter >= 0 && split.deflate_filter >= 0;
  return !both || split.shuffle_filter < split.deflate_filter;
}

/// All rows as one split.
Hdf5Split plan_whole(const Hdf5Source& source, const Hdf5DatasetInfo& info, const Hdf5Row& row,
                     std::uint64_t min_partitions) {
  Hdf5Fit fit =
      fit_hdf5_rows(source.path, source.dataset, info.shape, info.type, row, source.members);
  Hdf5Split whole;
  whole.path = source.path;
  whole.dataset = source.dataset;
  whole.members = source.members;
  whole.rows = info.shape[0];
  whole.columns = fit.columns;
  whole.element_bytes = fit.columns_in_type ? info.type.size : info.type.bytes();
  const std::uint64_t row_bytes = std::max<std::uint64_t>(fit.columns * whole.element_bytes, 1);
  if (info.chunk.empty()) {
    const std::uint64_t share = (whole.rows + min_partitions - 1) / min_partitions;
    const std::uint64_t fitting = std::max<std::uint64_t>(piece_bytes / row_bytes, 1);
    whole.piece_rows = std::clamp<std::uint64_t>(share, 1, fitting);
    whole.piece_columns = fit.columns;
  } else {
    whole.piece_rows = info.chunk[0];
    whole.piece_columns = info.chunk.size() == 2 ? info.chunk[1] : fit.columns;
  }
  const std::uint64_t across = (fit.columns + whole.piece_columns - 1) / whole.piece_columns;
  const std::uint64_t pieces = (whole.rows + whole.piece_rows - 1) / whole.piece_rows * across;
  if (fit.match.identical && pieces <= max_pieces && knows_filters(info.filters, whole)) {
    whole.runs = std::move(fit.match.runs);
    whole.placed = hdf5_calls().find_pieces(info, whole);
  }
  return whole;
}

std::vector<Hdf5Split> cut(const Hdf5Split& whole, std::uint64_t rows_each) {
  const std::uint64_t across = (whole.columns + whole.piece_columns - 1) / whole.piece_columns;
  std::vector<Hdf5Split> splits;
  for (std::uint64_t row = 0; row < whole.rows;) {
    const std::uint64_t rest = whole.rows - row;
    // Rather a last split that is 10 % longer than a tiny one behind it.
    const bool last = rest <= rows_each || rest - rows_each <= rows_each / 10;
    Hdf5Split split = whole;
    split.pieces.clear();
    split.row = row;
    split.rows = last ? rest : rows_each;
    if (whole.placed) {
      const std::uint64_t first = row / whole.piece_rows * across;
      const std::uint64_t end =
          (row + split.rows + whole.piece_rows - 1) / whole.piece_rows * across;
      split.pieces.assign(whole.pieces.begin() + static_cast<std::ptrdiff_t>(first),
                          whole.pieces.begin() + static_cast<std::ptrdiff_t>(end));
    }
    row += split.rows;
    splits.push_back(std::move(split));
  }
  return splits;
}

}  // namespace

Hdf5Fit fit_hdf5_rows(const std::string& path, const std::string& dataset,
                      const std::vector<std::uint64_t>& shape, Hdf5Type type, const Hdf5Row& row,
                      const std::vector<std::string>& members) {
  const std::string found = describe(type) + " " + describe_shape(shape);
  Hdf5Fit fit;
  std::string why = fit_shape(shape, type, row, fit);
  if (why.empty()) {
    auto match = match_types(type, row.element, members);
    if (match) {
      fit.match = std::move(match).value();
      return fit;
    }
    why = match.error();
  }
  throw IoError(fmt::format("cannot read dataset {} of HDF5 file {} as {}: it is {}: {}", dataset,
                            path, describe(row), found, why));
}

std::vector<Hdf5Split> plan_hdf5_input(const Hdf5Source& source, const Hdf5Row& row,
                                       std::uint64_t min_partitions,
                                       base::ByteCount max_partition_bytes) {
  const std::uint64_t wanted = std::max<std::uint64_t>(min_partitions, 1);
  const auto files = list_input_files(source.path);
  if (!files) throw IoError(files.error());
  if (files.value().size() != 1) throw IoError(source.path + " is not one HDF5 file");
  const Hdf5DatasetInfo info = inspect_hdf5_dataset(source.path, source.dataset);
  Hdf5Split whole = plan_whole(source, info, row, wanted);
  whole.file_size = files.value().front().size;
  whole.modified = files.value().front().modified;
  if (whole.rows == 0) return {};
  const std::uint64_t row_bytes = whole.columns * whole.element_bytes;
  const auto size = plan_split_size(source.dataset, whole.rows * row_bytes, wanted,
                                    max_partition_bytes, whole.piece_rows * row_bytes);
  if (!size) throw IoError(size.error());
  return cut(whole, size.value() / row_bytes);
}

}  // namespace volley::io

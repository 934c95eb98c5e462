// Rows of a dataset that the library converts on their way.

#include "io/hdf5/functions.hpp"
#include "io/hdf5/library.hpp"

#include <algorithm>
#include <array>

namespace volley::io::hdf5 {
namespace {

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

class Rows final : public Hdf5RowSource {
 public:
  Rows(const Hdf5Split& split, const Hdf5Row& row) : columns_(split.columns) {
    const std::uint64_t slab = split.piece_rows * round_up(split.columns, split.piece_columns) *
                               std::max<std::uint64_t>(split.element_bytes, 1);
    constexpr std::uint64_t least_cache = std::uint64_t{1} << 20U;
    file_ = open_hdf5(split.path);
    dataset_ =
        open_hdf5_dataset(file_.get(), split.path, split.dataset, std::max(slab, least_cache));
    space_ = own_space(::H5Dget_space(dataset_.get()));
    const Hdf5Handle stored = own_type(::H5Dget_type(dataset_.get()));
    std::array<hsize_t, H5S_MAX_RANK> dimensions{};
    rank_ = ::H5Sget_simple_extent_dims(space_.get(), dimensions.data(), nullptr);
    const std::vector<std::uint64_t> shape(dimensions.begin(), dimensions.begin() + rank_);
    const Hdf5Fit fit = fit_hdf5_rows(split.path, split.dataset, shape, parse_type(stored.get()),
                                      row, split.members);
    type_ = make_type(fit.match.memory);
    if (fit.columns_in_type) {
      const hsize_t columns = fit.columns;
      type_ = own_type(::H5Tarray_create2(type_.get(), 1, &columns));
    }
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows() override {
    const Hdf5Lock lock;
    for (Hdf5Handle* handle : {&space_, &type_, &dataset_, &file_}) handle->reset();
  }

  std::optional<std::string> read(std::uint64_t row, std::uint64_t rows,
                                  std::span<std::byte> out) override {
    const Hdf5Lock lock;
    const std::array<hsize_t, 2> from{row, 0};
    const std::array<hsize_t, 2> count{rows, columns_};
    const int rank = rank_ == 2 ? 2 : 1;
    const Hdf5Handle memory = own_space(::H5Screate_simple(rank, count.data(), nullptr));
    ::H5Sselect_hyperslab(space_.get(), H5S_SELECT_SET, from.data(), nullptr, count.data(),
                          nullptr);
    const herr_t outcome =
        ::H5Dread(dataset_.get(), type_.get(), memory.get(), space_.get(), H5P_DEFAULT, out.data());
    return outcome < 0 ? std::optional(hdf5_reason()) : std::nullopt;
  }

 private:
  std::uint64_t columns_;
  Hdf5Handle file_;
  Hdf5Handle dataset_;
  Hdf5Handle type_;
  Hdf5Handle space_;
  int rank_ = 0;
};

}  // namespace

std::unique_ptr<Hdf5RowSource> open_rows(const Hdf5Split& split, const Hdf5Row& row) {
  const Hdf5Lock lock;
  return std::make_unique<Rows>(split, row);
}

}  // namespace volley::io::hdf5

// Where the pieces of a dataset lie in its file.

#include "io/hdf5/functions.hpp"
#include "io/hdf5/library.hpp"
#include "io/hdf5/space.hpp"

#include <algorithm>
#include <array>

namespace volley::io::hdf5 {
namespace {

class PieceFinder {
 public:
  PieceFinder(const Hdf5DatasetInfo& info, Hdf5Split& whole) : info_(info), whole_(whole) {}

  bool find() {
    const Hdf5Lock lock;
    Hdf5Space space = Hdf5Space::open(whole_.path);
    const Hdf5Handle dataset = open_hdf5_dataset(space.file(), whole_.path, whole_.dataset);
    const Hdf5Handle made = own_list(::H5Dget_create_plist(dataset.get()));
    if (::H5Pget_external_count(made.get()) != 0) return false;
    const auto layout = ::H5Pget_layout(made.get());
    if (layout == H5D_CONTIGUOUS) return find_rows(dataset.get());
    return layout == H5D_CHUNKED && find_chunks(space, dataset.get());
  }

 private:
  bool find_rows(hid_t dataset) {
    const haddr_t begin = ::H5Dget_offset(dataset);
    if (begin == HADDR_UNDEF) return false;
    const std::uint64_t row_bytes = whole_.columns * whole_.element_bytes;
    for (std::uint64_t row = 0; row < whole_.rows; row += whole_.piece_rows) {
      const std::uint64_t rows = std::min(whole_.piece_rows, whole_.rows - row);
      whole_.pieces.push_back({begin + row * row_bytes, rows * row_bytes, 0});
    }
    return true;
  }
  bool find_chunks(Hdf5Space& space, hid_t dataset) {
    const bool wide = info_.shape.size() == 2;
    const std::uint64_t width = wide ? whole_.columns : 1;
    const std::uint64_t step = wide ? whole_.piece_columns : 1;
    for (std::uint64_t row = 0; row < whole_.rows; row += whole_.piece_rows) {
      for (std::uint64_t column = 0; column < width; column += step) {
        const std::array<hsize_t, 2> element{row, column};
        Hdf5Space::Place place;
        if (!space.find_chunk(dataset, element.data(), place)) return false;
        whole_.pieces.push_back({place.offset, place.bytes, place.skipped});
      }
    }
    return true;
  }

  const Hdf5DatasetInfo& info_;
  Hdf5Split& whole_;
};

}  // namespace

bool find_pieces(const Hdf5DatasetInfo& info, Hdf5Split& whole) {
  return PieceFinder(info, whole).find();
}

}  // namespace volley::io::hdf5

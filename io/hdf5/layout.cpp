// Making a file with a dataset whose chunks others will write.

#include "io/hdf5/functions.hpp"
#include "io/hdf5/library.hpp"
#include "io/hdf5/space.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace volley::io::hdf5 {
namespace {

constexpr std::uint64_t alignment = 4096;  ///< of chunks: pages are not shared by two of them

Hdf5Handle make_creation_list(const Hdf5Target& target, bool wide) {
  Hdf5Handle list = own_list(::H5Pcreate(H5P_DATASET_CREATE));
  if (target.rows() == 0 || target.columns == 0) return list;  // nothing to have chunks of
  const std::array<hsize_t, 2> chunk{target.chunk_rows, target.columns};
  ::H5Pset_chunk(list.get(), wide ? 2 : 1, chunk.data());
  // The library writes no fill values: the space of chunks comes to life with its chunks.
  ::H5Pset_fill_time(list.get(), H5D_FILL_TIME_NEVER);
  ::H5Pset_alloc_time(list.get(), H5D_ALLOC_TIME_INCR);
  if (target.gzip > 0) ::H5Pset_deflate(list.get(), static_cast<unsigned>(target.gzip));
  return list;
}

Hdf5Handle make_dataset(hid_t file, const Hdf5Target& target, const Hdf5Creation& creation) {
  const std::array<hsize_t, 2> shape{target.rows(), target.columns};
  const Hdf5Handle space =
      own_space(::H5Screate_simple(creation.wide ? 2 : 1, shape.data(), nullptr));
  const Hdf5Handle type = make_type(creation.type);
  const Hdf5Handle links = own_list(::H5Pcreate(H5P_LINK_CREATE));
  ::H5Pset_create_intermediate_group(links.get(), 1);
  const Hdf5Handle list = make_creation_list(target, creation.wide);
  Hdf5Handle dataset = own_dataset(::H5Dcreate2(file, creation.dataset.c_str(), type.get(),
                                                space.get(), links.get(), list.get(), H5P_DEFAULT));
  if (!dataset) {
    throw_hdf5_error(fmt::format("cannot create dataset {} in {}", creation.dataset, target.path));
  }
  return dataset;
}

}  // namespace

std::vector<std::uint64_t> create_layout(const Hdf5Target& target, const Hdf5Creation& creation,
                                         const std::vector<Hdf5Extent>& extents) {
  const Hdf5Lock lock;
  std::vector<std::uint64_t> places;
  {
    // Compressed chunks are too different in size to be worth gaps between them.
    Hdf5Space space = Hdf5Space::create(target.path, extents.empty() ? alignment : 1);
    const Hdf5Handle dataset = make_dataset(space.file(), target, creation);
    const std::uint64_t chunks = target.columns == 0 ? 0 : target.chunks();
    places.reserve(chunks);
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk) {
      const std::array<hsize_t, 2> element{chunk * target.chunk_rows, 0};
      const bool plain = extents.empty();
      const std::uint64_t bytes = plain ? target.chunk_bytes() : extents[chunk].bytes;
      const std::uint32_t skipped = plain || extents[chunk].packed ? 0 : 1;
      places.push_back(space.add_chunk(dataset.get(), element.data(), bytes, skipped).offset);
    }
    space.close();
  }
  write_attributes(target.path, creation.dataset, creation.attributes);
  write_attributes(target.path, "/", {{"volley_application", creation.owner}});
  return places;
}

}  // namespace volley::io::hdf5

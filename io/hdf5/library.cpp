#include "io/hdf5/library.hpp"

#include "base/check.hpp"
#include "io/hdf5/functions.hpp"
#include "io/io_error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace volley::io::hdf5 {
namespace {

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;  // the library's own state is global, and so is its lock
  return mutex;
}

herr_t note_reason(unsigned /*n*/, const H5E_error2_t* error, void* text) {
  if (error->desc != nullptr && *error->desc != 0) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

std::string all_datasets(const std::string& path) {
  std::vector<std::string> names;
  for (const Hdf5DatasetInfo& info : list_datasets(path)) names.push_back(info.name);
  constexpr std::size_t most = 20;
  const std::size_t shown = std::min(names.size(), most);
  const std::string more =
      names.size() > most ? fmt::format(" and {} more", names.size() - most) : "";
  if (names.empty()) return "it holds no datasets";
  return fmt::format(
      "it holds {}{}",
      fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "), more);
}

}  // namespace

Hdf5Lock::Hdf5Lock() : lock_(library_mutex()) { ::H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

void Hdf5Handle::reset() {
  if (id_ < 0) return;
  const Hdf5Lock lock;
  close_(std::exchange(id_, H5I_INVALID_HID));
}

std::string hdf5_reason() {
  std::string reason;
  ::H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, &note_reason, &reason);
  return reason.empty() ? "the HDF5 library gives no reason" : reason;
}

void throw_hdf5_error(const std::string& what) {
  throw IoError(fmt::format("{}: {}", what, hdf5_reason()));
}

Hdf5Handle open_hdf5(const std::string& path, bool change) {
  if (::access(path.c_str(), change ? R_OK | W_OK : R_OK) != 0) {
    throw IoError(describe_error("cannot open HDF5 file", path, errno));
  }
  const Hdf5Handle access = own_list(::H5Pcreate(H5P_FILE_ACCESS));
  ::H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
  // Parallel file systems often refuse locks, and nothing here is read while it is written.
  if (!change) ::H5Pset_file_locking(access.get(), false, true);
#endif
  if (::H5Fis_hdf5(path.c_str()) <= 0) {
    throw IoError(fmt::format("cannot open HDF5 file {}: it is not an HDF5 file", path));
  }
  const unsigned flags = change ? H5F_ACC_RDWR : H5F_ACC_RDONLY;
  Hdf5Handle file(::H5Fopen(path.c_str(), flags, access.get()), &H5Fclose);
  if (!file) throw_hdf5_error(fmt::format("cannot open HDF5 file {}", path));
  return file;
}

Hdf5Handle open_hdf5_dataset(hid_t file, const std::string& path, const std::string& dataset,
                             std::size_t chunk_cache) {
  const Hdf5Handle access = own_list(::H5Pcreate(H5P_DATASET_ACCESS));
  if (chunk_cache > 0) {
    constexpr std::size_t slots = 12421;  // a prime, many times the chunks that are held
    ::H5Pset_chunk_cache(access.get(), slots, chunk_cache, 1.0);
  }
  Hdf5Handle found = own_dataset(::H5Dopen2(file, dataset.c_str(), access.get()));
  if (!found) {
    throw IoError(
        fmt::format("HDF5 file {} has no dataset {}: {}", path, dataset, all_datasets(path)));
  }
  return found;
}

}  // namespace volley::io::hdf5

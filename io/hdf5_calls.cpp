#include "io/hdf5_calls.hpp"

#include "io/io_error.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

namespace volley::io {
namespace {

/// Beside the shared object that this function is in.
std::string path_of_object() {
  Dl_info here{};
  ::dladdr(reinterpret_cast<const void*>(&path_of_object), &here);
  const std::filesystem::path own = here.dli_fname == nullptr ? "" : here.dli_fname;
  return (own.parent_path() / "libvolley_hdf5.so").string();
}

const Hdf5Calls& load() {
  const std::string path = path_of_object();
  void* const object = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const entry = object == nullptr ? nullptr : ::dlsym(object, hdf5_entry_name);
  if (entry == nullptr) {
    const char* const why = ::dlerror();
    throw IoError(
        fmt::format("cannot use HDF5: {} cannot be loaded: {}. It is built with Volley and "
                    "belongs beside libvolley.so",
                    path, why == nullptr ? "it is not what it should be" : why));
  }
  return *reinterpret_cast<Hdf5Entry>(entry)();
}

}  // namespace

const Hdf5Calls& hdf5_calls() {
  static const Hdf5Calls& calls = load();  // the library's state is global, too
  return calls;
}

Hdf5DatasetInfo inspect_hdf5_dataset(const std::string& path, const std::string& dataset) {
  return hdf5_calls().inspect_dataset(path, dataset);
}

std::vector<Hdf5DatasetInfo> list_hdf5_datasets(const std::string& path) {
  return hdf5_calls().list_datasets(path);
}

Hdf5Attributes read_hdf5_attributes(const std::string& path, const std::string& object) {
  return hdf5_calls().read_attributes(path, object);
}

void write_hdf5_attributes(const std::string& path, const std::string& object,
                           const Hdf5Attributes& attributes) {
  hdf5_calls().write_attributes(path, object, attributes);
}

std::vector<std::uint64_t> create_hdf5_layout(const Hdf5Target& target,
                                              const Hdf5Creation& creation,
                                              const std::vector<Hdf5Extent>& extents) {
  return hdf5_calls().create_layout(target, creation, extents);
}

}  // namespace volley::io

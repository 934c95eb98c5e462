#include "io/hdf5/space.hpp"

#include "io/file_bytes.hpp"
#include "io/io_error.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <new>

#if H5_VERSION_GE(1, 14, 0)
#include <H5FDdevelop.h>
#endif

namespace volley::io::hdf5 {

/// The driver that the library calls. An error is -1, as the library wants it.
struct SpaceDriver {
  struct Settings {
    Hdf5Space::Notes* notes;
  };
  struct File {
    H5FD_t common;  // first: the library sees only this
    int descriptor;
    haddr_t end_of_allocation;
    haddr_t end_of_file;
    Hdf5Space::Notes* notes;
  };
  static File& of(H5FD_t* file) { return *reinterpret_cast<File*>(file); }
  static const File& of(const H5FD_t* file) { return *reinterpret_cast<const File*>(file); }

  static H5FD_t* open(const char* path, unsigned flags, hid_t access, haddr_t /*most*/) {
    const auto* settings = static_cast<const Settings*>(::H5Pget_driver_info(access));
    int mode = (flags & H5F_ACC_RDWR) != 0 ? O_RDWR : O_RDONLY;
    if ((flags & H5F_ACC_CREAT) != 0) mode |= O_CREAT;
    if ((flags & H5F_ACC_TRUNC) != 0) mode |= O_TRUNC;
    if ((flags & H5F_ACC_EXCL) != 0) mode |= O_EXCL;
    constexpr mode_t everyone = 0666;  // less the umask
    const int descriptor = ::open(path, mode | O_CLOEXEC, everyone);
    struct stat status {};
    if (descriptor < 0 || ::fstat(descriptor, &status) != 0) return nullptr;
    auto* file = new (std::nothrow) File{};
    if (file == nullptr) return nullptr;
    file->descriptor = descriptor;
    file->end_of_file = static_cast<haddr_t>(status.st_size);
    file->notes = settings->notes;
    return &file->common;
  }
  static herr_t close(H5FD_t* file) {
    const int closed = ::close(of(file).descriptor);
    delete &of(file);
    return closed;
  }
  static herr_t query(const H5FD_t* /*file*/, unsigned long* flags) {
    *flags = 0;
    return 0;
  }
  static haddr_t allocated(const H5FD_t* file, H5FD_mem_t /*type*/) {
    return of(file).end_of_allocation;
  }
  static herr_t allocate(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t end) {
    of(file).end_of_allocation = end;
    return 0;
  }
  static haddr_t size(const H5FD_t* file, H5FD_mem_t /*type*/) { return of(file).end_of_file; }

  static herr_t read(H5FD_t* file, H5FD_mem_t type, hid_t /*list*/, haddr_t at, std::size_t bytes,
                     void* buffer) {
    if (type == H5FD_MEM_DRAW) return note(file, at, bytes);
    auto* to = static_cast<std::byte*>(buffer);
    const auto got = read_fully_at(of(file).descriptor, at, {to, bytes});
    if (!got) return -1;
    // As the library's own driver: what is not there yet is zero.
    std::fill(to + *got, to + bytes, std::byte{0});
    return 0;
  }
  static herr_t write(H5FD_t* file, H5FD_mem_t type, hid_t /*list*/, haddr_t at, std::size_t bytes,
                      const void* buffer) {
    if (type == H5FD_MEM_DRAW) return note(file, at, bytes);
    const auto* from = static_cast<const std::byte*>(buffer);
    if (!write_fully_at(of(file).descriptor, at, {from, bytes})) return -1;
    of(file).end_of_file = std::max(of(file).end_of_file, at + bytes);
    return 0;
  }
  static herr_t truncate(H5FD_t* file, hid_t /*list*/, hbool_t /*closing*/) {
    File& own = of(file);
    if (own.end_of_file == own.end_of_allocation) return 0;
    if (::ftruncate(own.descriptor, static_cast<off_t>(own.end_of_allocation)) != 0) return -1;
    own.end_of_file = own.end_of_allocation;
    return 0;
  }
  static herr_t note(H5FD_t* file, haddr_t at, std::size_t bytes) {
    try {
      of(file).notes->places.push_back({at, bytes, 0});
    } catch (const std::bad_alloc&) {
      return -1;
    }
    return 0;
  }

  static H5FD_class_t describe() {
    H5FD_class_t driver{};
#if H5_VERSION_GE(1, 14, 0)
    driver.version = H5FD_CLASS_VERSION;
    constexpr int for_private_use = 511;
    driver.value = static_cast<H5FD_class_value_t>(for_private_use);
#endif
    driver.name = "volley_space";
    driver.maxaddr = (haddr_t{1} << 63U) - 1;
    driver.fc_degree = H5F_CLOSE_STRONG;
    driver.fapl_size = sizeof(Settings);
    driver.open = &open;
    driver.close = &close;
    driver.query = &query;
    driver.get_eoa = &allocated;
    driver.set_eoa = &allocate;
    driver.get_eof = &size;
    driver.read = &read;
    driver.write = &write;
    driver.truncate = &truncate;
    constexpr H5FD_mem_t kinds[] = H5FD_FLMAP_DICHOTOMY;  // raw data apart from metadata
    std::copy(std::begin(kinds), std::end(kinds), std::begin(driver.fl_map));
    return driver;
  }
};

Hdf5Handle Hdf5Space::access_list() {
  static const H5FD_class_t driver = SpaceDriver::describe();  // the library keeps its address
  const Hdf5Handle id(::H5FDregister(&driver), &H5FDunregister);
  const SpaceDriver::Settings settings{notes_.get()};
  Hdf5Handle access = own_list(::H5Pcreate(H5P_FILE_ACCESS));
  if (!id || ::H5Pset_driver(access.get(), id.get(), &settings) < 0) {
    throw_hdf5_error("cannot register a file driver");
  }
  ::H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
  return access;
}

Hdf5Space Hdf5Space::open(const std::string& path) {
  Hdf5Space space;
  space.path_ = path;
  const Hdf5Handle access = space.access_list();
  space.file_ = {::H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get()), &H5Fclose};
  if (!space.file_) throw_hdf5_error(fmt::format("cannot open HDF5 file {}", path));
  return space;
}

Hdf5Space Hdf5Space::create(const std::string& path, std::uint64_t alignment) {
  Hdf5Space space;
  space.path_ = path;
  const Hdf5Handle access = space.access_list();
  ::H5Pset_alignment(access.get(), alignment, alignment);
  space.file_ = {::H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.get()), &H5Fclose};
  if (!space.file_) throw_hdf5_error(fmt::format("cannot create HDF5 file {}", path));
  return space;
}

bool Hdf5Space::find_chunk(hid_t dataset, const hsize_t* element, Place& place) {
  notes_->places.clear();
  char nothing = 0;
  std::uint32_t skipped = 0;
  const herr_t found = ::H5Dread_chunk(dataset, H5P_DEFAULT, element, &skipped, &nothing);
  if (found < 0 || notes_->places.size() != 1) return false;
  place = notes_->places.front();
  place.skipped = skipped;
  return true;
}

Hdf5Space::Place Hdf5Space::add_chunk(hid_t dataset, const hsize_t* element, std::uint64_t bytes,
                                      std::uint32_t skipped) {
  notes_->places.clear();
  const char nothing = 0;
  if (::H5Dwrite_chunk(dataset, H5P_DEFAULT, skipped, element, bytes, &nothing) < 0) {
    throw_hdf5_error(fmt::format("cannot add a chunk to HDF5 file {}", path_));
  }
  if (notes_->places.size() != 1 || notes_->places.front().bytes != bytes) {
    throw IoError(
        fmt::format("cannot add a chunk to HDF5 file {}: the HDF5 library does not write "
                    "chunks as expected",
                    path_));
  }
  notes_->places.front().skipped = skipped;
  return notes_->places.front();
}

void Hdf5Space::close() {
  const hid_t file = file_.get();
  if (file < 0) return;
  if (::H5Fflush(file, H5F_SCOPE_GLOBAL) < 0) throw_hdf5_error("cannot write HDF5 file " + path_);
  file_.reset();
}

}  // namespace volley::io::hdf5

#pragma once
// What the files that call the HDF5 library share: its lock, handles that close themselves, and its
// errors as texts. The library keeps global state and is built without thread safety: whoever calls
// it, closing handles included, holds an Hdf5Lock. Only for io/hdf5/*.cpp.

#include "io/hdf5_type.hpp"

#define H5_USE_110_API  // the oldest library that is supported; newer ones still have its calls
#include <hdf5.h>

#include <mutex>
#include <string>
#include <utility>

namespace volley::io::hdf5 {

/// Held around every call of the library. One at a time in a process; prints no error stacks.
class Hdf5Lock {
 public:
  Hdf5Lock();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

/// A handle of the library that is closed with its owner. Move-only.
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle() = default;
  Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, H5I_INVALID_HID);
      close_ = other.close_;
    }
    return *this;
  }
  Hdf5Handle(const Hdf5Handle&) = delete;
  Hdf5Handle& operator=(const Hdf5Handle&) = delete;
  ~Hdf5Handle() { reset(); }

  hid_t get() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }
  void reset();

 private:
  hid_t id_ = H5I_INVALID_HID;
  Close close_ = nullptr;
};

/// The innermost reason of the library's last error, for a message.
std::string hdf5_reason();
/// Throws IoError "<what>: <reason>".
[[noreturn]] void throw_hdf5_error(const std::string& what);

inline Hdf5Handle own_type(hid_t id) { return {id, &H5Tclose}; }
inline Hdf5Handle own_space(hid_t id) { return {id, &H5Sclose}; }
inline Hdf5Handle own_list(hid_t id) { return {id, &H5Pclose}; }
inline Hdf5Handle own_dataset(hid_t id) { return {id, &H5Dclose}; }

/// Opens a file for reading (or changing) without a file lock, or says clearly why it is not
/// possible. Throws IoError.
Hdf5Handle open_hdf5(const std::string& path, bool change = false);
/// A dataset of an open file; `chunk_cache` bytes for its chunks. Throws IoError that names what
/// there is.
Hdf5Handle open_hdf5_dataset(hid_t file, const std::string& path, const std::string& dataset,
                             std::size_t chunk_cache = 0);

/// What a type of a file is.
Hdf5Type parse_type(hid_t type);
/// A type of the library for a type of the program, laid out as in memory. Unnamed members are f0,
/// f1, ...
Hdf5Handle make_type(const Hdf5Type& type);

}  // namespace volley::io::hdf5

#include "net/shared_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace volley::net {

base::Failure system_failure(std::string_view what, int error) {
  return {fmt::format("cannot {}: {}", what, std::system_category().message(error))};
}

base::Result<base::Fd> duplicate(int descriptor, int lowest) {
  base::Fd copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, lowest));
  if (!copy) return system_failure(fmt::format("duplicate descriptor {}", descriptor), errno);
  return copy;
}

base::Result<base::Fd> SharedMemory::create(const char* name, std::uint64_t bytes) {
  base::Fd memory(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return system_failure(fmt::format("make shared memory \"{}\"", name), errno);
  if (::ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0) {
    return system_failure(fmt::format("size shared memory \"{}\" to {} bytes", name, bytes), errno);
  }
  if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return system_failure(fmt::format("seal shared memory \"{}\"", name), errno);
  }
  return memory;
}

base::Result<SharedMemory> SharedMemory::map(int descriptor) {
  struct stat about {};
  if (::fstat(descriptor, &about) != 0) {
    return system_failure(fmt::format("look at shared memory descriptor {}", descriptor), errno);
  }
  const auto size = static_cast<std::uint64_t>(about.st_size);
  if (size == 0) return base::Failure{fmt::format("descriptor {} holds no memory", descriptor)};
  void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (at == MAP_FAILED) {
    return system_failure(fmt::format("map {} bytes of shared memory", size), errno);
  }
  SharedMemory memory;
  memory.data_ = static_cast<std::byte*>(at);
  memory.size_ = size;
  return memory;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  if (this != &other) {
    unmap();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void SharedMemory::unmap() {
  if (data_ != nullptr) ::munmap(data_, size_);
  data_ = nullptr;
}

}  // namespace volley::net

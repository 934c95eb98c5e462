#include "bench/buffer.hpp"

#include "base/units.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

namespace volley::bench {
namespace {

std::uint64_t number_after(std::string_view text, std::string_view name, std::uint64_t fallback) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return fallback;
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ', at + name.size())));
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? value : fallback;
}

std::string contents_of(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

base::Result<Buffer> Buffer::make(std::uint64_t bytes) {
  bytes = std::max<std::uint64_t>(bytes, 1);
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return base::Failure{
        fmt::format("no memory for {}: {}", base::format_bytes(bytes), std::strerror(errno))};
  }
  std::memset(data, 0x5a, bytes);
  return Buffer(static_cast<std::byte*>(data), bytes);
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Buffer::~Buffer() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

std::uint64_t available_memory(std::string_view meminfo, std::string_view group_limit,
                               std::string_view group_use) {
  constexpr std::uint64_t unknown = 1ULL << 62U;
  const std::uint64_t machine = number_after(meminfo, "MemAvailable:", unknown / 1024) * 1024;
  const std::uint64_t limit = number_after(group_limit, "", unknown);
  const std::uint64_t use = number_after(group_use, "", 0);
  return std::min(machine, limit > use ? limit - use : 0);
}

std::uint64_t available_memory() {
  return available_memory(contents_of("/proc/meminfo"), contents_of("/sys/fs/cgroup/memory.max"),
                          contents_of("/sys/fs/cgroup/memory.current"));
}

}  // namespace volley::bench

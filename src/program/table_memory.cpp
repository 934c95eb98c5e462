#include "program/table_memory.hpp"

#include "program/huge_pages.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace volley::program {

namespace {

constexpr std::size_t huge_page = 2U << 20U;

void* map(std::size_t bytes) {
  void* const mapped =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  return mapped;
}

/// At a multiple of huge pages, or half of the first and the last one would be small ones.
void* map_aligned(std::size_t bytes) {
  auto* const mapped = static_cast<std::byte*>(map(bytes + huge_page));
  const auto over = reinterpret_cast<std::uintptr_t>(mapped) % huge_page;
  const std::size_t before = over == 0 ? 0 : huge_page - over;
  if (before != 0) ::munmap(mapped, before);
  ::munmap(mapped + before + bytes, huge_page - before);
  return mapped + before;
}

}  // namespace

TableMemory::TableMemory(std::size_t bytes) : bytes_(bytes) {
  if (bytes < huge_page) {
    data_ = map(bytes);
    return;
  }
  bytes_ = (bytes + huge_page - 1) / huge_page * huge_page;
  data_ = map_aligned(bytes_);
  prefer_huge_pages(data_, bytes_);
}

TableMemory::~TableMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace volley::program

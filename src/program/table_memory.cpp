#include "program/table_memory.hpp"

#include <sys/mman.h>

#include <new>

namespace volley::program {

TableMemory::TableMemory(std::size_t bytes) : bytes_(bytes) {
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  constexpr std::size_t huge_page = 2U << 20U;
  if (bytes >= 2 * huge_page) ::madvise(mapped, bytes, MADV_HUGEPAGE);  // a wish, not a need
  data_ = mapped;
}

TableMemory::~TableMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace volley::program

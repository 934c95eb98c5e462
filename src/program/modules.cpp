#include "program/modules.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>
#include <xxhash.h>

#include <cstring>
#include <vector>

namespace volley::program {
namespace {

struct Module {
  std::uint64_t id = 0;
  std::uintptr_t base = 0;
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

constexpr std::size_t align4(std::size_t size) { return (size + 3U) & ~std::size_t{3}; }

/// Hash of the GNU build-id note in a PT_NOTE segment, or 0.
std::uint64_t build_id(const char* note, std::size_t size) {
  const char* const end = note + size;
  while (note + sizeof(ElfW(Nhdr)) <= end) {
    ElfW(Nhdr) head;
    std::memcpy(&head, note, sizeof head);
    const char* name = note + sizeof head;
    const char* content = name + align4(head.n_namesz);
    if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      return XXH3_64bits(content, head.n_descsz) | 1U;
    }
    note = content + align4(head.n_descsz);
  }
  return 0;
}

int collect(dl_phdr_info* info, std::size_t, void* out) {
  Module module;
  module.base = info->dlpi_addr;
  module.begin = UINTPTR_MAX;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    const std::uintptr_t at = info->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD) {
      module.begin = std::min(module.begin, at);
      module.end = std::max(module.end, at + segment.p_memsz);
    } else if (segment.p_type == PT_NOTE && module.id == 0) {
      module.id = build_id(reinterpret_cast<const char*>(at), segment.p_memsz);
    }
  }
  static_cast<std::vector<Module>*>(out)->push_back(module);
  return 0;
}

/// Looked up afresh each time: modules come by dlopen, and look-ups are per stage, not per record.
std::vector<Module> modules() {
  std::vector<Module> found;
  ::dl_iterate_phdr(collect, &found);
  return found;
}

Module module_of(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  for (const Module& module : modules()) {
    if (at >= module.begin && at < module.end) return module;
  }
  VOLLEY_CHECK(false, "{} is in no loaded module", address);
}

}  // namespace

protocol::FunctionRef identify(const void* function) {
  const Module module = module_of(function);
  VOLLEY_CHECK(module.id != 0, "the program was linked without a build-id (-Wl,--build-id)");
  return {module.id, reinterpret_cast<std::uintptr_t>(function) - module.base};
}

base::Result<const void*> resolve(const protocol::FunctionRef& function) {
  for (const Module& module : modules()) {
    if (module.id == function.module) {
      return reinterpret_cast<const void*>(module.base + function.offset);
    }
  }
  return base::Failure{fmt::format(
      "no loaded module has build-id hash {:016x}: this process runs another build of the program; "
      "rebuild and start every rank from the same files",
      function.module)};
}

std::uint64_t build_identity(const void* function) {
  const std::uint64_t own = module_of(reinterpret_cast<const void*>(&identify)).id;
  return own ^ (module_of(function).id * 0x9e3779b97f4a7c15ULL);
}

}  // namespace volley::program

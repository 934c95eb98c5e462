// MpiWorld::transport_name: which transport components the MPI library keeps loaded. (MPI's tool
// interface knows more, but opening it takes 200 ms with Open MPI 4.1: it loads every component.)

#include "net/mpi_world.hpp"

#include <link.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace volley::net {

namespace {

/// File names of the loaded shared objects, one after another.
int append_name(dl_phdr_info* info, std::size_t, void* out) {
  const std::string_view path = info->dlpi_name;
  const auto slash = path.rfind('/');
  *static_cast<std::string*>(out) += path.substr(slash == std::string_view::npos ? 0 : slash + 1);
  *static_cast<std::string*>(out) += '\n';
  return 0;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> components{{
    {"mca_pml_ucx.so", "ucx"},
    {"mca_mtl_ofi.so", "ofi"},
    {"mca_mtl_psm2.so", "psm2"},
    {"mca_btl_vader.so", "shared memory"},
    {"mca_btl_sm.so", "shared memory"},
    {"mca_btl_openib.so", "openib"},
    {"mca_btl_uct.so", "uct"},
    {"mca_btl_tcp.so", "tcp"},
}};

}  // namespace

std::string MpiWorld::transport_name() const {
  std::string loaded;
  ::dl_iterate_phdr(append_name, &loaded);
  std::string name;
  for (const auto& [file, transport] : components) {
    if (loaded.find(file) == std::string::npos || name.find(transport) != std::string::npos)
      continue;
    name += (name.empty() ? "" : " + ") + std::string(transport);
  }
  return name.empty() ? "the library's own choice" : name;
}

}  // namespace volley::net

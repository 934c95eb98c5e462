// MpiWorld::transport_name: what MPI's tool interface lets one guess. A component that was not
// selected is closed, and its variables are gone with it.

#include "net/mpi_world.hpp"

#include <mpi.h>

#include <array>
#include <string>

namespace volley::net {

namespace {

class ToolInterface {
 public:
  ToolInterface() {
    int provided = 0;
    open_ = MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) == MPI_SUCCESS;
  }
  ToolInterface(const ToolInterface&) = delete;
  ToolInterface& operator=(const ToolInterface&) = delete;
  ~ToolInterface() {
    if (open_) MPI_T_finalize();
  }

  bool has(const char* name) const {
    int index = 0;
    return open_ && MPI_T_cvar_get_index(name, &index) == MPI_SUCCESS;
  }
  /// The value of a text variable; empty when there is none.
  std::string text(const char* name) const {
    int index = 0;
    MPI_T_cvar_handle handle = MPI_T_CVAR_HANDLE_NULL;
    int count = 0;
    if (!open_ || MPI_T_cvar_get_index(name, &index) != MPI_SUCCESS) return {};
    if (MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) != MPI_SUCCESS) return {};
    std::string value(static_cast<std::size_t>(count) + 1, '\0');
    const bool read = MPI_T_cvar_read(handle, value.data()) == MPI_SUCCESS;
    MPI_T_cvar_handle_free(&handle);
    return read ? value.substr(0, value.find('\0')) : std::string{};
  }

 private:
  bool open_ = false;
};

}  // namespace

std::string MpiWorld::transport_name() const {
  const ToolInterface tools;
  const std::string wanted = tools.text("pml");
  if (wanted == "ucx" || wanted == "cm") return wanted;
  std::string name;
  const auto add = [&](const std::string& part) { name += (name.empty() ? "" : " + ") + part; };
  if (tools.has("btl_vader_eager_limit")) add("shared memory (vader)");
  if (tools.has("btl_sm_eager_limit")) add("shared memory (sm)");
  if (tools.has("btl_openib_eager_limit")) add("openib");
  if (tools.has("btl_ofi_eager_limit")) add("ofi");
  if (tools.has("btl_uct_eager_limit")) add("uct");
  if (tools.has("btl_tcp_eager_limit")) add("tcp");
  return name.empty() ? "unknown (see ompi_info)" : name;
}

}  // namespace volley::net

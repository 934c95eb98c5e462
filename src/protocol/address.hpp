#pragma once
// Addresses of roles. A role lives in a rank (container number 0) or in a container process of a
// rank; the router of that rank delivers.

#include "base/ids.hpp"

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace volley::protocol {

enum class Role : std::uint8_t {
  client,              ///< on rank 0: submits the application and watches it
  resource_manager,    ///< on rank 0
  node_manager,        ///< on every rank
  shuffle_service,     ///< on every rank
  application_master,  ///< in the application's first container
  driver,              ///< with the ApplicationMaster, or in a container of its own (client mode)
  executor,            ///< in executor containers, one per member rank
  program,             ///< the user's main program, beside the driver
};

struct Address {
  Role role = Role::client;
  base::Rank rank = base::no_rank;
  base::ContainerId container;
  auto operator<=>(const Address&) const = default;
};

inline Address at_rank(Role role, base::Rank rank) { return {role, rank, {}}; }

inline std::string to_string(const Address& address) {
  static constexpr const char* names[] = {
      "client", "resource_manager", "node_manager", "shuffle_service", "application_master",
      "driver", "executor",         "program"};
  std::string text =
      fmt::format("{}@{}", names[static_cast<std::size_t>(address.role)], address.rank);
  if (address.container.number != 0) text += "/" + base::to_string(address.container);
  return text;
}

}  // namespace volley::protocol

template <>
struct std::hash<volley::protocol::Address> {
  std::size_t operator()(const volley::protocol::Address& a) const noexcept {
    return std::hash<volley::base::ContainerId>{}(a.container) * 1000003U +
           static_cast<std::size_t>(a.rank) * 8U + static_cast<std::size_t>(a.role);
  }
};

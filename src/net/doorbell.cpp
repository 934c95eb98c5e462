#include "net/doorbell.hpp"

#include "net/mpi_world.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>

namespace volley::net {

namespace {

/// One that was woken looks for news at least so long before it sleeps again.
constexpr base::Duration awake = std::chrono::microseconds{20};
constexpr unsigned name_bits = 20;  ///< five hexadecimal digits

/// Tells hosts, and network namespaces of a host, apart; the low bits are free.
std::uint64_t host_identity() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  struct stat space {};
  ::stat("/proc/self/ns/net", &space);
  return std::hash<std::string>{}(fmt::format("{} {}", boot, space.st_ino)) << name_bits;
}

sockaddr_un address_of(const char* name, std::size_t length) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name, length);  // after a zero: not in the file system
  return address;
}

/// A socket with a name of the kernel's choice; 0 when there is none.
std::uint64_t bind_any(base::Fd& socket) {
  socket = base::Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t size = sizeof(address.sun_family);
  if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return 0;
  }
  size = sizeof(address);
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  const auto digits = static_cast<std::size_t>(size) - offsetof(sockaddr_un, sun_path) - 1;
  if (digits != 5) return 0;
  // The name 0 would be taken for none: its socket is rung by nobody.
  return std::stoull(std::string(address.sun_path + 1, digits), nullptr, 16);
}

}  // namespace

Doorbell Doorbell::open(const MpiWorld& world) {
  Doorbell bell;
  const std::uint64_t name = bind_any(bell.socket_);
  if (name == 0) bell.socket_.reset();
  const std::uint64_t host = host_identity();
  const auto bells = world.allgather(host | name, MpiScope::world);
  if (!bells || name == 0) return bell;
  constexpr std::uint64_t name_mask = (std::uint64_t{1} << name_bits) - 1;
  for (std::size_t rank = 0; rank < bells.value().size(); ++rank) {
    const std::uint64_t other = bells.value()[rank];
    if ((other & ~name_mask) != host || (other & name_mask) == 0) continue;
    if (static_cast<base::Rank>(rank) == world.rank()) continue;
    Neighbour& neighbour = bell.neighbours_[static_cast<base::Rank>(rank)];
    fmt::format_to_n(neighbour.name.begin(), neighbour.name.size(), "{:05x}", other & name_mask);
  }
  return bell;
}

void Doorbell::ring(base::Rank rank) {
  const auto at = neighbours_.find(rank);
  if (at == neighbours_.end()) return;
  Neighbour& neighbour = at->second;
  const base::TimePoint now = std::chrono::steady_clock::now();
  if (now - neighbour.rung < awake) return;
  neighbour.rung = now;
  const sockaddr_un address = address_of(neighbour.name.data(), neighbour.name.size());
  const char bell = 0;
  // A full queue means that it has been rung already, any other error that it is gone.
  static_cast<void>(::sendto(
      socket_.get(), &bell, 1, MSG_DONTWAIT | MSG_NOSIGNAL,
      reinterpret_cast<const sockaddr*>(&address),
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + neighbour.name.size())));
}

bool Doorbell::answer() {
  if (!socket_) return false;
  char bell = 0;
  bool rung = false;
  // Bounded, so that a stranger who rings all the time cannot hold the loop.
  for (int i = 0; i < 64 && ::recv(socket_.get(), &bell, 1, MSG_DONTWAIT) >= 0; ++i) rung = true;
  return rung;
}

}  // namespace volley::net

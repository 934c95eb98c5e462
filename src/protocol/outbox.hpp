#pragma once
// Envelope, Outbox and the role concept: how state machines talk without knowing what carries them.

#include "base/units.hpp"
#include "protocol/address.hpp"
#include "protocol/cluster_messages.hpp"
#include "protocol/codec.hpp"
#include "protocol/driver_messages.hpp"

#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace volley::protocol {

/// Every message there is; the alternative index is the recipient group.
using Message =
    std::variant<ClientMessage, ResourceManagerMessage, NodeManagerMessage, ShuffleServiceMessage,
                 ApplicationMasterMessage, DriverMessage, ExecutorMessage, ProgramMessage>;

struct Envelope {
  Address from;
  Address to;
  Message message;
};

namespace detail {
template <class M, class V>
struct holds : std::false_type {};
template <class M, class... T>
struct holds<M, std::variant<T...>> : std::bool_constant<(std::is_same_v<M, T> || ...)> {};
template <class M, class... V>
Message wrap(M&& message, std::variant<V...>*) {
  using D = std::decay_t<M>;
  Message wrapped;
  ((holds<D, V>::value ? (void)(wrapped = Message(std::in_place_type<V>,
                                                  [&]() -> V {
                                                    if constexpr (holds<D, V>::value) {
                                                      return V(std::in_place_type<D>,
                                                               std::forward<M>(message));
                                                    } else {
                                                      return V{};
                                                    }
                                                  }()))
                       : void()),
   ...);
  return wrapped;
}
}  // namespace detail

/// Collects what a role wants sent. The role's driver takes and delivers it afterwards, in order.
class Outbox {
 public:
  explicit Outbox(Address self) : self_(self) {}

  /// `message` is any alternative of a recipient group; the group must be the recipient's.
  template <class M>
  void send(const Address& to, M&& message) {
    envelopes_.push_back(
        {self_, to, detail::wrap(std::forward<M>(message), static_cast<Message*>(nullptr))});
  }
  const Address& self() const { return self_; }
  std::vector<Envelope> take() { return std::exchange(envelopes_, {}); }
  bool empty() const { return envelopes_.empty(); }

 private:
  Address self_;
  std::vector<Envelope> envelopes_;
};

/// Hands a group's message to the handler `role.on(message, from, outbox)` of its type.
template <class RoleClass, class Group>
void deliver(RoleClass& role, Group&& group, const Address& from, Outbox& outbox) {
  std::visit(
      [&](auto&& message) { role.on(std::forward<decltype(message)>(message), from, outbox); },
      std::forward<Group>(group));
}

/// Envelope to bytes and back; decode fails (nothing) on short, corrupt or overlong input.
Bytes encode_envelope(const Envelope& envelope);
std::optional<Envelope> decode_envelope(std::span<const std::byte> bytes);
/// The recipient of an encoded envelope, without decoding the message: what a router needs.
std::optional<Address> peek_recipient(std::span<const std::byte> bytes);

}  // namespace volley::protocol

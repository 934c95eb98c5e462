#pragma once
// Envelope, Outbox and the role concept: how state machines talk without knowing what carries them.

#include "base/units.hpp"
#include "protocol/address.hpp"
#include "protocol/cluster_messages.hpp"
#include "protocol/codec.hpp"
#include "protocol/driver_messages.hpp"

#include <cstdint>
#include <functional>
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
/// The place of the recipient group that has M as an alternative.
template <class M, class... V>
constexpr std::size_t group_of(const std::variant<V...>*) {
  constexpr bool held[] = {holds<M, V>::value...};
  std::size_t group = 0;
  while (group < sizeof...(V) && !held[group]) ++group;
  return group;
}
}  // namespace detail

/// Collects what a role wants sent. The role's driver takes and delivers it afterwards, in order.
class Outbox {
 public:
  /// Takes what there is while the role is still at work.
  using Overflow = std::function<void(Outbox&)>;

  explicit Outbox(Address self) : self_(self) {}
  /// Of a role that may send to every rank at once: `overflow`, which outlives the Outbox, is
  /// called for each few hundred messages, so that they are not all here at the same time. `room`,
  /// which is left empty, is memory to begin with, from an earlier take().
  Outbox(Address self, const Overflow& overflow, std::vector<Envelope>&& room)
      : self_(self), envelopes_(std::move(room)), overflow_(&overflow) {
    envelopes_.clear();
  }

  /// `message` is any alternative of a recipient group; the group must be the recipient's.
  template <class M>
  void send(const Address& to, M&& message) {
    using Alternative = std::decay_t<M>;
    constexpr std::size_t group = detail::group_of<Alternative>(static_cast<Message*>(nullptr));
    envelopes_.emplace_back(self_, to,
                            Message(std::in_place_index<group>, std::in_place_type<Alternative>,
                                    std::forward<M>(message)));
    if (overflow_ != nullptr && envelopes_.size() >= most) (*overflow_)(*this);
  }
  const Address& self() const { return self_; }
  std::vector<Envelope> take() { return std::exchange(envelopes_, {}); }
  bool empty() const { return envelopes_.empty(); }

 private:
  static constexpr std::size_t most = 256;  ///< with an overflow

  Address self_;
  std::vector<Envelope> envelopes_;
  const Overflow* overflow_ = nullptr;
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

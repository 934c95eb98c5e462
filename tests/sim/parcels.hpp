#pragma once
// Parcels: messages on their way. A parcel is as large as its group of messages needs, where an
// Envelope is as large as the largest of all, and millions may be on their way at once.

#include "protocol/outbox.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace volley::sim {

class Parcel {
 public:
  explicit Parcel(std::size_t group) : group_(group) {}
  virtual ~Parcel() = default;
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

  /// The place of the recipient's group in protocol::Message.
  std::size_t group() const { return group_; }
  /// Takes the message out.
  virtual protocol::Message open() = 0;

  protocol::Address from;
  protocol::Address to;

 private:
  std::size_t group_;
};

/// Packs messages, in memory of parcels that were opened.
class Parcels {
 public:
  std::unique_ptr<Parcel> pack(protocol::Envelope&& envelope) {
    const std::size_t group = envelope.message.index();
    std::unique_ptr<Parcel> parcel = std::visit(
        [&]<class Group>(Group& message) -> std::unique_ptr<Parcel> {
          auto of_group = take<Group>(group);
          of_group->message = std::move(message);
          return of_group;
        },
        envelope.message);
    parcel->from = envelope.from;
    parcel->to = envelope.to;
    return parcel;
  }
  void give_back(std::unique_ptr<Parcel> opened) {
    constexpr std::size_t most = 1024;
    auto& spare = spare_[opened->group()];
    if (spare.size() < most) spare.push_back(std::move(opened));
  }

 private:
  template <class Group>
  struct Of final : Parcel {
    using Parcel::Parcel;
    protocol::Message open() override {
      return protocol::Message(std::in_place_type<Group>, std::move(message));
    }
    Group message;
  };
  template <class Group>
  std::unique_ptr<Of<Group>> take(std::size_t group) {
    auto& spare = spare_[group];
    if (spare.empty()) return std::make_unique<Of<Group>>(group);
    std::unique_ptr<Of<Group>> parcel(static_cast<Of<Group>*>(spare.back().release()));
    spare.pop_back();
    return parcel;
  }

  std::array<std::vector<std::unique_ptr<Parcel>>, std::variant_size_v<protocol::Message>> spare_;
};

}  // namespace volley::sim

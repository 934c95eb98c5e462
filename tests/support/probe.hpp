#pragma once
// Probe: an Outbox for tests of one role, with typed access to what the role sent.

#include "protocol/outbox.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace volley::testing {

template <class M>
struct Sent {
  protocol::Address to;
  M message;
};

class Probe {
 public:
  explicit Probe(protocol::Address self) : outbox_(self) {}
  protocol::Outbox& outbox() { return outbox_; }

  /// Removes and returns the messages of type M, in order.
  template <class M>
  std::vector<Sent<M>> take() {
    collect();
    std::vector<Sent<M>> found;
    std::vector<protocol::Envelope> rest;
    for (protocol::Envelope& envelope : all_) {
      const M* message = std::visit(
          [](const auto& group) -> const M* {
            return std::visit(
                [](const auto& m) -> const M* {
                  if constexpr (std::is_same_v<std::decay_t<decltype(m)>, M>) {
                    return &m;
                  } else {
                    return nullptr;
                  }
                },
                group);
          },
          envelope.message);
      if (message != nullptr) {
        found.push_back({envelope.to, *message});
      } else {
        rest.push_back(std::move(envelope));
      }
    }
    all_ = std::move(rest);
    return found;
  }
  /// How many messages were sent and not taken.
  std::size_t left() {
    collect();
    return all_.size();
  }
  void clear() {
    collect();
    all_.clear();
  }

 private:
  void collect() {
    for (auto& envelope : outbox_.take()) all_.push_back(std::move(envelope));
  }
  protocol::Outbox outbox_;
  std::vector<protocol::Envelope> all_;
};

}  // namespace volley::testing

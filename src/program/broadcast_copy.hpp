#pragma once
// BroadcastCopy: a broadcast as one process sees it: the node's bytes, and the object that they are
// decoded to, for types that cannot be read in place. All tasks of an executor see the same object.
// Nobody changes it; safe from every thread.

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

namespace volley::program {

class BroadcastCopy {
 public:
  /// `check` throws when the bytes are damaged; it is called before they are read, once if it
  /// returns. `let_go` is called when the copy goes.
  explicit BroadcastCopy(std::span<const std::byte> bytes, std::function<void()> check = {},
                         std::function<void()> let_go = {})
      : bytes_(bytes), check_(std::move(check)), let_go_(std::move(let_go)) {}
  BroadcastCopy(const BroadcastCopy&) = delete;
  BroadcastCopy& operator=(const BroadcastCopy&) = delete;
  ~BroadcastCopy() {
    if (let_go_) let_go_();
  }

  std::span<const std::byte> bytes() const {
    if (check_) std::call_once(checked_, check_);
    return bytes_;
  }
  /// What `decode` makes of the bytes, a std::shared_ptr<const T>; by the first who asks.
  template <class Decode>
  const void* object(Decode&& decode) const {
    const std::span<const std::byte> from = bytes();
    std::call_once(decoded_, [&] { object_ = decode(from); });
    return object_.get();
  }

 private:
  std::span<const std::byte> bytes_;
  std::function<void()> check_;
  std::function<void()> let_go_;
  mutable std::once_flag checked_;
  mutable std::once_flag decoded_;
  mutable std::shared_ptr<const void> object_;
};

}  // namespace volley::program

#include "net/poller.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace volley::net {

namespace {

constexpr base::Duration busy_interval = std::chrono::microseconds{200};

auto find(auto& watched, int descriptor) {
  return std::find_if(watched.begin(), watched.end(),
                      [=](const pollfd& each) { return each.fd == descriptor; });
}

}  // namespace

void Poller::add(int descriptor, Prepare prepare, short events) {
  VOLLEY_CHECK(find(watched_, descriptor) == watched_.end(), "descriptor={}", descriptor);
  watched_.push_back({descriptor, events, 0});
  prepare_.push_back(std::move(prepare));
}

void Poller::watch(int descriptor, short events) {
  const auto at = find(watched_, descriptor);
  VOLLEY_CHECK(at != watched_.end(), "descriptor={}", descriptor);
  at->events = events;
}

void Poller::remove(int descriptor) {
  const auto at = find(watched_, descriptor);
  VOLLEY_CHECK(at != watched_.end(), "descriptor={}", descriptor);
  prepare_.erase(prepare_.begin() + (at - watched_.begin()));
  watched_.erase(at);
}

bool Poller::may_sleep() const {
  bool sleep = true;
  for (const auto& prepare : prepare_) {
    if (prepare && !prepare()) sleep = false;
  }
  return sleep;
}

std::span<const int> Poller::wait(bool active, std::optional<base::Duration> at_most) {
  ready_.clear();
  const base::TimePoint now = std::chrono::steady_clock::now();
  base::Duration sleep = backoff_.next(now, active);
  if (at_most) sleep = std::clamp(*at_most, base::Duration::zero(), sleep);
  if (active && now - last_poll_ < busy_interval) return ready_;
  if (sleep > base::Duration::zero() && !may_sleep()) sleep = base::Duration::zero();
  last_poll_ = now;
  poll(sleep);
  return ready_;
}

void Poller::poll(base::Duration timeout) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  const timespec limit{seconds.count(), (timeout - seconds).count()};
  const int found = ::ppoll(watched_.data(), watched_.size(), &limit, nullptr);
  VOLLEY_CHECK(found >= 0 || errno == EINTR, "ppoll: {}", std::strerror(errno));
  if (found <= 0) return;
  for (const pollfd& each : watched_) {
    VOLLEY_CHECK((each.revents & POLLNVAL) == 0, "descriptor {} was closed but not removed",
                 each.fd);
    if (each.revents != 0) ready_.push_back(each.fd);
  }
}

}  // namespace volley::net

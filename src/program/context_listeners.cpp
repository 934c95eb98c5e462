// The part of ContextCore about listeners and single task attempts.

#include "program/context_core.hpp"

namespace volley::program {

void ContextCore::add_listener(std::shared_ptr<Listener> listener) {
  listeners_.add(std::move(listener));
  tell_whether_listening();
}

void ContextCore::remove_listener(const std::shared_ptr<Listener>& listener) {
  if (listeners_.remove(listener)) tell_whether_listening();
}

void ContextCore::tell_whether_listening() {
  const std::lock_guard lock(listening_mutex_);
  const bool wanted = !listeners_.empty();
  if (std::exchange(listening_, wanted) != wanted) send(protocol::EventsRequested{wanted});
}

void ContextCore::on(protocol::EventHappened&& message) {
  listeners_.post(std::move(message.event));
}

bool ContextCore::kill_task_attempt(base::TaskId task, const std::string& reason) {
  std::uint64_t request = 0;
  {
    const std::lock_guard lock(mutex_);
    request = next_kill_++;
    kills_[request];
  }
  send(protocol::TaskAttemptKillRequested{task, request, reason});
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopped_ || kills_.at(request).has_value(); });
  return kills_.extract(request).mapped().value_or(false);
}

void ContextCore::on(protocol::TaskAttemptKillAnswered&& message) {
  const std::lock_guard lock(mutex_);
  const auto asked = kills_.find(message.request);
  if (asked != kills_.end()) asked->second = message.found;
}

}  // namespace volley::program

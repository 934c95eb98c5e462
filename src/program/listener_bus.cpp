#include "program/listener_bus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

namespace volley::program {
namespace {

constexpr base::Duration between_warnings = std::chrono::minutes{1};
constexpr const char* dropped_text =
    "events were dropped: the listeners' queue was full "
    "(volley.scheduler.listenerbus.eventqueue.capacity), since listeners take longer than what "
    "they hear of";
constexpr const char* thrown_text = "calls of listeners have thrown";

struct Dispatch {
  Listener& to;
  void operator()(const protocol::JobStart& e) const { to.on_job_start(e); }
  void operator()(const protocol::JobEnd& e) const { to.on_job_end(e); }
  void operator()(const protocol::StageSubmitted& e) const { to.on_stage_submitted(e); }
  void operator()(const protocol::StageCompleted& e) const { to.on_stage_completed(e); }
  void operator()(const protocol::TaskStart& e) const { to.on_task_start(e); }
  void operator()(const protocol::TaskEnd& e) const { to.on_task_end(e); }
  void operator()(const protocol::ExecutorAdded& e) const { to.on_executor_added(e); }
  void operator()(const protocol::ExecutorRemoved& e) const { to.on_executor_removed(e); }
  void operator()(const protocol::ExecutorExcluded& e) const { to.on_executor_excluded(e); }
  void operator()(const protocol::ExecutorUnexcluded& e) const { to.on_executor_unexcluded(e); }
  void operator()(const protocol::UnpersistRdd& e) const { to.on_unpersist_rdd(e); }
};

/// What the call threw; empty: nothing.
std::string problem_of(Listener& listener, const protocol::Event& event) {
  try {
    std::visit(Dispatch{listener}, event);
  } catch (const std::exception& error) {
    return *error.what() == '\0' ? "an exception without a text" : error.what();
  } catch (...) {
    return "something that is not a std::exception";
  }
  return {};
}

}  // namespace

void ListenerBus::add(std::shared_ptr<Listener> listener) {
  const std::lock_guard lock(mutex_);
  if (closing_ || is_registered(listener.get())) return;
  entries_.push_back({std::move(listener), first_ + queue_.size()});
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

bool ListenerBus::remove(const std::shared_ptr<Listener>& listener) {
  std::unique_lock lock(mutex_);
  const auto removed =
      std::erase_if(entries_, [&](const Entry& entry) { return entry.listener == listener; });
  if (removed == 0) return false;
  if (thread_.get_id() != std::this_thread::get_id()) {
    changed_.wait(lock, [&] { return called_ != listener.get(); });
  }
  return true;
}

bool ListenerBus::empty() const {
  const std::lock_guard lock(mutex_);
  return entries_.empty();
}

bool ListenerBus::is_registered(const Listener* listener) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.listener.get() == listener; });
}

void ListenerBus::post(protocol::EventPtr event) {
  std::string warning;
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || entries_.empty()) return;
    if (queue_.size() < capacity_) {
      queue_.push_back(std::move(event));
    } else {
      ++dropped_.count;
      warning = take(dropped_, false, dropped_text);
    }
  }
  if (warning.empty()) {
    changed_.notify_all();
  } else {
    warn(warning);
  }
}

/// The text when it is time to say it, or when it is said anyway `now`.
std::string ListenerBus::take(Problem& problem, bool now, const char* what) {
  if (problem.count == 0) return {};
  const base::TimePoint at = clock_();
  if (!now && at < problem.next) return {};
  problem.next = at + between_warnings;
  const std::string last = std::exchange(problem.last, {});
  return fmt::format("{} {}{}{}", std::exchange(problem.count, 0), what,
                     last.empty() ? "" : ", the last one: ", last);
}

void ListenerBus::warn(const std::string& text) const {
  if (warn_ && !text.empty()) warn_(text);
}

void ListenerBus::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const protocol::EventPtr event = std::move(queue_.front());
    queue_.pop_front();
    const std::uint64_t number = first_++;
    std::vector<Entry> hearing;
    for (const Entry& entry : entries_) {
      if (entry.from <= number) hearing.push_back(entry);
    }
    lock.unlock();
    for (const Entry& entry : hearing) call(entry, *event);
    hearing.clear();
    lock.lock();
  }
}

void ListenerBus::call(const Entry& entry, const protocol::Event& event) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_registered(entry.listener.get())) return;
    called_ = entry.listener.get();
  }
  std::string problem = problem_of(*entry.listener, event);
  std::string warning;
  {
    const std::lock_guard lock(mutex_);
    called_ = nullptr;
    if (!problem.empty()) {
      ++thrown_.count;
      thrown_.last = std::move(problem);
      warning = take(thrown_, false, thrown_text);
    }
  }
  changed_.notify_all();
  warn(warning);
}

void ListenerBus::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  std::vector<Entry> entries;  // what their destructors do needs no lock held
  std::string dropped;
  std::string thrown;
  {
    const std::lock_guard lock(mutex_);
    entries.swap(entries_);
    dropped = take(dropped_, true, dropped_text);
    thrown = take(thrown_, true, thrown_text);
  }
  warn(dropped);
  warn(thrown);
}

}  // namespace volley::program

#pragma once
// JobProperties: what a thread of the program says about the jobs that it submits from now on:
// their group, their tags, their pool. Every thread has its own. Safe to use from all of them.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace volley::program {

/// That jobs are cancelled which are not submitted yet; their tags say which. From any thread.
class Cancellation {
 public:
  void set(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    if (!reason_) reason_ = reason;
  }
  std::optional<std::string> reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<std::string> reason_;
};

struct JobProperties {
  std::string group;
  std::set<std::string> tags;
  std::string pool;
  std::string description;                    ///< shown beside the jobs' names
  std::map<std::string, std::string> locals;  ///< for their tasks to read
  std::shared_ptr<const Cancellation> cancelled = nullptr;
};

class ThreadJobProperties {
 public:
  /// Of the calling thread.
  JobProperties get() const {
    const std::lock_guard lock(mutex_);
    const auto mine = by_thread_.find(std::this_thread::get_id());
    return mine == by_thread_.end() ? JobProperties{} : mine->second;
  }
  /// Calls `change` with those of the calling thread.
  template <class Change>
  void change(Change&& change) {
    const std::lock_guard lock(mutex_);
    JobProperties& mine = by_thread_[std::this_thread::get_id()];
    change(mine);
    if (mine.group.empty() && mine.tags.empty() && mine.pool.empty() && mine.description.empty() &&
        mine.locals.empty() && mine.cancelled == nullptr) {
      by_thread_.erase(std::this_thread::get_id());
    }
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::thread::id, JobProperties> by_thread_;
};

}  // namespace volley::program

#pragma once
// JobProperties: what a thread of the program says about the jobs that it submits from now on:
// their group, their tags, their pool. Every thread has its own. Safe to use from all of them.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace volley::program {

struct JobProperties {
  std::string group;
  std::set<std::string> tags;
  std::string pool;
  std::map<std::string, std::string> locals;  ///< that tasks can read
  /// Set when jobs are cancelled that are not submitted yet; their tags say which.
  std::shared_ptr<const std::atomic<bool>> cancelled;
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
    if (mine.group.empty() && mine.tags.empty() && mine.pool.empty() && mine.locals.empty()) {
      by_thread_.erase(std::this_thread::get_id());
    }
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::thread::id, JobProperties> by_thread_;
};

}  // namespace volley::program

#pragma once
// Checkpoints: the RDDs of a program that are to be written to reliable storage, and those that
// have been. A written one replaces the operation that made it: jobs read its part files, and its
// ancestors are not needed. Called from the program's threads.
//
//   marked ──a job has computed it──▶ writing ──▶ written
//      ▲                                 └──failed──┘ (back to marked)
//
// One directory for each: part-00000 ... and _SUCCESS, as io/committing_writer.hpp makes them; a
// part is blocks of records, each with its checksum (volley/detail/checkpoint.hpp).

#include "protocol/program.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace volley::program {

/// The payload of a checkpointed partition.
struct CheckpointPart {
  std::string path;
  std::uint64_t expected = 0;  ///< the number of partitions, for messages
};

class Checkpoints {
 public:
  struct Entry {
    std::string directory;     ///< absolute
    protocol::Closure writer;  ///< the action that writes a part file
    protocol::Closure reader;  ///< the compute function that reads it
    /// Kept in the executors instead: `writer` makes the blocks that are missing, and says whether
    /// all are there; `reader` is for one that is lost.
    bool local = false;
  };

  /// Where those that are marked from now on go: below `directory`. Throws IoError.
  void set_directory(const std::string& directory);
  std::string directory() const;

  /// Whether there have been any.
  bool any() const { return any_; }
  /// Nothing when the RDD is marked already. `complete`: an earlier run has written it.
  void mark(const protocol::RddSpec& rdd, Entry entry, bool complete);
  bool is_marked(base::RddId rdd) const;
  bool is_written(base::RddId rdd) const { return replacement(rdd) != nullptr; }
  /// Of a written RDD.
  std::optional<std::string> file(base::RddId rdd) const;

  /// The source that stands for a written RDD; null for others.
  protocol::RddSpecPtr replacement(base::RddId rdd) const;
  /// The entry of a marked RDD, which the caller is going to write; nothing for others.
  std::optional<Entry> begin_writing(base::RddId rdd);
  void end_writing(const protocol::RddSpec& rdd, bool written);
  void forget(base::RddId rdd);

 private:
  enum class State : std::uint8_t { marked, writing, written };
  struct Held {
    Entry entry;
    State state = State::marked;
    protocol::RddSpecPtr replacement;
  };
  static protocol::RddSpecPtr replace(const protocol::RddSpec& rdd, const Entry& entry);

  std::atomic<bool> any_ = false;
  mutable std::mutex mutex_;
  std::string directory_;
  std::map<base::RddId, Held> held_;
};

/// Whether all parts of a checkpoint are there.
bool checkpoint_complete(const std::string& directory, std::uint32_t partitions);

}  // namespace volley::program

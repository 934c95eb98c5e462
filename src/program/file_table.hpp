#pragma once
// FileTable: the added files that tasks of one executor process have opened. The first task to open
// one writes its bytes to a nameless file in the scratch directory, which is gone with the process
// whatever ends it; others open that. Safe from every thread.

#include "base/fd.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>

namespace volley::program {

class FileTable {
 public:
  explicit FileTable(std::string scratch) : scratch_(std::move(scratch)) {}

  /// Where processes of this machine can read the file; good as long as this process lives. `bytes`
  /// is called when it is not there yet, and may throw. Throws std::runtime_error when the scratch
  /// directory does not take it; the next who asks tries again.
  std::string path_of(const std::string& name,
                      const std::function<std::span<const std::byte>()>& bytes);

 private:
  struct Entry {
    std::mutex mutex;
    base::Fd file;
  };
  base::Fd write(const std::string& name, std::span<const std::byte> bytes) const;

  const std::string scratch_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace volley::program

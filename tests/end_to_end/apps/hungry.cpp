// hungry OUTPUT MEBIBYTES ONCE: a task that takes as much memory and keeps it until it is killed or
// has waited a minute. ONCE is a file: unless it is -, only the task that makes it does so.

#include <volley/volley.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

/// Eats on one record of the third partition.
struct Eat {
  std::string once;
  std::uint64_t bytes = 0;
  std::int64_t operator()(std::int64_t number) const {
    if (number != 250) return number;
    if (once != "-") {
      const int made = ::open(once.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
      if (made < 0) return number;
      ::close(made);
    }
    char* const memory = static_cast<char*>(std::malloc(bytes));
    std::memset(memory, 1, bytes);
    std::this_thread::sleep_for(std::chrono::minutes{1});
    const std::int64_t same = memory[bytes / 2] * number;
    std::free(memory);
    return same;
  }
};

int hungry(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 3) return 2;
  const std::uint64_t bytes = std::stoull(args[1]) << 20U;
  context.range(0, 400, 1, 4).map(Eat{args[2], bytes}).save_as_text_file(args[0]);
  return 0;
}

}  // namespace
VOLLEY_APPLICATION(hungry)

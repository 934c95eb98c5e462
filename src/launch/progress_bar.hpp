#pragma once
// The progress of running stages on the console, as text. On a terminal one line is overwritten; in
// a file (or a pipe) each stage leaves one line when it ends.

#include "base/ids.hpp"
#include "base/units.hpp"
#include "config/environment.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace volley::launch {

struct StageProgress {
  base::StageId id = 0;
  std::uint32_t completed = 0;
  std::uint32_t running = 0;
  std::uint32_t total = 0;
};

/// Spark's bar, "[Stage 3:=====>      (12 + 4) / 40]": completed + running of all tasks. The first
/// three of several stages share the width; a stage whose text does not fit has no bar.
std::string progress_bar(std::span<const StageProgress> stages, std::size_t width);

/// What the console is, hence what is written.
struct Console {
  bool is_terminal = false;
  std::size_t columns = 0;  ///< of the terminal
};
/// Standard error of a rank is mpirun's pipe: the launcher says in the environment what it is.
Console console_of(const config::Environment& environment, bool own_stderr_is_terminal);

/// What the console gets as stages run and end. Writes nothing itself.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(Console console) : console_(console) {}

  /// The running stages: on a terminal the bar over the previous one, when it changed; else
  /// nothing.
  std::string update(std::span<const StageProgress> stages);
  /// A stage has ended, `how` ("finished"): in a file its line; on a terminal the bar goes away.
  std::string stage_ended(base::StageId id, const std::string& name, std::string_view how,
                          std::uint32_t tasks, base::Duration time);
  /// Takes the bar off the terminal, before other text or at the end.
  std::string clear();

 private:
  Console console_;
  std::string shown_;
};

}  // namespace volley::launch

#include "cli/help.hpp"

#include "bench/options.hpp"
#include "cli/run_options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace volley::cli {
namespace {

constexpr const char* overview = R"(usage: volley COMMAND ...

Runs Spark-style dataflow programs as one MPI program.

  volley run [options] APP [arguments]   run an application
  volley bench KIND [options]            measure the interconnect and the memory
  volley config [--markdown]             list the configuration options
  volley version                         print the version
  volley help [COMMAND]                  print this text or a command's
)";

constexpr const char* run_start = R"(usage: volley run [options] APP [arguments]

Runs APP, an executable or .so made with VOLLEY_APPLICATION. Under mpirun or srun this process is
one rank of the job; otherwise it starts mpirun itself. What follows APP belongs to the application.
The exit code is the application's; 2 for a mistake in the command line or configuration, 70 for an
internal error, 75 when the run was drained and should be submitted again.

Options (--option VALUE or --option=VALUE):
)";

constexpr const char* run_end = R"(
Environment:
  VOLLEY_CONF_DIR       directory of volley-defaults.conf
  VOLLEY_MPIRUN_FLAGS   more flags for mpirun
)";

constexpr const char* config_help = R"(usage: volley config [--markdown]

Lists every configuration option with its default and meaning; with --markdown, as the
documentation page.
)";

std::string run_help() {
  std::string text = run_start;
  std::string ignored;
  for (const RunOption& option : run_options()) {
    if (option.meaning == Meaning::ignored) {
      ignored += fmt::format("{}{}", ignored.empty() ? "" : " ", option.name);
      continue;
    }
    std::string names(option.name);
    if (!option.short_name.empty()) names += fmt::format(", {}", option.short_name);
    if (!option.value.empty()) names += fmt::format(" {}", option.value);
    text += fmt::format("  {:<24}  {}\n", names, option.help);
  }
  text += fmt::format("\nAccepted from spark-submit and ignored:\n  {}\n", ignored);
  return text + run_end;
}

}  // namespace

std::string help_text(const std::string& command) {
  if (command.empty()) return overview;
  if (command == "run") return run_help();
  if (command == "bench") return bench::help_text();
  if (command == "config") return config_help;
  if (command == "version") return "usage: volley version\n\nPrints the version.\n";
  if (command == "help") return "usage: volley help [COMMAND]\n\nPrints a command's help.\n";
  return {};
}

}  // namespace volley::cli

#include "cli/command.hpp"

#include "cli/help.hpp"
#include "cli/parse_run.hpp"
#include "config/option_table.hpp"
#include "config/suggestion.hpp"
#include "config/version.hpp"
#include "launch/start_decision.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace volley::cli {
namespace {

constexpr int success = 0;
constexpr int usage_error = 2;

int fail(const Process& process, const std::string& message) {
  std::string text;
  std::string_view rest = message;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    text += fmt::format("volley: error: {}\n", rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  process.complain(text);
  return usage_error;
}

int print_version(const Process& process) {
  process.print(fmt::format("volley {}\n", config::version()));
  return success;
}

/// On every rank of a job the same mistake comes up; one rank speaks, or one of each node when the
/// nodes may differ. The others end with success: mpirun stops a job, with what it had to say, at
/// its first failure.
bool speaks(const launch::LauncherTraces& traces, bool node_dependent) {
  return traces.rank == 0 || (node_dependent && traces.local_rank == 0);
}

void tell(const Process& process, const RunParsed& parsed) {
  std::string text;
  for (const std::string& note : parsed.notes) text += fmt::format("volley: {}\n", note);
  if (parsed.request.verbose) {
    for (const auto& [key, value, origin] : parsed.request.configuration.effective()) {
      text += fmt::format("volley: {}={} ({})\n", key, value, origin);
    }
  }
  if (!text.empty()) process.complain(text);
}

int run(const std::vector<std::string>& arguments, const Process& process) {
  auto parse = parse_run(arguments, process.environment, Files::real());
  if (std::holds_alternative<HelpAsked>(parse)) {
    process.print(help_text("run"));
    return success;
  }
  if (std::holds_alternative<VersionAsked>(parse)) return print_version(process);
  const launch::LauncherTraces traces = launch::traces_of(process.environment);
  if (const auto* error = std::get_if<UsageError>(&parse)) {
    return speaks(traces, error->node_dependent) ? fail(process, error->message) : success;
  }
  auto& parsed = std::get<RunParsed>(parse);
  if (traces.rank == 0) tell(process, parsed);
  return run_application_command(std::move(parsed.request), process);
}

int list_config(const std::vector<std::string>& arguments, const Process& process) {
  if (arguments.empty()) {
    process.print(config::options_as_text());
  } else if (arguments == std::vector<std::string>{"--markdown"}) {
    process.print(config::options_as_markdown());
  } else if (arguments.front() == "--help" || arguments.front() == "-h") {
    process.print(help_text("config"));
  } else {
    return fail(process,
                fmt::format("volley config: unexpected '{}' (only --markdown)",
                            arguments.front() == "--markdown" ? arguments[1] : arguments.front()));
  }
  return success;
}

int unknown(const std::string& command, const Process& process) {
  const std::vector<std::string_view> names(std::begin(command_names), std::end(command_names));
  return fail(process, fmt::format("unknown command '{}'{} ('volley help' lists them)", command,
                                   config::did_you_mean(command, names)));
}

int help(const std::vector<std::string>& arguments, const Process& process) {
  const std::string command = arguments.empty() ? std::string{} : arguments.front();
  const std::string text = help_text(command);
  if (text.empty()) return unknown(command, process);
  process.print(text);
  return success;
}

/// A rank of a job that `volley run` launched for a module: everything is in the environment.
int rank(const Process& process) {
  auto request = launch::decode_request(process.environment.get(launch::request_variable));
  if (!request) return fail(process, request.error());
  return run_application_command(std::move(request).value(), process);
}

}  // namespace

int volley_command(const std::vector<std::string>& arguments, const Process& process) {
  if (arguments.empty()) return fail(process, "no command given ('volley help' lists them)");
  const std::string& command = arguments.front();
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (command == "run") return run(rest, process);
  if (command == "bench") return bench_command(rest, process);
  if (command == "config") return list_config(rest, process);
  if (command == "version" || command == "--version") return print_version(process);
  if (command == "help" || command == "--help" || command == "-h") return help(rest, process);
  if (command == "rank" && rest.empty()) return rank(process);
  return unknown(command, process);
}

}  // namespace volley::cli

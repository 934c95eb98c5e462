// `volley bench`: see bench_command in command.hpp.
#include "cli/command.hpp"
#include "cli/parse_run.hpp"
#include "launch/launcher.hpp"

#include <fmt/format.h>

namespace volley::cli {
namespace {

constexpr int usage_error = 2;
constexpr int internal_error = 70;

int fail(const Process& process, const launch::LauncherTraces& traces, const std::string& message) {
  if (traces.rank == 0) process.complain(fmt::format("volley: error: {}\n", message));
  return usage_error;
}

/// Rank 0's code reaches the launcher by the verdict file; the other ranks have none.
int conclude(const Process& process, const launch::LauncherTraces& traces, int code) {
  if (code == internal_error) return code;
  if (traces.rank != 0) return 0;
  const std::string path = process.environment.get(launch::verdict_variable);
  const bool written = !path.empty() && launch::write_verdict(path, code).ok();
  return launch::rank_exit_code(code, written);
}

/// The application of a dataflow kind, whose arguments are the command's own.
base::Result<launch::RunRequest> dataflow_request(const bench::Options& options,
                                                  const std::vector<std::string>& arguments,
                                                  const Process& process) {
  const auto own = [](const std::string& value, std::string key) {
    return config::Entry{config::Layer::defaults_file, std::move(key), value, "volley bench"};
  };
  launch::RunRequest request;
  request.application = std::string(bench::name_of(options.kind));
  request.arguments = arguments;
  request.configuration = config::Configuration(
      {own("warn", "volley.log.level"), own("false", "volley.ui.showConsoleProgress"),
       own("volley bench " + request.application, "volley.app.name")});
  const Files files = Files::real();
  const auto added = config::add_defaults(
      request.configuration, config::defaults_candidates(process.environment, files.prefix),
      files.exists, files.read);
  if (!added) return added.failure();
  if (options.node_ranks != 0) {
    request.configuration.set(config::Layer::command_line, "volley.node.ranks",
                              std::to_string(options.node_ranks), "--node-ranks");
  }
  for (const auto& [key, value] : options.configuration) {
    request.configuration.set(config::Layer::command_line, key, value, "--conf");
  }
  const auto validation = request.configuration.validate();
  if (!validation.ok()) return base::Failure{fmt::format("{}", fmt::join(validation.errors, "\n"))};
  return request;
}

}  // namespace

int bench_command(const std::vector<std::string>& arguments, const Process& process) {
  const launch::LauncherTraces traces = launch::traces_of(process.environment);
  const auto parsed = bench::parse_options(arguments);
  if (!parsed) return fail(process, traces, "volley bench: " + parsed.error());
  if (parsed.value().help) {
    if (traces.rank == 0) process.print(bench::help_text());
    return 0;
  }
  const bench::Options& options = parsed.value().options;
  // A number of ranks means this machine, even inside an allocation.
  const launch::Master master{
      options.ranks != 0 ? launch::MasterKind::local : launch::MasterKind::automatic, options.ranks,
      0};
  launch::RunRequest application;
  if (bench::is_dataflow(options.kind)) {
    auto request = dataflow_request(options, arguments, process);
    if (!request) return fail(process, traces, request.error());
    application = std::move(request).value();
  }
  const auto start = launch::decide_start(master, process.environment, launch::usable_cores());
  if (!start) return fail(process, traces, start.error());
  const auto* job = std::get_if<launch::StartJob>(&start.value());
  if (job == nullptr && bench::is_dataflow(options.kind)) {
    return process.run_dataflow(application, options);
  }
  if (job == nullptr) return conclude(process, traces, process.run_bench(options));
  std::vector<std::string> program{process.self, "bench"};
  // mpirun takes a --tune for its own, wherever it stands.
  for (const std::string& word : arguments) {
    program.push_back(word == "--tune" ? "--tune-table" : word);
  }
  return launch::launch_program(*job, process.environment, program,
                                config::scratch_directory({}, process.environment), false);
}

}  // namespace volley::cli

// What `volley run` does with a request: see run_application_command in command.hpp.
#include "cli/command.hpp"
#include "launch/launcher.hpp"

#include <fmt/format.h>

#include <cstring>
#include <filesystem>

namespace volley::cli {

int run_application_command(launch::RunRequest request, const Process& process) {
  // Ranks may run in another directory, and mpirun would look a bare name up in PATH.
  request.application = std::filesystem::absolute(request.application).lexically_normal().string();
  std::vector<std::string> program;
  if (request.is_module()) {
    program = {process.self, "rank"};
  } else {
    program = {request.application};
    program.insert(program.end(), request.arguments.begin(), request.arguments.end());
  }
  if (const auto ended = launch::launch_unless_rank(request, process.environment, program)) {
    return *ended;
  }
  if (request.is_module()) return process.run_module(request);

  config::Environment environment = process.environment;
  environment.set(launch::request_variable, launch::encode_request(request));
  const int error = process.execute(program, environment);
  process.complain(
      fmt::format("volley: error: cannot run {}: {}\n", request.application, std::strerror(error)));
  return 2;
}

}  // namespace volley::cli

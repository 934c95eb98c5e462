// The volley command's process: its real environment, executable and streams.
#include "bench/dataflow/entries.hpp"
#include "bench/run.hpp"
#include "cli/command.hpp"
#include "launch/application_main.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace {

int execute(const std::vector<std::string>& command, const volley::config::Environment& variables) {
  std::vector<std::string> words = command;
  std::vector<std::string> lines = variables.lines();
  std::vector<char*> arguments;
  std::vector<char*> environment;
  for (std::string& word : words) arguments.push_back(word.data());
  for (std::string& line : lines) environment.push_back(line.data());
  arguments.push_back(nullptr);
  environment.push_back(nullptr);
  ::execve(arguments[0], arguments.data(), environment.data());
  return errno;
}

void write_to(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

}  // namespace

int main(int argc, char** argv) {
  volley::launch::become_container_if_asked(volley::bench::application_named);
  volley::cli::Process process;
  process.environment = volley::config::Environment::of_process();
  process.self = std::filesystem::read_symlink("/proc/self/exe").string();
  process.run_module = volley::launch::run_module_rank;
  process.run_bench = [](const volley::bench::Options& options) {
    const volley::bench::Console console{[](const std::string& text) { write_to(stdout, text); },
                                         [](const std::string& text) {
                                           write_to(stderr,
                                                    fmt::format("volley: error: {}\n", text));
                                         }};
    return volley::bench::run_rank(options, console);
  };
  process.run_dataflow = [](const volley::launch::RunRequest& request,
                            const volley::bench::Options& options) {
    const auto complain = [](const std::string& text) {
      write_to(stderr, fmt::format("volley: error: {}\n", text));
    };
    return volley::launch::run_built_in_rank(
        request, *volley::bench::application_named(request.application),
        [&](volley::net::MpiWorld& world) {
          return volley::bench::run_prelude(options, world, complain);
        });
  };
  process.execute = execute;
  process.print = [](const std::string& text) { write_to(stdout, text); };
  process.complain = [](const std::string& text) { write_to(stderr, text); };
  return volley::cli::volley_command({argv + 1, argv + argc}, process);
}

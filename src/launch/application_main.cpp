#include "launch/application_main.hpp"

#include "launch/container_loop.hpp"
#include "launch/launcher.hpp"
#include "launch/rank_process.hpp"

#include <volley/application.hpp>

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace volley::launch {
namespace {

/// Names the module for containers of this rank, which load it before they can read their link.
constexpr const char* module_variable = "VOLLEY_MODULE";

std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

base::Result<const ApplicationEntry*> load_module(const std::string& path) {
  void* module = ::dlopen(std::filesystem::absolute(path).c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) {
    return base::Failure{fmt::format("cannot load the application {}: {}", path, ::dlerror())};
  }
  void* symbol = ::dlsym(module, "volley_application_entry");
  if (symbol == nullptr) {
    return base::Failure{
        fmt::format("{} is not an application: it has no VOLLEY_APPLICATION(...)", path)};
  }
  return reinterpret_cast<const ApplicationEntry* (*)()>(symbol)();
}

/// For a container, whose rank has loaded the same module before it.
const ApplicationEntry* load_for_container(const std::string& path) {
  const auto entry = load_module(path);
  if (entry) return entry.value();
  std::fprintf(stderr, "volley: error: %s\n", entry.error().c_str());
  return nullptr;
}

/// The program's own settings win over the command line.
base::Status apply_settings(RunRequest& request, const ApplicationEntry& entry) {
  for (const auto& [key, value] : entry.settings) {
    request.configuration.set(config::Layer::program, key, value, "the program");
  }
  std::string errors;
  for (const std::string& error : request.configuration.validate().errors) errors += "\n  " + error;
  if (!errors.empty()) return base::Failure{"bad settings in the program:" + errors};
  return base::Done{};
}

int serve_rank(RunRequest request, base::Result<const ApplicationEntry*> entry) {
  if (entry) {
    const auto applied = apply_settings(request, *entry.value());
    if (!applied) entry = applied.failure();
  }
  return rank_main(request, entry, own_program());
}

}  // namespace

void become_container_if_asked(const BuiltIn& built_in) {
  if (std::getenv(container_variable) == nullptr) return;
  const char* module = std::getenv(module_variable);
  const std::string path = module == nullptr ? "" : module;
  const ApplicationEntry* entry = built_in(path);
  ::_exit(container_process_main(
      [&](const std::string&) { return entry != nullptr ? entry : load_for_container(path); }));
}

int run_module_rank(const RunRequest& request) {
  ::setenv(module_variable, std::filesystem::absolute(request.application).c_str(), 1);
  return serve_rank(request, load_module(request.application));
}

int run_built_in_rank(const RunRequest& request, const ApplicationEntry& entry,
                      const Prelude& prelude) {
  ::setenv(module_variable, request.application.c_str(), 1);
  return rank_main(request, &entry, own_program(), prelude);
}

}  // namespace volley::launch

namespace volley {

int run_main(int argc, char** argv, const ApplicationEntry& entry) {
  using namespace launch;
  if (std::getenv(container_variable) != nullptr) {
    return container_process_main([&](const std::string&) { return &entry; });
  }
  const std::string self = own_program();
  std::vector<std::string> words{argv + 1, argv + argc};
  const auto environment = config::Environment::of_process();
  auto request = request_of_executable(self, words, environment);
  if (!request) {
    // Only rank 0 fails: a failure of others may end the job before it has spoken.
    if (traces_of(environment).rank != 0) return 0;
    std::fprintf(stderr, "volley: error: %s\n", request.error().c_str());
    return 2;
  }
  std::vector<std::string> program{self};
  program.insert(program.end(), words.begin(), words.end());
  if (const auto code = launch_unless_rank(request.value(), environment, program)) return *code;
  return serve_rank(std::move(request).value(), &entry);
}

}  // namespace volley

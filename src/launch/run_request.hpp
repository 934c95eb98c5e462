#pragma once
// RunRequest: one `volley run` as a value: what to run, with what arguments and options. Made from
// a command line (src/cli) or from an application's own start; handed to every rank of the job, and
// through `volley run` to the application's executable, in the variable VOLLEY_RUN_REQUEST.

#include "base/log.hpp"
#include "base/result.hpp"
#include "config/configuration.hpp"
#include "config/environment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace volley::launch {

inline constexpr const char* request_variable = "VOLLEY_RUN_REQUEST";

struct RunRequest {
  std::string application;             ///< path of an executable or of a .so
  std::vector<std::string> arguments;  ///< the application's own
  config::Configuration configuration;
  bool verbose = false;

  /// Whether the application is a module that `volley` loads, not a program of its own.
  bool is_module() const { return application.ends_with(".so"); }
};

/// Text without blanks or quotes: fit for an environment variable.
std::string encode_request(const RunRequest& request);
/// Fails on text that encode_request of this build did not make.
base::Result<RunRequest> decode_request(std::string_view text);

/// The request of an application executable: the one that `volley run` passed in the environment if
/// it is for `self` (the path of this executable), else that of a direct start: `arguments` and
/// volley-defaults.conf. Fails when the configuration is bad, with everything that is wrong.
base::Result<RunRequest> request_of_executable(const std::string& self,
                                               const std::vector<std::string>& arguments,
                                               const config::Environment& environment);

/// Names the application after its file unless somebody named it.
void set_default_name(RunRequest& request);

base::LogLevel log_level(const RunRequest& request);
/// volley.isolation none.
bool containers_are_threads(const RunRequest& request);

}  // namespace volley::launch

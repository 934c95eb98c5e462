#pragma once
// The command line of `volley run` as a value. Pure: files are seen through an interface.

#include "config/defaults_file.hpp"
#include "config/environment.hpp"
#include "launch/run_request.hpp"

#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace volley::cli {

/// What parsing needs to know of the file system.
struct Files {
  config::FileReader read = config::read_file;
  std::function<bool(const std::string&)> exists;
  /// What keeps this path from being run as an application; empty when nothing does.
  std::function<std::string(const std::string&)> application_problem;
  std::string prefix;  ///< of the installation

  static Files real();
};

struct HelpAsked {};
struct VersionAsked {};
/// Nothing can run; exit code 2.
struct UsageError {
  std::string message;          ///< without "volley: error: "; several lines when several things
  bool node_dependent = false;  ///< another rank's node may see it differently
};
struct RunParsed {
  launch::RunRequest request;
  std::vector<std::string> notes;  ///< warnings and notices for the user
};
using RunParse = std::variant<RunParsed, HelpAsked, VersionAsked, UsageError>;

/// `arguments`: what follows "volley run".
RunParse parse_run(const std::vector<std::string>& arguments,
                   const config::Environment& environment, const Files& files);

}  // namespace volley::cli

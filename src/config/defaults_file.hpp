#pragma once
// Where the optional volley-defaults.conf is looked for.

#include "base/result.hpp"
#include "config/configuration.hpp"
#include "config/environment.hpp"

#include <functional>
#include <string>
#include <vector>

namespace volley::config {

/// Reads a whole file; the failure says the name and why.
using FileReader = std::function<base::Result<std::string>(const std::string& path)>;
/// The reader of real files; refuses anything above 16 MiB and what is not a regular file.
base::Result<std::string> read_file(const std::string& path);

/// Candidates for the defaults file, first existing one wins: $VOLLEY_CONF_DIR (then it is the only
/// one), <prefix>/conf, ./conf.
std::vector<std::string> defaults_candidates(const Environment& environment,
                                             const std::string& prefix);
/// Adds the first candidate that `exists`; that one not being readable is a failure.
base::Status add_defaults(Configuration& configuration, const std::vector<std::string>& candidates,
                          const std::function<bool(const std::string&)>& exists,
                          const FileReader& read);

/// The directory above the one that holds the Volley library: the installation.
std::string installation_prefix();

}  // namespace volley::config

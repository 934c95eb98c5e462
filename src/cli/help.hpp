#pragma once
// The help texts of the volley command.

#include <string>

namespace volley::cli {

/// Of the whole command for an empty name, else of that command; empty when there is none.
std::string help_text(const std::string& command);

/// Commands a user may type.
inline constexpr const char* command_names[] = {"run", "bench", "config", "version", "help"};

}  // namespace volley::cli

#pragma once
// Files that travel with the application: `volley run --files dictionary.txt,model.bin APP` copies
// them once to every node; program and tasks open them by their name without directories.

#include <string>

namespace volley {

/// Where a file of --files (volley.files) can be read on this node. Valid for the application's
/// life, on this node only. Throws InvalidArgument when no such file was given.
std::string file_path(const std::string& name);

}  // namespace volley

#pragma once
// Files that travel with the application: `volley run --files dictionary.txt,model.bin APP` copies
// them once to every node; Context::add_file adds others while the program runs. Program and tasks
// open them by their name without directories.

#include <string>

namespace volley {

/// Where a file of --files (volley.files), or one that was added before the task's job was
/// submitted, can be read on this node. An added file comes to a node when the first task there
/// asks for it. Valid for the application's life in the program, else until the calling process
/// ends; on this node only. Throws InvalidArgument, which lists the names there are, when there is
/// no such file.
std::string file_path(const std::string& name);

}  // namespace volley

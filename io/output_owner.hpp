#pragma once
// Which application an output directory belongs to, so that the second attempt of an application
// may replace what its first attempt left there, complete or not, and nothing else. The owner's
// name, and after a blank perhaps more, stands in out/_temporary/owner while the job runs, and in
// out/_SUCCESS afterwards.

#include <string>

namespace volley::io {

/// After prepare_output.
void note_owner(const std::string& directory, const std::string& owner);

/// Removes the parts, marks and scratch in `directory`, and itself when nothing else is in it, if
/// the owner is this one; else touches nothing.
void remove_output_of(const std::string& directory, const std::string& owner);

}  // namespace volley::io

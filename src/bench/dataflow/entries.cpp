#include "bench/dataflow/entries.hpp"

#include <array>

namespace volley::bench {

const ApplicationEntry* application_named(std::string_view kind) {
  static const std::array<ApplicationEntry, 3> entries{
      ApplicationEntry{"shuffle", &shuffle_program, {}},
      ApplicationEntry{"sort", &sort_program, {}},
      ApplicationEntry{"word_count", &word_count_program, {}},
  };
  for (const ApplicationEntry& entry : entries) {
    if (kind == entry.name) return &entry;
  }
  return nullptr;
}

}  // namespace volley::bench

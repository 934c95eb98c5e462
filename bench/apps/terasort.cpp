// terasort INPUT OUTPUT: sorts records of 100 bytes by their first 10 bytes, the key. INPUT is a
// file, a directory, a glob or a comma-separated list of these; the parts of OUTPUT, one after
// another, are the sorted records.

#include <volley/volley.hpp>

#include <iostream>

namespace {

// Unsigned, so that keys compare as memcmp does.
using Key = std::array<unsigned char, 10>;
using Payload = std::array<unsigned char, 90>;
// A pair of arrays of bytes lies in memory as in the file: the key, then the payload.
using Record = std::pair<Key, Payload>;
static_assert(sizeof(Record) == 100);

}  // namespace

int terasort(volley::Context& context, const std::vector<std::string>& args) {
  if (args.size() != 2) {
    std::cerr << "usage: terasort INPUT OUTPUT\n";
    return 2;
  }
  context.binary_records<Record>(args[0]).sort_by_key().save_as_binary_records(args[1]);
  return 0;
}
VOLLEY_APPLICATION(terasort)

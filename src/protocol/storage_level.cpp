#include "protocol/storage_level.hpp"

namespace volley::protocol {

std::string describe(const StorageLevel& level) {
  std::string text;
  if (level.disk) text += "Disk ";
  if (level.memory) text += "Memory ";
  text += level.deserialized ? "Deserialized " : "Serialized ";
  return text + std::to_string(level.replication) + "x Replicated";
}

}  // namespace volley::protocol

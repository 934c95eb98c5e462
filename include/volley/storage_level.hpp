#pragma once
// volley::StorageLevel: where the partitions of a persisted RDD are kept.

#include "protocol/storage_level.hpp"

namespace volley {

using protocol::StorageLevel;

}  // namespace volley

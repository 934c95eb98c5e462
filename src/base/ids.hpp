#pragma once
// Identifiers that appear in messages, logs and user interfaces. All are plain aggregates, ordered
// and hashable; their printed forms are YARN's and Spark's.

#include <fmt/format.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace volley::base {

/// An MPI rank in the world communicator.
using Rank = std::int32_t;
inline constexpr Rank no_rank = -1;

/// One submitted program: application_<start of the cluster in Unix seconds>_<number>.
struct ApplicationId {
  std::uint64_t cluster_start = 0;
  std::uint32_t number = 0;
  auto operator<=>(const ApplicationId&) const = default;
};

/// A group of ranks granted as a unit: container_<start>_<application>_<attempt>_<number>.
/// Number 0 means "no container": the rank itself.
struct ContainerId {
  ApplicationId application;
  std::uint32_t attempt = 0;
  std::uint64_t number = 0;
  auto operator<=>(const ContainerId&) const = default;
};

using ExecutorId = std::uint32_t;  ///< Counted from 1 within an application.
using JobId = std::uint32_t;       ///< Counted from 0 within an application.
using StageId = std::uint32_t;     ///< Counted from 0; a parent's id is smaller than its child's.
using TaskId = std::uint64_t;      ///< One attempt of one task (Spark's TID), counted from 0.
using RddId = std::uint32_t;       ///< Counted from 0 within an application.
using ShuffleNumber = std::uint32_t;
/// Attempts of an application, counted from 1, number their shuffles in ranges of their own, so
/// that what belongs to an earlier one is recognised.
inline constexpr std::uint32_t shuffles_per_attempt = 1U << 24U;

/// A shuffle of an application.
struct ShuffleId {
  ApplicationId application;
  ShuffleNumber number = 0;
  auto operator<=>(const ShuffleId&) const = default;
};

inline std::string to_string(const ApplicationId& id) {
  return fmt::format("application_{}_{:04}", id.cluster_start, id.number);
}
inline std::string to_string(const ContainerId& id) {
  return fmt::format("container_{}_{:04}_{:02}_{:06}", id.application.cluster_start,
                     id.application.number, id.attempt, id.number);
}

}  // namespace volley::base

template <>
struct std::hash<volley::base::ApplicationId> {
  std::size_t operator()(const volley::base::ApplicationId& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.cluster_start * 1000003U + id.number);
  }
};
template <>
struct std::hash<volley::base::ContainerId> {
  std::size_t operator()(const volley::base::ContainerId& id) const noexcept {
    return std::hash<volley::base::ApplicationId>{}(id.application) * 31U +
           std::hash<std::uint64_t>{}(id.number * 64U + id.attempt);
  }
};
template <>
struct std::hash<volley::base::ShuffleId> {
  std::size_t operator()(const volley::base::ShuffleId& id) const noexcept {
    return std::hash<volley::base::ApplicationId>{}(id.application) * 31U + id.number;
  }
};

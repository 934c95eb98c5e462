// Measuring files by size: each rank writes and reads one of its own.
#include "bench/files.hpp"
#include "bench/kernels/collect.hpp"
#include "bench/kernels/file_operations.hpp"
#include "bench/session.hpp"

#include <utility>

namespace volley::bench {
namespace {

base::Status measure_one(Session& session, std::uint64_t bytes, Operation& operation,
                         const char* series, const char* method) {
  const auto measured = measure(session.group, session.limits(bytes), operation);
  if (!measured) return measured.failure();
  Row row = row_of(measured.value(), series, method, bytes);
  rate(row, {static_cast<double>(bytes), 0, 1}, 0);
  if (row.rank_mean > 0) row.imbalance = row.rank_most / row.rank_mean;
  session.add(std::move(row));
  return base::Done{};
}

}  // namespace

base::Status run_io(Session& session) {
  const auto file = make_scratch_file(directory_of(session.options));
  if (!file) return file.failure();
  for (const std::uint64_t bytes : session.sizes()) {
    const auto write = make_file_write(session.group, file.value().get(), bytes, session.seed());
    if (auto status = measure_one(session, bytes, *write, "write", "write+fsync"); !status) {
      return status;
    }
    const auto read = make_file_read(session.group, file.value().get(), bytes, session.seed());
    if (auto status = measure_one(session, bytes, *read, "read", "read uncached"); !status) {
      return status;
    }
  }
  return base::Done{};
}

}  // namespace volley::bench

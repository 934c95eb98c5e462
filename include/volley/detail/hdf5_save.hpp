#pragma once
// save_as_hdf5, the typed half: counting rows, and writing or packing them.

#include "program/hdf5_save.hpp"

#include <volley/detail/actions.hpp>
#include <volley/detail/hdf5_rows.hpp>
#include <volley/detail/rdd_build.hpp>
#include <volley/storage_level.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <source_location>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace volley::detail {

struct Hdf5CountAction {
  explicit Hdf5CountAction(protocol::Reader&) {}
  template <class T, class Source>
  void run(TaskContext&, Source&& source, protocol::Bytes& result) {
    program::Hdf5Count count;
    count.least_width = UINT64_MAX;
    auto add = [&](auto&& record) {
      const std::uint64_t width = Hdf5Rows<T>::width(record);
      count.least_width = std::min(count.least_width, width);
      count.most_width = std::max(count.most_width, width);
      ++count.rows;
    };
    source(add);
    if (count.rows == 0) count.least_width = 0;
    result = protocol::encode(count);
  }
};

/// Hands records to a writer in pieces of some rows.
template <class T>
class Hdf5Batch {
 public:
  Hdf5Batch(io::Hdf5RowWriter& writer, std::uint64_t columns)
      : writer_(writer), row_bytes_(columns * sizeof(typename Hdf5Rows<T>::element)) {
    constexpr std::uint64_t batch_bytes = std::uint64_t{64} << 10U;
    rows_.resize(std::max<std::uint64_t>(batch_bytes / row_bytes_, 1) * row_bytes_);
  }
  void operator()(const T& record) {
    if constexpr (Hdf5Rows<T>::shape == io::Hdf5Row::Shape::any) {
      VOLLEY_CHECK(record.size() * sizeof(typename T::value_type) == row_bytes_,
                   "a row of {} values", record.size());
      std::memcpy(rows_.data() + used_, Hdf5Rows<T>::bytes(record), row_bytes_);
      used_ += row_bytes_;
    } else {
      std::memcpy(rows_.data() + used_, &record, sizeof(T));
      used_ += sizeof(T);
    }
    if (used_ == rows_.size()) flush();
  }
  void flush() {
    writer_.add(std::span<const std::byte>(rows_).first(used_));
    used_ = 0;
  }

 private:
  io::Hdf5RowWriter& writer_;
  const std::size_t row_bytes_;
  std::size_t used_ = 0;
  std::vector<std::byte> rows_;
};

template <class T, class Source>
void write_hdf5_rows(TaskContext& context, const io::Hdf5Target& target, Source&& source,
                     io::Hdf5RowWriter& writer) {
  // An RDD of empty rows has no columns, and no batches either.
  if (target.row_bytes() > 0) {
    Hdf5Batch<T> batch(writer, target.columns);
    auto add = [&](auto&& record) { batch(record); };
    source(add);
    batch.flush();
    writer.finish();
  }
  context.metrics().records_written += target.first_rows.at(context.attempt().partition + 1) -
                                       target.first_rows.at(context.attempt().partition);
  context.metrics().bytes_written += writer.bytes();
}

/// Writes the rows of a partition to their places.
struct Hdf5WriteAction {
  explicit Hdf5WriteAction(protocol::Reader& in) { protocol::read(in, target); }
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes&) {
    // Each row it writes is published at once, so it asks first.
    context.check_commit();
    io::Hdf5PlaceWriter writer(target, context.attempt().partition);
    write_hdf5_rows<T>(context, target, source, writer);
  }
  io::Hdf5Target target;
};

/// Packs them into a part file.
struct Hdf5PackAction {
  explicit Hdf5PackAction(protocol::Reader& in) {
    protocol::read(in, target);
    protocol::read(in, directory);
  }
  template <class T, class Source>
  void run(TaskContext& context, Source&& source, protocol::Bytes&) {
    const protocol::TaskAttempt& attempt = context.attempt();
    io::PartWriter part(directory, {attempt.partition, attempt.stage_attempt, attempt.task});
    io::Hdf5PartPacker packer(target, attempt.partition, part);
    write_hdf5_rows<T>(context, target, source, packer);
    context.check_commit();
    part.commit();
  }
  io::Hdf5Target target;
  std::string directory;
};

/// Keeps an RDD's partitions while a save reads them more than once.
template <class T, class P>
class KeptWhile {
 public:
  KeptWhile(const Rdd<T, P>& rdd, bool keep)
      : rdd_(rdd), own_(keep && !rdd.storage_level().keeps()) {
    if (own_) rdd_.persist(StorageLevel::memory_and_disk_ser);
  }
  KeptWhile(const KeptWhile&) = delete;
  KeptWhile& operator=(const KeptWhile&) = delete;
  ~KeptWhile() {
    if (own_) rdd_.unpersist();
  }

 private:
  const Rdd<T, P>& rdd_;
  bool own_;
};

/// Runs a job that copies the parts of a compressed dataset into its file.
void copy_hdf5_parts(program::Hdf5Save& save, const program::Lineage& rdd, const std::string& call,
                     const std::source_location& where);

template <class T, class P>
void save_hdf5(const Rdd<T, P>& rdd, const std::string& path, const std::string& dataset,
               const Hdf5WriteOptions& options, const std::source_location& where) {
  constexpr const char* name = "save_as_hdf5";
  const std::string call = name_call(name, where);
  program::Hdf5Save save(*rdd.lineage(), path, dataset, hdf5_row<T>(), options);
  const KeptWhile<T, P> kept(rdd, options.keep);
  std::vector<program::Hdf5Count> counts(rdd.num_partitions());
  rdd.template run<Hdf5CountAction>(
      name, [](protocol::Writer&) {}, rdd.all_partitions(), where,
      [&](std::uint32_t index, const protocol::Bytes& result) {
        counts.at(index) = decode_result<program::Hdf5Count>(result);
      });
  save.place(counts);
  if (save.compresses()) {
    auto pack = rdd.template make_action<Hdf5PackAction>([&](protocol::Writer& out) {
      protocol::write(out, save.target());
      protocol::write(out, save.parts());
    });
    save.run(*rdd.lineage(), std::move(pack), call);
    copy_hdf5_parts(save, *rdd.lineage(), call, where);
  } else {
    save.run(*rdd.lineage(), rdd.template make_action<Hdf5WriteAction>([&](protocol::Writer& out) {
      protocol::write(out, save.target());
    }),
             call);
  }
  save.commit();
}

}  // namespace volley::detail

#include "program/hdf5_save.hpp"

#include "io/committing_writer.hpp"
#include "io/io_error.hpp"
#include "program/context_core.hpp"

#include <volley/detail/rdd_build.hpp>
#include <volley/error.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace volley::program {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t least_chunk_bytes = std::uint64_t{1} << 20U;
/// Chunks grow with the dataset beyond so many: each costs the driver and every plan some bytes.
constexpr std::uint64_t most_chunks = std::uint64_t{1} << 16U;

void check_options(const io::Hdf5Row& row, const Hdf5WriteOptions& options) {
  if (options.gzip < 0 || options.gzip > 9) {
    throw InvalidArgument(fmt::format("save_as_hdf5: gzip is 0 to 9, not {}", options.gzip));
  }
  const std::size_t members = row.element.members.size();
  if (!options.members.empty() && options.members.size() != members) {
    throw InvalidArgument(fmt::format("save_as_hdf5: {} names for the {} members of a record",
                                      options.members.size(), members));
  }
}

/// A rename that replaces nothing.
bool rename_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  // Not every file system has it; a link replaces nothing either.
  if (::link(from.c_str(), to.c_str()) != 0) return false;
  ::unlink(from.c_str());
  return true;
}

}  // namespace

Hdf5Save::Hdf5Save(const Lineage& rdd, const std::string& path, const std::string& dataset,
                   const io::Hdf5Row& row, const Hdf5WriteOptions& options)
    : rdd_(rdd), path_(detail::output_path(path)), wanted_chunk_rows_(options.chunk_rows) {
  check_options(row, options);
  creation_.dataset = dataset;
  any_width_ = row.shape == io::Hdf5Row::Shape::any;
  creation_.wide = row.shape != io::Hdf5Row::Shape::element;
  creation_.attributes = options.attributes;
  io::Hdf5Type named = row.element;
  for (std::size_t i = 0; i < options.members.size(); ++i) {
    named.members[i].name = options.members[i];
  }
  creation_.type = io::pack_type(named, target_.runs);
  target_.memory_bytes = row.element.bytes();
  target_.element_bytes = creation_.type.bytes();
  target_.columns = row.columns;
  target_.gzip = options.gzip;
  begin();
}

void Hdf5Save::begin() {
  ContextCore& core = *rdd_.core();
  const bool earlier = core.attempt() > 1 || core.recovery() != nullptr;
  const std::string application = base::to_string(core.application());
  owner_ = core.recovery() ? core.recovery()->identity() : application;
  creation_.owner = owner_;
  may_replace_ = !core.configuration().flag("volley.output.validateSpecs");
  std::error_code error;
  const bool first = !core.note_output(path_);
  if (first && earlier && fs::exists(path_, error)) {
    // What an earlier attempt or run has left there gives way; not what this one has written.
    const auto attributes = io::read_hdf5_attributes(path_, "/");
    const auto found = attributes.find("volley_application");
    may_replace_ |= found != attributes.end() && found->second == io::Hdf5Value(owner_);
  }
  if (!may_replace_ && fs::exists(path_, error)) {
    throw IoError(fmt::format("Output file {} already exists", path_));
  }
  const fs::path place(path_);
  directory_ =
      (place.parent_path() / fmt::format(".{}.{}", place.filename().string(), owner_)).string();
  if (first && earlier) fs::remove_all(directory_, error);
  fs::create_directories(place.parent_path(), error);
  if (!fs::create_directory(directory_, error)) {
    throw IoError(fmt::format("Output file {} cannot be created: {} {}", path_, directory_,
                              error ? error.message() : "exists: is it being written?"));
  }
  begun_ = true;
  target_.path = directory_ + "/file.h5";
}

Hdf5Save::~Hdf5Save() {
  std::error_code ignored;
  if (begun_) fs::remove_all(directory_, ignored);
}

void Hdf5Save::place(const std::vector<Hdf5Count>& counts) {
  std::uint64_t width = 0;
  target_.first_rows = {0};
  for (const Hdf5Count& count : counts) {
    target_.first_rows.push_back(target_.first_rows.back() + count.rows);
    if (count.rows == 0) continue;
    if (width == 0) width = count.least_width;
    if (count.least_width != width || count.most_width != width || width == 0) {
      throw InvalidArgument(fmt::format(
          "save_as_hdf5: the rows of a dataset are of one length; there are rows of {} and of {} "
          "values",
          width, count.least_width != width ? count.least_width : count.most_width));
    }
  }
  if (any_width_) target_.columns = width;
  const std::uint64_t row_bytes = std::max<std::uint64_t>(target_.row_bytes(), 1);
  const std::uint64_t rows = std::max<std::uint64_t>(target_.rows(), 1);
  const std::uint64_t chunk_bytes = std::max(least_chunk_bytes, rows * row_bytes / most_chunks);
  const std::uint64_t chosen = std::max<std::uint64_t>(chunk_bytes / row_bytes, 1);
  target_.chunk_rows = std::min(wanted_chunk_rows_ == 0 ? chosen : wanted_chunk_rows_, rows);
  constexpr std::uint64_t most_chunk_bytes = (std::uint64_t{1} << 32U) - 1;  // of HDF5
  if (target_.chunk_bytes() > most_chunk_bytes) {
    throw InvalidArgument(
        fmt::format("save_as_hdf5: chunks of {} rows would have {} bytes; HDF5 "
                    "allows less than 4 GiB",
                    target_.chunk_rows, target_.chunk_bytes()));
  }
  try {
    if (compresses()) {
      const auto prepared = io::prepare_output(parts());
      if (!prepared) throw IoError(prepared.error());
    } else {
      target_.places = io::create_hdf5_layout(target_, creation_, {});
    }
  } catch (const io::IoError& error) {
    throw IoError(error.what());
  }
}

void Hdf5Save::run(const Lineage& rdd, protocol::Closure action,
                   const std::string& call_site) const {
  ContextCore::Output output;
  output.path = directory_;
  output.begin = output.commit = [](const std::string&) {};
  output.abort = [] {};
  rdd_.core()->run_output_job(rdd, std::move(action), call_site, output);
}

std::vector<io::Hdf5Copy> Hdf5Save::gather() {
  const auto committed = io::commit_job(parts(), rdd_.partitions());
  if (!committed) throw IoError(committed.error());
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < rdd_.partitions(); ++i) {
    names.push_back(parts() + "/" + io::part_name(i));
  }
  try {
    return io::lay_out_hdf5_parts(target_, creation_, names, directory_ + "/shared");
  } catch (const io::IoError& error) {
    throw IoError(error.what());
  }
}

void Hdf5Save::commit() {
  const bool done = may_replace_ ? ::rename(target_.path.c_str(), path_.c_str()) == 0
                                 : rename_new(target_.path, path_);
  if (!done) throw IoError(io::describe_error("Output file cannot be committed:", path_, errno));
}

}  // namespace volley::program

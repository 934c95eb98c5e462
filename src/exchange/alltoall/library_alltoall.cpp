// The MPI library's own all-to-all. MPI 3 counts in ints, so larger exchanges count in larger
// units, and where no unit fits, go in rounds of MPI_Alltoallw with one type per block, whose place
// in memory is part of the type.
#include "exchange/alltoall/group_handles.hpp"
#include "exchange/alltoall/phased_alltoall.hpp"
#include "exchange/alltoall/schedules.hpp"
#include "net/mpi_handles.hpp"

#include <algorithm>

namespace volley::exchange {
namespace {

/// No block of a round is larger, so that no byte count of a type overflows an int.
constexpr std::uint64_t largest_slice = net::largest_message;

class LibraryAllToAll : public AllToAll {
 public:
  base::Status run(const std::byte* send, std::byte* receive) override {
    if (const auto status = start(send, receive); !status) return status;
    return net::mpi_status("MPI_Wait", MPI_Wait(&request_, MPI_STATUS_IGNORE));
  }

  base::Result<bool> progress() override {
    int complete = 0;
    const int code = MPI_Test(&request_, &complete, MPI_STATUS_IGNORE);
    if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Test", code);
    return complete != 0;
  }

 protected:
  explicit LibraryAllToAll(const AllToAllParts& parts)
      : AllToAll(parts.choice, parts.facts), communicator_(parts.group.handles().communicator) {}

  MPI_Comm communicator_;
  MPI_Request request_ = MPI_REQUEST_NULL;
};

/// Blocks of one size: MPI_Alltoall.
class Regular final : public LibraryAllToAll {
 public:
  explicit Regular(const AllToAllParts& parts)
      : LibraryAllToAll(parts),
        bytes_(parts.shape.send_bytes.empty() ? 0 : static_cast<int>(parts.shape.send_bytes[0])) {}

  base::Status run(const std::byte* send, std::byte* receive) override {
    return net::mpi_status("MPI_Alltoall", MPI_Alltoall(send, bytes_, MPI_BYTE, receive, bytes_,
                                                        MPI_BYTE, communicator_));
  }
  base::Status start(const std::byte* send, std::byte* receive) override {
    return net::mpi_status("MPI_Ialltoall", MPI_Ialltoall(send, bytes_, MPI_BYTE, receive, bytes_,
                                                          MPI_BYTE, communicator_, &request_));
  }

 private:
  int bytes_;
};

/// MPI_Alltoallv in units of this rank's own: only the bytes of a block must be the same at both
/// ends.
class Counted final : public LibraryAllToAll {
 public:
  Counted(const AllToAllParts& parts, std::uint64_t unit) : LibraryAllToAll(parts) {
    if (unit != 1) {
      MPI_Type_contiguous(static_cast<int>(unit), MPI_BYTE, &type_);
      MPI_Type_commit(&type_);
    }
    const auto in_units = [unit](const std::vector<std::uint64_t>& bytes) {
      std::vector<int> counts;
      for (const std::uint64_t each : bytes) counts.push_back(static_cast<int>(each / unit));
      return counts;
    };
    send_counts_ = in_units(parts.shape.send_bytes);
    send_places_ = in_units(parts.shape.send_offsets);
    receive_counts_ = in_units(parts.shape.receive_bytes);
    receive_places_ = in_units(parts.shape.receive_offsets);
  }
  ~Counted() override {
    if (type_ != MPI_BYTE) MPI_Type_free(&type_);
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  base::Status run(const std::byte* send, std::byte* receive) override {
    return net::mpi_status(
        "MPI_Alltoallv",
        MPI_Alltoallv(send, send_counts_.data(), send_places_.data(), type_, receive,
                      receive_counts_.data(), receive_places_.data(), type_, communicator_));
  }
  base::Status start(const std::byte* send, std::byte* receive) override {
    return net::mpi_status("MPI_Ialltoallv",
                           MPI_Ialltoallv(send, send_counts_.data(), send_places_.data(), type_,
                                          receive, receive_counts_.data(), receive_places_.data(),
                                          type_, communicator_, &request_));
  }

 private:
  MPI_Datatype type_ = MPI_BYTE;
  std::vector<int> send_counts_, send_places_, receive_counts_, receive_places_;
};

/// One side of a round: a type for each block's slice, or none where it is empty.
class SliceTypes {
 public:
  SliceTypes(const std::vector<std::uint64_t>& bytes, const std::vector<std::uint64_t>& offsets,
             std::uint64_t slice, std::uint64_t round)
      : places(bytes.size(), 0) {
    for (std::size_t rank = 0; rank < bytes.size(); ++rank) {
      const auto length = static_cast<int>(slice_of(bytes[rank], slice, round));
      const auto at = static_cast<MPI_Aint>(offsets[rank] + round * slice);
      MPI_Datatype type = MPI_BYTE;
      if (length != 0) {
        MPI_Type_create_hindexed(1, &length, &at, MPI_BYTE, &type);
        MPI_Type_commit(&type);
      }
      counts.push_back(length != 0 ? 1 : 0);
      types.push_back(type);
    }
  }
  ~SliceTypes() {
    for (MPI_Datatype& type : types) {
      if (type != MPI_BYTE) MPI_Type_free(&type);
    }
  }
  SliceTypes(const SliceTypes&) = delete;
  SliceTypes& operator=(const SliceTypes&) = delete;

  std::vector<int> counts, places;
  std::vector<MPI_Datatype> types;
};

class Sliced final : public LibraryAllToAll {
 public:
  Sliced(const AllToAllParts& parts, std::uint64_t rounds)
      : LibraryAllToAll(parts),
        shape_(parts.shape),
        slice_(slice(parts.options)),
        rounds_(rounds) {}
  static std::uint64_t slice(const AllToAllOptions& options) {
    return std::min(largest_slice, options.largest_count);
  }

  base::Status run(const std::byte* send, std::byte* receive) override {
    auto status = start(send, receive);
    while (status) {
      status = net::mpi_status("MPI_Wait", MPI_Wait(&request_, MPI_STATUS_IGNORE));
      if (!status || ++round_ == rounds_) break;
      status = start_round();
    }
    return status;
  }
  base::Status start(const std::byte* send, std::byte* receive) override {
    send_ = send;
    receive_buffer_ = receive;
    round_ = 0;
    return start_round();
  }
  base::Result<bool> progress() override {
    auto complete = LibraryAllToAll::progress();
    if (!complete || !complete.value() || ++round_ == rounds_) return complete;
    if (const auto status = start_round(); !status) return status.failure();
    return false;
  }

 private:
  base::Status start_round() {
    sends_ = std::make_unique<SliceTypes>(shape_.send_bytes, shape_.send_offsets, slice_, round_);
    receives_ =
        std::make_unique<SliceTypes>(shape_.receive_bytes, shape_.receive_offsets, slice_, round_);
    return net::mpi_status(
        "MPI_Ialltoallw",
        MPI_Ialltoallw(send_, sends_->counts.data(), sends_->places.data(), sends_->types.data(),
                       receive_buffer_, receives_->counts.data(), receives_->places.data(),
                       receives_->types.data(), communicator_, &request_));
  }

  ExchangeShape shape_;
  std::uint64_t slice_;
  std::uint64_t rounds_;
  std::uint64_t round_ = 0;
  const std::byte* send_ = nullptr;
  std::byte* receive_buffer_ = nullptr;
  std::unique_ptr<SliceTypes> sends_, receives_;
};

}  // namespace

base::Result<std::unique_ptr<AllToAll>> make_library(const AllToAllParts& parts) {
  const LibraryUnits units = library_units(parts.shape, parts.options.largest_count);
  // Blocks to oneself count here: they are in the library's hands too.
  std::uint64_t largest = 0;
  for (const std::uint64_t bytes : parts.shape.send_bytes) largest = std::max(largest, bytes);
  std::uint64_t agreed[2] = {units.fits ? 0U : 1U, largest};
  const int code = MPI_Allreduce(MPI_IN_PLACE, agreed, 2, MPI_UINT64_T, MPI_MAX,
                                 parts.group.handles().communicator);
  if (code != MPI_SUCCESS) return net::mpi_failure("MPI_Allreduce", code);
  std::unique_ptr<AllToAll> made;
  if (agreed[0] != 0) {
    made = std::make_unique<Sliced>(parts, rounds_of(agreed[1], Sliced::slice(parts.options)));
  } else if (parts.options.regular && agreed[1] <= parts.options.largest_count) {
    made = std::make_unique<Regular>(parts);
  } else {
    made = std::make_unique<Counted>(parts, units.unit);
  }
  return made;
}

}  // namespace volley::exchange

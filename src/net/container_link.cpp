#include "net/container_link.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <memory>
#include <utility>

namespace volley::net {

namespace {

constexpr std::uint64_t link_magic = 0x4b4e494c'594c4f56U;
constexpr std::uint64_t header_bytes = 4096;
constexpr std::uint64_t least_capacity = 4096;
constexpr std::uint64_t greatest_capacity = 1ULL << 32U;
constexpr std::size_t unsent_piece = 64U << 10U;

/// Why an end wants to be woken.
constexpr std::uint32_t for_data = 1;
constexpr std::uint32_t for_room = 2;

LinkSide other(LinkSide side) {
  return side == LinkSide::rank ? LinkSide::container : LinkSide::rank;
}

}  // namespace

/// The head of the memfd; the data of the two rings follows at header_bytes.
struct ContainerLink::Shared {
  std::uint64_t magic = link_magic;
  std::uint64_t capacity = 0;
  struct Armed {
    alignas(64) std::atomic<std::uint32_t> reasons{for_data};
  };
  Armed armed[2];            ///< by side: what that end sleeps for
  RingCounters counters[2];  ///< by writing side

  std::span<std::byte> data(LinkSide writing_side) {
    auto* base = reinterpret_cast<std::byte*>(this) + header_bytes;
    return {base + static_cast<std::uint64_t>(writing_side) * capacity, capacity};
  }
  RingCounters& counters_of(LinkSide side) { return counters[static_cast<std::size_t>(side)]; }
};

base::Result<LinkEnds> make_link(std::uint64_t capacity) {
  static_assert(sizeof(ContainerLink::Shared) <= header_bytes);
  const std::uint64_t ring = std::bit_ceil(std::clamp(capacity, least_capacity, greatest_capacity));
  auto memory = SharedMemory::create("volley-link", header_bytes + 2 * ring);
  if (!memory) return memory.failure();
  auto mapped = SharedMemory::map(memory.value().get());
  if (!mapped) return mapped.failure();
  auto* shared = new (mapped.value().data()) ContainerLink::Shared;
  shared->capacity = ring;

  LinkEnds ends;
  ends.container.side = LinkSide::container;
  ends.rank.memory = std::move(memory).value();
  ends.rank.wake_self = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  ends.container.wake_self = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!ends.rank.wake_self || !ends.container.wake_self) {
    return system_failure("make an eventfd for a container link", errno);
  }
  const auto copy = [](const base::Fd& from, base::Fd& to) -> base::Status {
    auto made = duplicate(from.get());
    if (!made) return made.failure();
    to = std::move(made).value();
    return base::Done{};
  };
  for (const auto& done : {copy(ends.rank.memory, ends.container.memory),
                           copy(ends.rank.wake_self, ends.container.wake_peer),
                           copy(ends.container.wake_self, ends.rank.wake_peer)}) {
    if (!done) return done.failure();
  }
  return ends;
}

base::Result<ContainerLink> ContainerLink::open(LinkDescriptors descriptors) {
  auto memory = SharedMemory::map(descriptors.memory.get());
  if (!memory) return memory.failure();
  const std::uint64_t size = memory.value().size();
  const auto* shared = reinterpret_cast<const Shared*>(memory.value().data());
  if (size <= header_bytes || shared->magic != link_magic ||
      !std::has_single_bit(shared->capacity) || shared->capacity > greatest_capacity ||
      size != header_bytes + 2 * shared->capacity) {
    return base::Failure{
        fmt::format("descriptor {} is not a container link: it must come from the rank that "
                    "started this container",
                    descriptors.memory.get())};
  }
  return ContainerLink(std::move(descriptors), std::move(memory).value());
}

ContainerLink::ContainerLink(LinkDescriptors descriptors, SharedMemory memory)
    : descriptors_(std::move(descriptors)),
      memory_(std::move(memory)),
      writer_(shared().counters_of(descriptors_.side), shared().data(descriptors_.side)),
      reader_(shared().counters_of(other(descriptors_.side)),
              shared().data(other(descriptors_.side))) {}

ContainerLink::Shared& ContainerLink::shared() const {
  return *reinterpret_cast<Shared*>(memory_.data());
}

std::atomic<std::uint32_t>& ContainerLink::armed(LinkSide side) const {
  return shared().armed[static_cast<std::size_t>(side)].reasons;
}

void ContainerLink::arm(std::uint32_t reasons) { armed(descriptors_.side).fetch_or(reasons); }

void ContainerLink::wake_peer(std::uint32_t reason) {
  auto& peer = armed(other(descriptors_.side));
  if ((peer.load() & reason) == 0) return;
  peer.exchange(0);
  const std::uint64_t one = 1;
  // A full counter (EAGAIN) is a wake-up that is still pending; nothing else can fail.
  [[maybe_unused]] const auto written = ::write(descriptors_.wake_peer.get(), &one, sizeof one);
}

void ContainerLink::queue(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  unsent_bytes_ += bytes.size();
  if (unsent_.empty() || unsent_.back().size() + bytes.size() > unsent_piece)
    unsent_.emplace_back();
  unsent_.back().insert(unsent_.back().end(), bytes.begin(), bytes.end());
}

void ContainerLink::send(std::span<const std::byte> frame) {
  if (broken()) return;
  const auto header = frame_header(frame.size());
  if (has_unsent()) {
    queue(header);
    queue(frame);
    pump();
    return;
  }
  const std::size_t head = writer_.write(header);
  const std::size_t body = head == header.size() ? writer_.write(frame) : 0;
  queue(std::span(header).subspan(head));
  queue(frame.subspan(body));
  if (head != 0) wake_peer(for_data);
  if (has_unsent()) pump();
}

bool ContainerLink::write_unsent() {
  bool moved = false;
  while (!unsent_.empty()) {
    const auto rest = std::span<const std::byte>(unsent_.front()).subspan(unsent_offset_);
    const std::size_t written = writer_.write(rest);
    moved = moved || written != 0;
    unsent_offset_ += written;
    unsent_bytes_ -= written;
    if (written < rest.size()) break;
    unsent_.pop_front();
    unsent_offset_ = 0;
  }
  return moved;
}

bool ContainerLink::pump() {
  if (broken() || unsent_.empty()) return false;
  bool moved = write_unsent();
  if (!unsent_.empty()) {
    // Armed first, looked again second: room made in between is seen here or wakes us.
    arm(for_room);
    moved = write_unsent() || moved;
  }
  if (moved) wake_peer(for_data);
  return moved;
}

std::optional<Bytes> ContainerLink::receive() {
  bool taken = false;
  while (!broken() && !frame_.complete()) {
    const auto bytes = reader_.front();
    if (bytes.empty()) break;
    reader_.consume(frame_.feed(bytes));
    taken = true;
  }
  if (taken) wake_peer(for_room);
  if (broken() || !frame_.complete()) return std::nullopt;
  return frame_.take();
}

void ContainerLink::drain_wakeups() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(descriptors_.wake_self.get(), &count, sizeof count);
  arm(has_unsent() ? for_data | for_room : for_data);
}

bool ContainerLink::prepare_to_wait() {
  arm(has_unsent() ? for_data | for_room : for_data);
  if (broken()) return true;
  return reader_.available() == 0 && !(has_unsent() && writer_.room() != 0);
}

}  // namespace volley::net

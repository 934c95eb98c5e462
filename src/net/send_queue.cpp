#include "net/send_queue.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <utility>

namespace volley::net {

Packet SendQueue::next_of_body(std::uint64_t segment) {
  const std::size_t size = std::min<std::uint64_t>(segment, body_->size() - body_sent_);
  Packet packet(body_, body_sent_, size);
  body_sent_ += size;
  if (body_sent_ == body_->size()) body_.reset();
  return packet;
}

Packet SendQueue::next(std::uint64_t segment, std::uint64_t gather) {
  VOLLEY_CHECK(!empty(), "nothing to send");
  if (body_) return next_of_body(segment);
  const std::uint64_t limit = std::min(segment, gather);
  Bytes gathered;
  while (!frames_.empty() && gathered.size() + frame_header_bytes <= limit) {
    Bytes& frame = frames_.front();
    const bool fits = frame.size() <= limit - gathered.size() - frame_header_bytes;
    const auto header = frame_header(frame.size());
    gathered.insert(gathered.end(), header.begin(), header.end());
    if (fits) {
      gathered.insert(gathered.end(), frame.begin(), frame.end());
    } else {
      body_ = std::make_shared<const Bytes>(std::move(frame));
      body_sent_ = 0;
    }
    frames_.pop_front();
    if (body_) break;
  }
  return Packet(std::move(gathered));
}

}  // namespace volley::net

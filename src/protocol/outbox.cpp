#include "protocol/outbox.hpp"

namespace volley::protocol {
namespace {

/// Recipient first, so that a router reads no further.
struct Header {
  Address to;
  Address from;
};

}  // namespace

Bytes encode_envelope(const Envelope& envelope) {
  Bytes bytes;
  {
    Writer out(bytes);
    write(out, Header{envelope.to, envelope.from});
    write(out, envelope.message);
  }
  return bytes;
}

std::optional<Envelope> decode_envelope(std::span<const std::byte> bytes) {
  Reader in(bytes);
  Header header;
  read(in, header);
  Envelope envelope{header.from, header.to, {}};
  read(in, envelope.message);
  if (in.failed() || in.remaining() != 0) return std::nullopt;
  return envelope;
}

std::optional<Address> peek_recipient(std::span<const std::byte> bytes) {
  Reader in(bytes);
  Header header;
  read(in, header);
  if (in.failed()) return std::nullopt;
  return header.to;
}

}  // namespace volley::protocol

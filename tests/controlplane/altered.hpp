#pragma once

#include "controlplane/seal.hpp"

/// What a relay could make of a packet: the same with one field changed.
namespace ibcf {

/// Walks over the fields of a value, nested ones too, and changes the one whose turn it is.
class Altering {
 public:
  Altering(std::size_t target, std::uint64_t bits) : target_(target), bits_(bits) {}

  template <class T>
  void visit(T& value) {
    if constexpr (Described<T>)
      T::visit_fields(value, [this](std::string_view, auto& field) { visit(field); });
    else if (seen_++ == target_)
      change(value);
  }
  template <Described T, std::size_t N>
  void visit(std::array<T, N>& items) {
    for (T& item : items) visit(item);
  }
  void visit(StreamSeqs& seqs) {
    for (std::uint64_t& seq : seqs) visit(seq);
  }
  void visit(PerStream<Digest>& values) {
    for (Digest& value : values) visit(value);
  }
  void visit(Chunk& chunk) {
    visit(chunk.origin);
    visit(chunk.incarnation);
    visit(chunk.session);
    visit(chunk.fencing_token);
    visit(chunk.stream);
    visit(chunk.first);
    visit(chunk.last);
    visit(chunk.digest);
    for (LogEntry& entry : chunk.entries) visit(entry);
    if (seen_++ == target_) chunk.entries.pop_back();
    if (seen_++ == target_) chunk.entries.push_back(chunk.entries.back());
    if (chunk.session != 0) visit(chunk.signature);  // a live one goes without
  }
  void visit(Hello& hello) {
    visit(hello.origin);
    visit(hello.incarnation);
    visit(hello.nonce);
    visit(hello.streams);
    visit(hello.max_epoch_seen);
    visit(hello.mode);
    visit(hello.clock);
    visit(hello.bundle_id);
    visit(hello.revocations);
    visit(hello.signature);
  }
  void visit(CommandDelivery& delivery) {
    visit(delivery.command);
    const auto add_or_drop = [&]<class T>(Shared<T>& shared) {
      if (seen_++ == target_) shared = shared ? nullptr : std::make_shared<const T>();
    };
    add_or_drop(delivery.bundle);
    add_or_drop(delivery.artifact);
    add_or_drop(delivery.revocations);
  }

  /// Fields passed, those not changed included.
  [[nodiscard]] std::size_t seen() const { return seen_; }

 private:
  void change(bool& value) { value = !value; }
  template <std::integral T>
  void change(T& value) {
    const T change = static_cast<T>(bits_);
    value ^= change == 0 ? T{1} : change;
  }
  template <Worded E>
  void change(E& value) {
    const std::size_t words = words_of(E{}).size();
    value = static_cast<E>((static_cast<std::size_t>(value) + 1 + bits_ % (words - 1)) % words);
  }
  void change(Instant& value) { value += Duration{1 + static_cast<std::int64_t>(bits_ % 1'000'000'000'000)}; }
  void change(Duration& value) { value += Duration{1 + static_cast<std::int64_t>(bits_ % 1'000'000'000)}; }
  void change(double& number) { number += 1; }
  void change(std::string& text) { text += 'x'; }
  void change(Bytes& bytes) { change_byte(bytes); }
  template <std::size_t N>
  void change(std::array<std::uint8_t, N>& bytes) {
    change_byte(bytes);
  }
  void change(Digest& digest) { change_byte(digest.bytes); }
  template <class Of>
  void change(Id<Of>& id) {
    change_byte(id.bytes);
  }
  /// A list of what has no form of its own here: one more.
  template <class T>
  void change(std::vector<T>& list) {
    list.emplace_back();
  }
  void change_byte(auto& bytes) {
    if constexpr (requires { bytes.push_back(0); })
      if (bytes.empty()) return bytes.push_back(0);
    bytes[bits_ % bytes.size()] ^= static_cast<std::uint8_t>(1 + (bits_ >> 32) % 255);
  }

  std::size_t target_;
  std::uint64_t bits_;
  std::size_t seen_ = 0;
};

/// Told between a node and its master, and no list of fields by itself.
template <class T>
concept Composed = std::same_as<T, Chunk> || std::same_as<T, Hello> || std::same_as<T, CommandDelivery>;

/// The packet with one field of its message, of its seal or of its sender changed: which one and how follows
/// from `bits`.
inline Packet altered(Packet packet, std::uint64_t bits) {
  const auto alter = [&](std::size_t target) {
    Altering altering(target, bits * 0x9e3779b97f4a7c15 >> 7);
    const auto part = [&]<class T>(Shared<T>& shared) {
      auto copy = std::make_shared<T>(*shared);
      altering.visit(*copy);
      shared = std::move(copy);
    };
    std::visit(Match{[&]<Composed T>(Shared<T>& shared) { part(shared); },
                     [&]<Described T>(Shared<T>& shared) { part(shared); },
                     [&]<Described T>(T& message) { altering.visit(message); }, [](const auto&) {}},
               packet.message);
    if (!is_signed(packet.message)) altering.visit(packet.seal);
    altering.visit(packet.from.index);
    return altering.seen();
  };
  const Packet whole = packet;
  const std::size_t fields = alter(SIZE_MAX);
  packet = whole;
  alter(bits % fields);
  return packet;
}

}  // namespace ibcf

#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "controlplane/eventstore.hpp"
#include "controlplane/version_vector.hpp"

namespace ibcf {

/// Where in one master's log the entries of each stream are, and how far it holds each: its version vector.
/// 20 bytes per entry, so that what a peer lacks is found without reading the log.
class StreamIndex {
 public:
  /// Streams are numbered in the order in which they are first heard of; numbers never leave this process.
  using Number = std::uint32_t;

  /// The entry at position size(), which stands for seqs first..last of its stream; they differ only for a
  /// gap. Requires an entry that was not stored before.
  void add(const StreamKey& stream, std::uint64_t first, std::uint64_t last);
  /// The newest entry, of another stream, says of seqs first..last of this one that they will never come.
  void cover(const StreamKey& stream, std::uint64_t first, std::uint64_t last);
  /// Computes the checks of the streams that changed since it was last called, from what is stored at their
  /// marks.
  void refresh(const EventStore& store);

  [[nodiscard]] std::uint64_t size() const { return seqs_.size(); }
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }
  /// The stream's number, given now where it had none.
  Number mention(const StreamKey& stream);
  [[nodiscard]] std::optional<Number> find(const StreamKey& stream) const;
  [[nodiscard]] const StreamKey& key(Number stream) const { return streams_[stream].key; }
  /// As of the last refresh in its check.
  [[nodiscard]] const HeldMark& held(Number stream) const { return streams_[stream].held; }
  [[nodiscard]] Number stream_at(std::uint64_t position) const { return numbers_[position]; }
  [[nodiscard]] std::uint64_t seq_at(std::uint64_t position) const { return seqs_[position]; }
  /// The position of the first stored entry of the stream that lies beyond `seq`; size() where there is none.
  [[nodiscard]] std::uint64_t first_beyond(Number stream, std::uint64_t seq) const;

  /// The version vector, by key; streams of which nothing is held are left out. Requires refresh.
  [[nodiscard]] std::vector<StreamMark> vector() const;
  /// Of the version vector. Requires refresh.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  struct Run {
    std::uint64_t first;
    std::uint64_t last;
    std::uint64_t position;  // of its entry
  };
  struct Stream {
    StreamKey key;
    HeldMark held;
    std::uint64_t position = 0;            // of the entry that ends in held.seq
    std::vector<std::uint64_t> positions;  // rising
    std::vector<Run> ahead;                // entries beyond a hole, by seq
    bool in_order = true;                  // seqs rise with positions
    bool changed = false;
    std::uint64_t term = 0;  // what it adds to digest_
  };
  void extend(Stream& stream, Run run);

  std::vector<Number> numbers_;      // by position
  std::vector<std::uint64_t> seqs_;  // by position
  std::vector<Stream> streams_;
  std::unordered_map<StreamKey, Number> by_key_;
  std::vector<Number> changed_;
  std::uint64_t digest_ = 0;
};

}  // namespace ibcf

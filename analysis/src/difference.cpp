#include "analysis/difference.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "model/json.hpp"
#include "model/payloads.hpp"
#include "run_log.hpp"
#include "schema.hpp"

namespace ibcf::analysis {
namespace {

namespace fs = std::filesystem;

/// One of two logs that are held against each other.
class Side {
 public:
  explicit Side(const fs::path& folder) : log_(folder / "events.db") {
    auto rows = log_.query("SELECT count(*) FROM events");
    if (rows.next()) size_ = static_cast<std::uint64_t>(rows.integer(0));
  }

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// The chained hash after this many events, where a checkpoint was written.
  [[nodiscard]] std::optional<Bytes> hash_after(std::uint64_t events) {
    if (!log_.has("hashes")) return std::nullopt;
    auto rows = log_.query("SELECT hash FROM hashes WHERE events = ?");
    rows.bind(1, events);
    if (!rows.next()) return std::nullopt;
    const ByteView hash = rows.bytes(0);
    return Bytes(hash.begin(), hash.end());
  }
  /// What is compared of an event: where and when it was stored, and every byte.
  struct Entry {
    std::uint32_t master;
    Instant ingested;
    Bytes packed;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  [[nodiscard]] std::optional<Entry> entry(std::uint64_t number) {
    auto rows = log_.query("SELECT master, ingested_ns, packed FROM events WHERE entry = ?");
    rows.bind(1, number - 1);
    if (!rows.next()) return std::nullopt;
    const ByteView packed = rows.bytes(2);
    return Entry{rows.index(0), rows.instant(1), Bytes(packed.begin(), packed.end())};
  }
  [[nodiscard]] std::optional<std::string> words_of(std::uint64_t number) {
    const auto found = entry(number);
    if (!found) return std::nullopt;
    const auto event = decode<Event>(found->packed);
    if (!event) return fmt::format("{} bytes that are no event", found->packed.size());
    return fmt::format("{} {} stored {} about {}, seq {} of {}, of {}: {}", clock_text_of(found->ingested),
                       name_of_master(found->master), word_of(event->type), name_of(event->subject),
                       event->seq, name_of(event->origin), clock_text_of(event->occurred),
                       payload_json(event->type, event->payload).dump());
  }

 private:
  std::string name_of_master(std::uint32_t master) {
    auto rows = log_.query("SELECT name FROM masters WHERE master = ?");
    rows.bind(1, master);
    return rows.next() ? rows.text(0) : fmt::format("master {}", master);
  }
  std::string name_of(const AnyId& id) {
    auto rows = log_.query("SELECT name FROM names WHERE id = ?");
    rows.bind(1, id);
    return rows.next() ? rows.text(0) : text_of(id);
  }

  RunLog log_;
  std::uint64_t size_ = 0;
};

// How many events at the start are surely the same in both: those before the newest checkpoint with one hash.
std::uint64_t surely_same(Side& first, Side& second) {
  const std::uint64_t common = std::min(first.size(), second.size());
  std::uint64_t same = 0;                                     // in units of checkpoints
  std::uint64_t beyond = common / events_per_checkpoint + 1;  // the first that is not known to be the same
  while (same + 1 < beyond) {
    const std::uint64_t middle = same + (beyond - same) / 2;
    const auto hash = first.hash_after(middle * events_per_checkpoint);
    const bool is_same = hash && hash == second.hash_after(middle * events_per_checkpoint);
    (is_same ? same : beyond) = middle;
  }
  return same * events_per_checkpoint;
}

Json manifest_of(const fs::path& folder) {
  const fs::path file = folder / "run.json";
  std::ifstream in(file);
  Json run = Json::parse(in, nullptr, false);
  if (!run.is_object()) throw std::runtime_error(fmt::format("{}: cannot be read", file.string()));
  run.erase("host");
  run.erase("files");
  return run;
}

}  // namespace

std::optional<LogDifference> first_difference(const fs::path& first, const fs::path& second) {
  Side one(first);
  Side other(second);
  for (std::uint64_t number = surely_same(one, other) + 1;; ++number) {
    const auto entry = one.entry(number);
    const auto beside = other.entry(number);
    if (!entry && !beside) return std::nullopt;
    if (entry != beside) return LogDifference{number, one.words_of(number), other.words_of(number)};
  }
}

std::string figure_difference(const fs::path& first, const fs::path& second) {
  const Json one = manifest_of(first);
  const Json other = manifest_of(second);
  for (const auto& [key, value] : one.items())
    if (!other.contains(key) || other[key] != value)
      return fmt::format("{}: {} and {}", key, value.dump(),
                         other.contains(key) ? other[key].dump() : "nothing");
  return "";
}

}  // namespace ibcf::analysis

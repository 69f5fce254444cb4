#include "sim/checkers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ibcf::sim {
namespace {

constexpr std::size_t kept = 10;

}  // namespace

Checkers::Checkers(std::uint64_t seed, std::size_t masters, const Ledger& ledger)
    : seed_(seed), ledger_(&ledger), followed_(masters) {}

void Checkers::find(std::string_view invariant, Instant at, std::string_view what) {
  if (findings_.size() < kept)
    findings_.push_back(fmt::format("{} at {}, event {}, seed {}: {}", invariant, clock_text_of(at),
                                    ledger_->distinct_events(), seed_, what));
  else
    ++more_;
}

std::vector<std::string> Checkers::findings() const {
  std::vector<std::string> all = findings_;
  if (more_ > 0) all.push_back(fmt::format("and {} more", more_));
  return all;
}

// ---- at every event ---------------------------------------------------------------------------------------

void Checkers::stored(std::string_view master, std::string_view origin, Ledger::Taken taken,
                      const Event& event, Instant at) {
  const auto named = [&] { return fmt::format("{} {} of {}", word_of(event.type), event.seq, origin); };
  switch (taken) {
    case Ledger::Taken::first:
    case Ledger::Taken::copy:
    case Ledger::Taken::ahead:
      return;
    case Ledger::Taken::again:
      return find("I-4", at, fmt::format("{} stored {} a second time", master, named()));
    case Ledger::Taken::gap:
      return find("I-3", at, fmt::format("{} stored {} without what comes before it", master, named()));
    case Ledger::Taken::forged:
      return find("I-52", at, fmt::format("{} stored {}, which it did not write", master, named()));
    case Ledger::Taken::misquoted:
      return find("I-52", at,
                  fmt::format("{} stored {} about what its node did not write there", master, named()));
  }
}

void Checkers::executed(std::string_view node, const Ledger::Execution& execution) {
  const auto find_it = [&](std::string_view invariant, std::string_view why) {
    find(invariant, execution.at,
         fmt::format("{} executed command {} {}", node, text_of(execution.command), why));
  };
  if (execution.issued_by.is_nil()) find_it("I-53", "that no master issued");
  if (execution.epoch < execution.max_epoch_seen)
    find_it("I-23",
            fmt::format("of epoch {} after it had seen epoch {}", execution.epoch, execution.max_epoch_seen));
  const bool at_most_once = execution.delivery == DeliverySemantics::at_most_once;
  if (execution.again && at_most_once) find_it("I-30", "once more");
  if (execution.again && !at_most_once) find_it("I-31", "once more");
  if (execution.at > execution.execute_before)
    find_it("I-33", fmt::format("after its last moment {}", clock_text_of(execution.execute_before)));
  if (is_coming_back(execution.mode)) find_it("I-36", fmt::format("while {}", word_of(execution.mode)));
}

void Checkers::installed(std::string_view node, const InstalledArtifact& artifact, std::uint64_t newest,
                         Instant at) {
  const std::string why = artifact.release < newest ? fmt::format("after it has run release {}", newest)
                                                    : "which no trusted key signed as it is";
  find("I-50", at,
       fmt::format("{} runs {} {}, release {}, {}", node, artifact.name, artifact.version, artifact.release,
                   why));
}

void Checkers::acknowledged(std::string_view node, const std::optional<Ledger::Place>& missing, Instant at) {
  if (!missing) return;
  find("I-7", at,
       fmt::format("{} was told that its {} event {} is stored, and no store has it", node,
                   word_of(missing->stream), missing->seq));
}

void Checkers::complete(std::string_view master, std::string_view node, std::uint64_t holes, Instant at) {
  if (holes == 0) return;
  find("I-3", at,
       fmt::format("{} found the log of {} complete, and lacks {} events of it", master, node, holes));
}

void Checkers::clean(std::string_view master, std::string_view node, std::uint64_t parked, Instant at) {
  if (parked == 0) return;
  find("I-44", at,
       fmt::format("{} called the replay of {} clean, and parked {} events of it", master, node, parked));
}

void Checkers::lock(std::string_view master, const NodeRecord& node, Instant at) {
  if (node.lock.has_value() == (node.state.mode == ConnectivityMode::replaying)) return;
  find("I-41", at,
       fmt::format("{} believes {} to be {}, {} a lock", master, node.enrolment.facts.name,
                   label_of(node.state), node.lock ? "with" : "without"));
}

void Checkers::holders(std::string_view scope, std::span<const Holder> holders, Instant at) {
  for (std::size_t i = 0; i < holders.size(); ++i)
    for (std::size_t j = i + 1; j < holders.size(); ++j) {
      const auto& [older, newer] = std::minmax(
          holders[i], holders[j], [](const Holder& a, const Holder& b) { return a.epoch < b.epoch; });
      if (newer.began_alone && older.told < newer.epoch) continue;
      ++two_holders_;
      if (older.epoch == newer.epoch)
        find("I-21", at,
             fmt::format("{} and {} both hold {} in epoch {}", older.master, newer.master, scope,
                         older.epoch));
      else
        find("I-24", at,
             fmt::format("{} still acts for {} in epoch {} while {} has begun epoch {}", older.master, scope,
                         older.epoch, newer.master, newer.epoch));
    }
}

// ---- the whole fleet --------------------------------------------------------------------------------------

void Checkers::chain(std::uint32_t master, std::string_view name, const EventStore& store, bool whole,
                     Instant at) {
  Followed& followed = followed_[master];
  store.scan(followed.position, [&](const Stored& stored) {
    followed.head = ibcf::chain(followed.head, stored.packed);
    followed.position = stored.position + 1;
    return true;
  });
  if (followed.head != store.head())
    find("I-5", at, fmt::format("the log of {} does not lead to its head", name));
  if (!whole) return;
  if (const auto position = store.verify(); position != store.size())
    find("I-6", at, fmt::format("the log of {} does not verify from position {} on", name, position));
}

void Checkers::projections(const EventStore& store, const Projections& live,
                           const std::vector<Domain>& domains, Instant at) {
  Projections rebuilt(domains);
  rebuilt.catch_up(store);
  if (rebuilt.snapshot() != live.snapshot())
    find("I-11", at, "projections rebuilt from zero differ from the live ones");
  if (const auto misfits = rebuilt.lifecycle().misfits(); misfits > 0)
    find("I-40", at, fmt::format("{} lifecycle events take no arrow of the table", misfits));
}

void Checkers::link(const LinkSpec& link, const LinkCount& count, Instant at) {
  if (count.sent != count.delivered + count.dropped + count.in_flight)
    find("I-71", at,
         fmt::format("link {}: sent {} is not delivered {} + dropped {} + in flight {}", link.name,
                     count.sent, count.delivered, count.dropped, count.in_flight));
  if (link.trace) return;  // its capacity changes by the second
  // A datagram that is being put on the link at this instant counts as carried.
  const double capacity = link.bandwidth_bps / 8 * seconds_of(at) + 1500;
  if (static_cast<double>(count.carried_bytes) > capacity)
    find("I-72", at,
         fmt::format("link {} carried {} bytes, more than {:.0f}", link.name, count.carried_bytes, capacity));
}

}  // namespace ibcf::sim

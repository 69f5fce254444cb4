#pragma once

#include "hand_driver.hpp"

namespace ibcf {

/// The log of a hand driver's master: passes everything on, and dies with its master right behind an append.
/// Where an operator orders something it lives on until the master is at work by itself again.
struct MortalStore final : EventStore {
  explicit MortalStore(HandDriver& driver) : twin(&driver), store(&driver.store) { driver.master_log = this; }
  HandDriver* twin;
  MemoryStore* store;
  std::uint64_t appends = 0;
  std::uint64_t deaths = 0;
  bool dies_at_orders = false;   ///< too
  std::uint64_t dies_after = 0;  ///< so many appends; 0: never
  std::uint64_t then_every = 0;  ///< and again after so many more; 0: never again

  AppendResult append(std::uint64_t size, Instant at, std::span<const ByteView> packed) override {
    const AppendResult result = store->append(size, at, packed);
    if (++appends < dies_after || dies_after == 0 || !(twin->is_master_at_work || dies_at_orders))
      return result;
    dies_after = then_every == 0 ? 0 : appends + then_every;
    ++deaths;
    throw HandDriver::Killed{};
  }
  [[nodiscard]] std::uint64_t size() const override { return store->size(); }
  [[nodiscard]] std::uint64_t first() const override { return store->first(); }
  [[nodiscard]] Digest head() const override { return store->head(); }
  Scanned scan(const Selection& what, const Reader& see) const override { return store->scan(what, see); }
  [[nodiscard]] std::vector<Segment> segments() const override { return store->segments(); }
  bool hold(const std::string& name, std::uint64_t at) override { return store->hold(name, at); }
  void release(const std::string& name) override { store->release(name); }
  [[nodiscard]] const Holds& holds() const override { return store->holds(); }
  std::uint64_t retain(std::uint64_t from) override { return store->retain(from); }
  [[nodiscard]] const StoreCondition& condition() const override { return store->condition(); }
  const StoreCondition& examine() override { return store->examine(); }
  [[nodiscard]] std::uint64_t verify() const override { return store->verify(); }
  const StoreCondition& restore(std::span<const Replacement> with) override { return store->restore(with); }
};

}  // namespace ibcf

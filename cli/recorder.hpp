#pragma once

#include "analysis/run_folder.hpp"
#include "sim/world.hpp"

namespace ibcf::cli {

/// Passes what a world tells on into a run folder: sim and analysis do not know each other.
class Recorder final : public sim::RunObserver {
 public:
  explicit Recorder(analysis::RunFolder& folder) : folder_(folder) {}

  void domain(std::uint32_t index, const Domain& domain, std::uint32_t parent) override;
  void master(std::uint32_t index, MasterId id, const std::string& name, AuthorityLevel level,
              std::uint32_t domain, const std::string& site) override;
  void relay(std::uint32_t index, const Relay& relay, std::uint32_t domain) override;
  void node(std::uint32_t ordinal, NodeId id, const std::string& name, std::uint32_t domain,
            const std::string& group, const std::string& access, std::uint32_t relay,
            sim::Place place) override;
  void link(sim::LinkIndex index, const sim::LinkSpec& spec, const std::string& from,
            const std::string& to) override;
  void fault(const std::string& name, const std::string& kind, Instant from, Instant until) override;
  void stored(std::uint32_t master, const Stored& stored, const Event& event) override;
  void body(const Digest& digest, ByteView body) override;
  void sample(Instant at, std::string_view metric, std::uint32_t domain, double value) override;
  void link_use(Instant at, sim::LinkIndex link, std::uint64_t bytes, Duration interval) override;
  void reach(Instant from, Instant until, const std::string& place, std::uint32_t component) override;
  void link_total(sim::LinkIndex link, const sim::LinkCount& count) override;

 private:
  analysis::RunFolder& folder_;
};

}  // namespace ibcf::cli

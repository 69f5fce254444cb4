#include <algorithm>

#include "scenario_reader.hpp"

/// Who vouches for what runs in a scenario.
namespace ibcf::sim {
namespace {

// What a statement in an envelope may hold of a name; a longer one would be refused unread.
constexpr std::size_t longest_name = 200;

class SupplyChainReader : ScenarioReader {
 public:
  SupplyChainReader(ScenarioNames& names, Scenario& scenario, const PlacedJson& document,
                    ProblemList& problems)
      : ScenarioReader(document, problems), names_(names), s_(scenario) {}

  void read(const Spot& spot) {
    for (const Spot& item : spot["keys"].items())
      s_.keys.push_back({new_name(item, names_.keys), item["trusted"].flag()});
    for (const Spot& item : spot["artifacts"].items()) s_.artifacts.push_back(read_artifact(item));
    for (const Spot& item : spot["revocations"].items()) s_.revocations.push_back(read_revocation(item));
  }

 private:
  Scenario::Artifact read_artifact(const Spot& spot) {
    Scenario::Artifact artifact;
    artifact.title = bounded(spot["name"]);
    artifact.version = bounded(spot["version"]);
    artifact.name = artifact.title + " " + artifact.version;
    name(spot, artifact.name);
    artifact.release = spot["release"].whole<std::uint64_t>();
    artifact.kind = spot["kind"].word(ArtifactKind::software);
    artifact.size_bytes = spot["size"].bytes();
    artifact.sbom = spot["sbom"].word(SbomFormat::cyclonedx);
    for (const Spot& component : spot["components"].items())
      artifact.components.push_back(bounded(component));
    artifact.signed_by = reference(spot["signed_by"], names_.keys);
    artifact.flaw = flaw_of(spot["flaw"].text());
    artifact.arrives_damaged = spot["arrives_damaged"].number();
    artifact.at = spot["at"].instant();
    return artifact;
  }

  static Scenario::Flaw flaw_of(const std::string& word) {
    const auto words = Scenario::words_of(Scenario::Flaw{});
    const auto found = std::find(words.begin(), words.end(), word);
    return found == words.end() ? Scenario::Flaw::sound : static_cast<Scenario::Flaw>(found - words.begin());
  }

  std::string bounded(const Spot& spot) {
    std::string text = spot.text();
    if (text.size() > longest_name)
      report(spot.path(),
             fmt::format("must be at most {} bytes long, is {} bytes long", longest_name, text.size()));
    return text;
  }

  void name(const Spot& spot, const std::string& name) {
    const bool is_there = spot["name"].is_there() && spot["version"].is_there();
    if (!is_there) names_.artifacts.miss_some();
    if (!names_.artifacts.add(name) && is_there) taken(spot["version"].path(), name, names_.artifacts);
  }

  Scenario::Revocation read_revocation(const Spot& spot) {
    Scenario::Revocation revocation;
    revocation.is_of_key = spot["kind"].text() == "revoke_key";
    revocation.target = revocation.is_of_key ? reference(spot["key"], names_.keys)
                                             : reference(spot["artifact"], names_.artifacts);
    revocation.reason = spot["reason"].text();
    revocation.at = spot["at"].instant();
    return revocation;
  }

  ScenarioNames& names_;
  Scenario& s_;
};

}  // namespace

void read_supply_chain(const Spot& spot, ScenarioNames& names, Scenario& scenario, const PlacedJson& document,
                       ProblemList& problems) {
  SupplyChainReader(names, scenario, document, problems).read(spot);
}

}  // namespace ibcf::sim

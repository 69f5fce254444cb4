#include "controlplane/sbom.hpp"

#include <charconv>
#include <set>

#include "bounded_json.hpp"

namespace ibcf {
namespace {

using Refused = Parsed<Sbom>;

// The SHA-256 in a list of hashes whose members are so called; nothing where it has none.
std::optional<Digest> sha256_of_list(const Json& owner, const char* list, const char* algorithm,
                                     const char* wanted, const char* value) {
  const Json* hashes = find_member(owner, list);
  if (hashes == nullptr || !hashes->is_array()) return std::nullopt;
  for (const Json& hash : *hashes)
    if (text_at(hash, algorithm) == wanted) return digest_at(hash, value);
  return std::nullopt;
}

// Components hold components; the parser bounded the depth.
std::uint32_t count_components(const Json& owner) {
  const Json* list = find_member(owner, "components");
  if (list == nullptr || !list->is_array()) return 0;
  std::uint32_t count = 0;
  for (const Json& component : *list) count += 1 + count_components(component);
  return count;
}

bool is_cyclonedx_version(const std::string& text) {
  if (text.rfind("1.", 0) != 0) return false;
  unsigned minor = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + 2, end, minor);
  return error == std::errc{} && stopped == end && minor >= 4 && minor < 100;
}

bool is_uuid_urn(const std::string& text) {
  static constexpr std::string_view shape = "urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char c = text[i];
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (i >= 9 && shape[i] == 'x' ? !is_hex : c != shape[i]) return false;
  }
  return true;
}

Parsed<Sbom> read_cyclonedx(const Json& json) {
  Sbom sbom;
  sbom.format = SbomFormat::cyclonedx;
  const auto version = text_at(json, "specVersion", 16);
  if (!version || !is_cyclonedx_version(*version))
    return Refused::refused("CycloneDX " + version.value_or("without a version") +
                            " is not read; 1.4 and later is");
  sbom.format_version = *version;
  if (find_member(json, "serialNumber") != nullptr) {
    const auto serial = text_at(json, "serialNumber");
    if (!serial || !is_uuid_urn(*serial)) return Refused::refused("serialNumber is no urn:uuid");
    sbom.document = *serial;
  }
  const Json* metadata = find_member(json, "metadata");
  const Json* component = metadata == nullptr ? nullptr : find_member(*metadata, "component");
  const auto name = component == nullptr ? std::nullopt : text_at(*component, "name");
  if (!name || name->empty()) return Refused::refused("metadata.component names nothing");
  sbom.name = *name;
  sbom.version = text_at(*component, "version").value_or("");
  sbom.sha256 = sha256_of_list(*component, "hashes", "alg", "SHA-256", "content");
  sbom.components = count_components(json) + count_components(*component);
  return sbom;
}

// Ids of what the document describes: by relationship, or by the list that 2.3 keeps for older readers.
std::set<std::string> described_in(const Json& json) {
  std::set<std::string> ids;
  if (const Json* list = find_member(json, "documentDescribes"); list != nullptr && list->is_array())
    for (const Json& id : *list)
      if (id.is_string()) ids.insert(id.get<std::string>());
  const Json* relationships = find_member(json, "relationships");
  if (relationships == nullptr || !relationships->is_array()) return ids;
  for (const Json& relationship : *relationships) {
    const auto type = text_at(relationship, "relationshipType");
    const auto from = text_at(relationship, "spdxElementId");
    const auto to = text_at(relationship, "relatedSpdxElement");
    if (!from || !to) continue;
    if (type == "DESCRIBES" && *from == "SPDXRef-DOCUMENT") ids.insert(*to);
    if (type == "DESCRIBED_BY" && *to == "SPDXRef-DOCUMENT") ids.insert(*from);
  }
  return ids;
}

Parsed<Sbom> read_spdx(const Json& json) {
  Sbom sbom;
  sbom.format = SbomFormat::spdx;
  const auto version = text_at(json, "spdxVersion", 16);
  if (version != "SPDX-2.3") return Refused::refused(version.value_or("SPDX") + " is not read; SPDX-2.3 is");
  sbom.format_version = "2.3";
  const auto document = text_at(json, "documentNamespace");
  if (!document || document->empty()) return Refused::refused("documentNamespace is missing");
  sbom.document = *document;
  const Json* packages = find_member(json, "packages");
  if (packages == nullptr || !packages->is_array() || packages->empty())
    return Refused::refused("lists no packages");
  const auto described = described_in(json);
  const Json* subject = nullptr;
  for (const Json& package : *packages) {
    const auto id = text_at(package, "SPDXID");
    const bool is_it = described.empty() ? packages->size() == 1 : id && described.contains(*id);
    if (!is_it) continue;
    if (subject != nullptr) return Refused::refused("describes more than one package");
    subject = &package;
  }
  const auto name = subject == nullptr ? std::nullopt : text_at(*subject, "name");
  if (!name || name->empty()) return Refused::refused("describes no package by name");
  sbom.name = *name;
  sbom.version = text_at(*subject, "versionInfo").value_or("");
  sbom.sha256 = sha256_of_list(*subject, "checksums", "algorithm", "SHA256", "checksumValue");
  sbom.components = static_cast<std::uint32_t>(packages->size() - 1);
  return sbom;
}

}  // namespace

Parsed<Sbom> parse_sbom(ByteView text) {
  const auto json = parse_bounded(text, most_sbom_bytes);
  if (!json) return Refused::refused("SBOM: " + json.why);
  auto sbom = text_at(*json, "bomFormat") == "CycloneDX"     ? read_cyclonedx(*json)
              : find_member(*json, "spdxVersion") != nullptr ? read_spdx(*json)
                                                             : Refused::refused("neither CycloneDX nor SPDX");
  if (!sbom) sbom.why = "SBOM: " + sbom.why;
  return sbom;
}

}  // namespace ibcf

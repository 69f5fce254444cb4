#include "controlplane/intoto.hpp"

#include "bounded_json.hpp"
#include "controlplane/dsse.hpp"

namespace ibcf {
namespace {

constexpr const char* sbom_by_product = "sbom";

// The member at a path of objects; null where one is missing.
const Json* find_below(const Json& json, std::initializer_list<const char*> path) {
  const Json* at = &json;
  for (const char* key : path)
    if (at = find_member(*at, key); at == nullptr) return nullptr;
  return at;
}

std::optional<Digest> sha256_in(const Json& described) {
  const Json* digests = find_member(described, "digest");
  return digests == nullptr ? std::nullopt : digest_at(*digests, "sha256");
}

// "" where all is well.
std::string read_subjects(const Json& json, std::vector<StatementSubject>& subjects) {
  const Json* list = find_member(json, "subject");
  if (list == nullptr || !list->is_array() || list->empty()) return "names no subject";
  if (list->size() > most_subjects) return "names more than " + std::to_string(most_subjects) + " subjects";
  for (const Json& item : *list) {
    const auto name = text_at(item, "name");
    const auto sha256 = sha256_in(item);
    if (!name || name->empty()) return "a subject has no name";
    if (!sha256) return "subject " + *name + " has no SHA-256 digest";
    for (const StatementSubject& other : subjects)
      if (other.name == *name) return "subject " + *name + " comes twice";
    subjects.push_back({*name, *sha256});
  }
  return "";
}

std::optional<ArtifactKind> kind_at(const Json& json) {
  const auto word = text_at(json, "kind");
  const auto words = words_of(ArtifactKind{});
  for (std::size_t i = 0; i < words.size(); ++i)
    if (word == words[i]) return static_cast<ArtifactKind>(i);
  return std::nullopt;
}

std::string read_parameters(const Json& parameters, Provenance& provenance) {
  const auto version = text_at(parameters, "version");
  const auto release = number_at(parameters, "release");
  const auto kind = kind_at(parameters);
  const auto size = number_at(parameters, "size_bytes");
  if (!version || version->empty()) return "externalParameters has no version";
  if (!release || *release == 0) return "externalParameters has no release counter, from 1 up";
  if (!kind) return "externalParameters has no kind, SOFTWARE or FIRMWARE";
  if (!size) return "externalParameters has no size_bytes";
  provenance.version = *version;
  provenance.release = *release;
  provenance.kind = *kind;
  provenance.size_bytes = *size;
  return "";
}

std::string read_sbom_digest(const Json& predicate, Provenance& provenance) {
  const Json* by_products = find_below(predicate, {"runDetails", "byproducts"});
  if (by_products == nullptr || !by_products->is_array()) return "names no by-products";
  bool found = false;
  for (const Json& item : *by_products) {
    if (text_at(item, "name") != sbom_by_product) continue;
    const auto sha256 = sha256_in(item);
    if (!sha256 || found) return "must name one SBOM with its SHA-256";
    provenance.sbom_sha256 = *sha256;
    found = true;
  }
  return found ? "" : "names no SBOM among its by-products";
}

std::string read_provenance(const Json& json, Provenance& provenance) {
  const Json* predicate = find_member(json, "predicate");
  if (predicate == nullptr) return "has no predicate";
  const Json* definition = find_member(*predicate, "buildDefinition");
  if (definition == nullptr || text_at(*definition, "buildType") != release_build_type)
    return "is not of build type " + std::string(release_build_type);
  const Json* parameters = find_member(*definition, "externalParameters");
  if (parameters == nullptr) return "has no externalParameters";
  const Json* builder = find_below(*predicate, {"runDetails", "builder"});
  const auto builder_id = builder == nullptr ? std::nullopt : text_at(*builder, "id");
  if (!builder_id || builder_id->empty()) return "names no builder";
  provenance.builder_id = *builder_id;
  const std::string problem = read_parameters(*parameters, provenance);
  return problem.empty() ? read_sbom_digest(*predicate, provenance) : problem;
}

Json digest_set(const Digest& sha256) {
  return {{"sha256", text_of(sha256)}};
}

}  // namespace

Parsed<Statement> parse_statement(ByteView text) {
  using Refused = Parsed<Statement>;
  const auto json = parse_bounded(text, most_envelope_bytes);
  if (!json) return Refused::refused("statement: " + json.why);
  if (text_at(*json, "_type") != statement_type) return Refused::refused("statement: is not in-toto v1");
  if (text_at(*json, "predicateType") != provenance_type)
    return Refused::refused("statement: its predicate is not SLSA provenance v1");
  Statement statement;
  std::string problem = read_subjects(*json, statement.subjects);
  if (problem.empty()) problem = read_provenance(*json, statement.provenance);
  if (!problem.empty()) return Refused::refused("statement: " + problem);
  return statement;
}

Bytes write_statement(const Statement& statement) {
  Json subjects = Json::array();
  for (const StatementSubject& subject : statement.subjects)
    subjects.push_back({{"name", subject.name}, {"digest", digest_set(subject.sha256)}});
  const Provenance& made = statement.provenance;
  const Json parameters{{"version", made.version},
                        {"release", made.release},
                        {"kind", word_of(made.kind)},
                        {"size_bytes", made.size_bytes}};
  Json by_products = Json::array();
  by_products.push_back({{"name", sbom_by_product}, {"digest", digest_set(made.sbom_sha256)}});
  const Json json{
      {"_type", statement_type},
      {"subject", std::move(subjects)},
      {"predicateType", provenance_type},
      {"predicate",
       {{"buildDefinition", {{"buildType", release_build_type}, {"externalParameters", parameters}}},
        {"runDetails", {{"builder", {{"id", made.builder_id}}}, {"byproducts", std::move(by_products)}}}}}};
  const std::string written = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return {written.begin(), written.end()};
}

}  // namespace ibcf

#include "controlplane/sbom.hpp"

#include <catch2/catch.hpp>

#include "artifact_support.hpp"
#include "controlplane/intoto.hpp"

using namespace ibcf;
using namespace ibcf::test;

namespace {

const std::string hash(64, 'a');
const Digest digest = [] {
  Digest all;
  all.bytes.fill(0xaa);
  return all;
}();

Parsed<Sbom> read(const std::string& text) {
  const auto parsed = parse_sbom(bytes_of_text(text));
  REQUIRE(parsed.value.has_value() == parsed.why.empty());
  return parsed;
}

std::string cyclonedx(const std::string& members) {
  return R"({"bomFormat":"CycloneDX",)" + members + "}";
}
const std::string component =
    R"("metadata":{"component":{"type":"application","name":"gateway","version":"2.0",
  "hashes":[{"alg":"MD5","content":"00"},{"alg":"SHA-256","content":")" +
    hash + R"("}]}})";

std::string spdx(const std::string& members) {
  return R"({"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","documentNamespace":"https://example.org/doc",)" +
         members + "}";
}
std::string package(const std::string& id, const std::string& name) {
  return R"({"SPDXID":")" + id + R"(","name":")" + name + R"(","versionInfo":"2.0",
    "checksums":[{"algorithm":"SHA1","checksumValue":"00"},{"algorithm":"SHA256","checksumValue":")" +
         hash + R"("}]})";
}

// A statement as another tool would write it; `change` is a JSON member to put in the place of `member`.
std::string statement(const std::string& member = "", const std::string& change = "") {
  std::map<std::string, std::string> parts{
      {"_type", R"("_type":"https://in-toto.io/Statement/v1")"},
      {"subject", R"("subject":[{"name":"gateway","digest":{"sha512":"00","sha256":")" + hash + R"("}}])"},
      {"predicateType", R"("predicateType":"https://slsa.dev/provenance/v1")"},
      {"buildType", R"("buildType":"urn:ibcf-twin:release:v1")"},
      {"parameters",
       R"("externalParameters":{"version":"2.0","release":7,"kind":"FIRMWARE","size_bytes":10,"more":1})"},
      {"builder", R"("builder":{"id":"https://builds.example/1"})"},
      {"byproducts",
       R"("byproducts":[{"name":"log"},{"name":"sbom","digest":{"sha256":")" + hash + R"("}}])"}};
  if (!member.empty()) parts.at(member) = change;
  return "{" + parts["_type"] + "," + parts["subject"] + "," + parts["predicateType"] +
         R"(,"predicate":{"buildDefinition":{)" + parts["buildType"] + "," + parts["parameters"] +
         R"(,"resolvedDependencies":[]},"runDetails":{)" + parts["builder"] + "," + parts["byproducts"] +
         "}}}";
}

std::string why_refused(const std::string& member, const std::string& change) {
  const auto parsed = parse_statement(bytes_of_text(statement(member, change)));
  REQUIRE_FALSE(parsed);
  return parsed.why;
}

}  // namespace

TEST_CASE("a CycloneDX document tells what it describes, its hash and how much it lists",
          "[artifact][sbom]") {
  const auto sbom = read(cyclonedx(
      R"("specVersion":"1.6","serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79","version":1,)" +
      component + R"(,"components":[{"name":"a","components":[{"name":"b"},{"name":"c"}]},{"name":"d"}])"));

  REQUIRE(sbom);
  CHECK(*sbom == Sbom{SbomFormat::cyclonedx, "1.6", "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
                      "gateway", "2.0", digest, 4});
}

TEST_CASE("an SPDX document tells the package it describes, in each of the three ways", "[artifact][sbom]") {
  const std::string packages =
      R"("packages":[)" + package("SPDXRef-a", "library") + "," + package("SPDXRef-g", "gateway") + "]";
  const Sbom expected{SbomFormat::spdx, "2.3", "https://example.org/doc", "gateway", "2.0", digest, 1};

  CHECK(*read(spdx(packages + R"(,"documentDescribes":["SPDXRef-g"])")) == expected);
  CHECK(*read(spdx(packages + R"(,"relationships":[
    {"spdxElementId":"SPDXRef-g","relationshipType":"CONTAINS","relatedSpdxElement":"SPDXRef-a"},
    {"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-g"}])")) ==
        expected);
  CHECK(*read(spdx(packages + R"(,"relationships":[
    {"spdxElementId":"SPDXRef-g","relationshipType":"DESCRIBED_BY","relatedSpdxElement":"SPDXRef-DOCUMENT"}])")) ==
        expected);
  CHECK(read(spdx(R"("packages":[)" + package("SPDXRef-g", "gateway") + "]"))->components == 0);
}

TEST_CASE("other documents and versions are refused, each with its reason", "[artifact][sbom]") {
  const auto why = [](const std::string& text) { return read(text).why; };
  CHECK(why("{}") == "SBOM: neither CycloneDX nor SPDX");
  CHECK(why("<bom/>") == "SBOM: not JSON at byte 1");
  CHECK(why(cyclonedx(R"("specVersion":"1.3",)" + component)) ==
        "SBOM: CycloneDX 1.3 is not read; 1.4 and later is");
  CHECK(why(cyclonedx(R"("specVersion":"1.4x",)" + component)) ==
        "SBOM: CycloneDX 1.4x is not read; 1.4 and later is");
  CHECK(why(cyclonedx(component)) == "SBOM: CycloneDX without a version is not read; 1.4 and later is");
  CHECK(why(cyclonedx(R"("specVersion":"1.5")")) == "SBOM: metadata.component names nothing");
  CHECK(why(cyclonedx(R"("specVersion":"1.5","serialNumber":"urn:uuid:3e671687",)" + component)) ==
        "SBOM: serialNumber is no urn:uuid");
  CHECK(why(R"({"spdxVersion":"SPDX-2.2"})") == "SBOM: SPDX-2.2 is not read; SPDX-2.3 is");
  CHECK(why(R"({"spdxVersion":3})") == "SBOM: SPDX is not read; SPDX-2.3 is");
  CHECK(why(R"({"spdxVersion":"SPDX-2.3","packages":[{}]})") == "SBOM: documentNamespace is missing");
  CHECK(why(spdx(R"("packages":[])")) == "SBOM: lists no packages");
  CHECK(why(spdx(R"("packages":[{"name":"a"},{"name":"b"}])")) == "SBOM: describes no package by name");
  CHECK(why(spdx(R"("documentDescribes":["a","b"],"packages":[)" + package("a", "a") + "," +
                 package("b", "b") + "]")) == "SBOM: describes more than one package");
  CHECK(why(std::string(most_sbom_bytes + 1, ' ')) == "SBOM: longer than 1048576 bytes");
}

TEST_CASE("a document without the hash of what it describes is read, and says none", "[artifact][sbom]") {
  const auto sbom = read(cyclonedx(R"("specVersion":"1.4","metadata":{"component":{"name":"gateway"}})"));
  REQUIRE(sbom);
  CHECK_FALSE(sbom->sha256);
  CHECK(sbom->document.empty());
  CHECK(sbom->version.empty());
}

TEST_CASE("an in-toto statement with SLSA provenance is read, and what is unknown in it ignored",
          "[artifact][intoto]") {
  const auto parsed = parse_statement(bytes_of_text(statement()));

  REQUIRE(parsed);
  CHECK(*parsed == Statement{{{"gateway", digest}},
                             {"https://builds.example/1", "2.0", 7, ArtifactKind::firmware, 10, digest}});
  CHECK(*parse_statement(write_statement(*parsed)) == *parsed);
}

TEST_CASE("a statement that leaves anything out is refused with its reason", "[artifact][intoto]") {
  CHECK(why_refused("_type", R"("_type":"https://in-toto.io/Statement/v0.1")") ==
        "statement: is not in-toto v1");
  CHECK(why_refused("predicateType", R"("predicateType":"https://slsa.dev/provenance/v0.2")") ==
        "statement: its predicate is not SLSA provenance v1");
  CHECK(why_refused("subject", R"("subject":[])") == "statement: names no subject");
  CHECK(why_refused("subject", R"("subject":[{"digest":{}}])") == "statement: a subject has no name");
  CHECK(why_refused("subject", R"("subject":[{"name":"g","digest":{"sha256":"aa"}}])") ==
        "statement: subject g has no SHA-256 digest");
  const std::string one = R"({"name":"g","digest":{"sha256":")" + hash + R"("}})";
  CHECK(why_refused("subject", R"("subject":[)" + one + "," + one + "]") ==
        "statement: subject g comes twice");
  CHECK(why_refused("buildType", R"("buildType":"https://other")") ==
        "statement: is not of build type urn:ibcf-twin:release:v1");
  CHECK(why_refused("parameters", R"("internalParameters":{})") == "statement: has no externalParameters");
  CHECK(why_refused("parameters", R"("externalParameters":{})") ==
        "statement: externalParameters has no version");
  for (const std::string bad : {"0", "-1", "1.0", "\"1\"", "18446744073709551616", "null"})
    CHECK(why_refused("parameters", R"("externalParameters":{"version":"1","release":)" + bad + "}") ==
          "statement: externalParameters has no release counter, from 1 up");
  CHECK(why_refused("parameters", R"("externalParameters":{"version":"1","release":1,"kind":"software"})") ==
        "statement: externalParameters has no kind, SOFTWARE or FIRMWARE");
  CHECK(why_refused("parameters", R"("externalParameters":{"version":"1","release":1,"kind":"SOFTWARE"})") ==
        "statement: externalParameters has no size_bytes");
  CHECK(why_refused("builder", R"("metadata":{})") == "statement: names no builder");
  CHECK(why_refused("byproducts", R"("metadata":{})") == "statement: names no by-products");
  CHECK(why_refused("byproducts", R"("byproducts":[{"name":"log"}])") ==
        "statement: names no SBOM among its by-products");
  const std::string sbom = R"({"name":"sbom","digest":{"sha256":")" + hash + R"("}})";
  CHECK(why_refused("byproducts", R"("byproducts":[)" + sbom + "," + sbom + "]") ==
        "statement: must name one SBOM with its SHA-256");
}

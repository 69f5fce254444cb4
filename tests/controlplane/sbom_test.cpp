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

TEST_CASE("a CycloneDX version that is no number from 1.4 up is refused", "[artifact][sbom]") {
  for (const std::string version : {"2.0", "14", "1.", "1.x", "1.100", "1.99999999999999"})
    CHECK(read(cyclonedx(R"("specVersion":")" + version + R"(",)" + component)).why ==
          "SBOM: CycloneDX " + version + " is not read; 1.4 and later is");
  CHECK(read(cyclonedx(R"("specVersion":"1.99",)" + component)));
}

TEST_CASE("a serial number is a urn:uuid in each of its letters", "[artifact][sbom]") {
  const std::string good = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79";
  const auto read_with = [](const std::string& serial) {
    return read(cyclonedx(R"("specVersion":"1.5","serialNumber":)" + serial + "," + component));
  };
  REQUIRE(read_with("\"" + good + "\""));
  CHECK(read_with("7").why == "SBOM: serialNumber is no urn:uuid");
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const char wrong : {'/', ':', 'g', 'A'}) {
      if (good[i] == wrong) continue;
      std::string bad = good;
      bad[i] = wrong;
      CAPTURE(bad);
      CHECK(read_with("\"" + bad + "\"").why == "SBOM: serialNumber is no urn:uuid");
    }
}

TEST_CASE("members of another type than the format's are as if they were not there", "[artifact][sbom]") {
  const auto odd = read(cyclonedx(
      R"("specVersion":"1.5","components":7,"metadata":{"component":{"name":"gateway","hashes":{}}})"));
  REQUIRE(odd);
  CHECK(odd->components == 0);
  CHECK_FALSE(odd->sha256);
  const auto others = read(cyclonedx(
      R"("specVersion":"1.5","metadata":{"component":{"name":"gateway","hashes":[{"alg":"MD5","content":"00"}]}})"));
  REQUIRE(others);
  CHECK_FALSE(others->sha256);

  const std::string packages =
      R"("packages":[)" + package("SPDXRef-a", "library") + "," + package("SPDXRef-g", "gateway") + "]";
  const std::string list = R"(,"documentDescribes":[7,"SPDXRef-g"])";
  CHECK(read(spdx(packages + list + R"(,"relationships":7)"))->name == "gateway");
  CHECK(read(spdx(packages + list + R"(,"relationships":[{"relationshipType":"DESCRIBES"},
    {"relationshipType":"DESCRIBES","spdxElementId":"SPDXRef-DOCUMENT"}])"))
            ->name == "gateway");
}

TEST_CASE("only the SPDX document itself describes, not one package another", "[artifact][sbom]") {
  const std::string packages = R"("packages":[{"name":"no id"},)" + package("SPDXRef-a", "library") + "," +
                               package("SPDXRef-g", "gateway") + "]";
  const std::string of_packages = R"(,"relationships":[
    {"spdxElementId":"SPDXRef-g","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-a"},
    {"spdxElementId":"SPDXRef-g","relationshipType":"DESCRIBED_BY","relatedSpdxElement":"SPDXRef-a"})";
  CHECK(read(spdx(packages + of_packages + "]")).why == "SBOM: describes no package by name");
  CHECK(read(spdx(packages + R"(,"documentDescribes":7)" + of_packages + R"(,
    {"spdxElementId":"SPDXRef-DOCUMENT","relationshipType":"DESCRIBES","relatedSpdxElement":"SPDXRef-g"}])"))
            ->name == "gateway");
}

TEST_CASE("what an SBOM or a statement names must have a name", "[artifact][sbom][intoto]") {
  CHECK(read(cyclonedx(R"("specVersion":"1.5","metadata":{"component":{"name":""}})")).why ==
        "SBOM: metadata.component names nothing");
  CHECK(read(R"({"spdxVersion":"SPDX-2.3","documentNamespace":""})").why ==
        "SBOM: documentNamespace is missing");
  CHECK(read(spdx(R"("packages":7)")).why == "SBOM: lists no packages");
  CHECK(read(R"({"spdxVersion":"SPDX-2.3","documentNamespace":"https://example.org/doc"})").why ==
        "SBOM: lists no packages");
  CHECK(read(spdx(R"("packages":[{"name":""}])")).why == "SBOM: describes no package by name");
  CHECK(why_refused("subject", R"("subject":[{"name":""}])") == "statement: a subject has no name");
  CHECK(why_refused("parameters", R"("externalParameters":{"version":""})") ==
        "statement: externalParameters has no version");
  CHECK(why_refused("builder", R"("builder":{"id":""})") == "statement: names no builder");
}

TEST_CASE("a statement whose parts are of another type, or too many, is refused", "[artifact][intoto]") {
  CHECK(why_refused("subject", R"("topic":[])") == "statement: names no subject");
  CHECK(why_refused("subject", R"("subject":{})") == "statement: names no subject");
  CHECK(why_refused("subject", R"("subject":[{"name":"g"}])") ==
        "statement: subject g has no SHA-256 digest");
  std::string many = R"("subject":[7)";
  for (std::size_t i = 0; i < most_subjects; ++i) many += ",7";
  CHECK(why_refused("subject", many + "]") ==
        "statement: names more than " + std::to_string(most_subjects) + " subjects");
  CHECK(why_refused("byproducts", R"("byproducts":{})") == "statement: names no by-products");
  CHECK(why_refused("byproducts", R"("byproducts":[{"name":"sbom"}])") ==
        "statement: must name one SBOM with its SHA-256");
  const auto why = [](const std::string& text) { return parse_statement(bytes_of_text(text)).why; };
  CHECK(why("[") == "statement: not JSON at byte 2");
  const std::string head = R"({"_type":"https://in-toto.io/Statement/v1",
    "predicateType":"https://slsa.dev/provenance/v1","subject":[{"name":"g","digest":{"sha256":")" +
                           hash + R"("}}])";
  CHECK(why(head + "}") == "statement: has no predicate");
  CHECK(why(head + R"(,"predicate":{}})") == "statement: is not of build type urn:ibcf-twin:release:v1");
}

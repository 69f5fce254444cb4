#include <filesystem>
#include <fstream>
#include <string>

#include "../model/any_value.hpp"
#include "controlplane/artifact_release.hpp"
#include "controlplane/dsse.hpp"
#include "controlplane/sha256.hpp"
#include "model/payloads.hpp"

using namespace ibcf;

/// Writes the seeds of the fuzzers below the folder that it is given: small valid inputs of every kind.
namespace {

std::filesystem::path target;

void write(const std::string& fuzzer, const std::string& name, const Bytes& bytes) {
  std::filesystem::create_directories(target / fuzzer);
  std::ofstream(target / fuzzer / name, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void write_artifacts() {
  ReleaseFacts facts;
  facts.name = "gateway";
  facts.version = "1.2";
  facts.sha256 = sha256_of(Bytes{1, 2, 3});
  facts.size_bytes = 3;
  facts.builder_id = "https://builds.example/7";
  facts.components = {"libalpha"};
  const Ed25519Signer signer{Digest{}};
  for (const SbomFormat format : {SbomFormat::cyclonedx, SbomFormat::spdx}) {
    facts.sbom_format = format;
    const ArtifactPublished published = make_release(facts, signer);
    const std::string suffix(word_of(format));
    write("artifact", "envelope-" + suffix, published.envelope);
    write("artifact", "statement-" + suffix, parse_envelope(published.envelope)->payload);
    write("artifact", "sbom-" + suffix, published.sbom);
  }
}

Event any_event(test::AnyValue& any, std::size_t type) {
  auto event = any.make<Event>();
  event.type = static_cast<EventType>(type);
  event.payload = with_payload(event.type, [&]<class Payload>() { return encode(any.make<Payload>()); });
  return event;
}

void write_events() {
  test::AnyValue any(2026);
  for (std::size_t type = 0; type < words_of(EventType{}).size(); ++type) {
    const Event event = any_event(any, type);
    write("event", std::string(word_of(event.type)), encode(event));
  }
  for (int i = 0; i < 4; ++i) write("snapshot", std::to_string(i), encode(any.make<Snapshot>()));
}

// Three events that chain, a gap that stands for two more, one that came already, one out of order.
void write_chunk() {
  Bytes chunk;
  Encoder encoder(chunk);
  Event event;
  event.origin.bytes[0] = 1;
  event.type = EventType::observation_recorded;
  event.payload = encode(Observation{});
  std::vector<Bytes> packed;
  for (event.seq = 1; event.seq <= 3; ++event.seq) {
    packed.push_back(encode(event));
    event.prev = chain_value_of(packed.back());
    encoder.put(packed.back());
  }
  event.type = EventType::stream_gap;
  event.seq = 5;
  event.payload = encode(StreamGap{4, 5, "buffer full", Digest{}});
  encoder.put(encode(event));
  encoder.put(packed[1]);
  event.seq = 9;
  encoder.put(encode(event));
  write("chunk", "one-of-each", chunk);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  target = argv[1];
  write_artifacts();
  write_events();
  write_chunk();
  return 0;
}

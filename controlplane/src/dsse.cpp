#include "controlplane/dsse.hpp"

#include <sodium.h>

#include <algorithm>

#include "bounded_json.hpp"
#include "controlplane/sha256.hpp"

namespace ibcf {
namespace {

std::optional<Bytes> decode_base64(std::string_view text, int variant) {
  Bytes bytes(text.size() / 4 * 3 + 1);  // never of no size: libsodium wants a pointer even to write nothing
  std::size_t size = 0;
  // Without an end pointer libsodium refuses whatever stands behind the encoding.
  if (sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr,
                        variant) != 0)
    return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::optional<Bytes> base64_at(const Json& json, const char* key, std::size_t most) {
  const auto text = text_at(json, key, most);
  return text ? parse_base64(*text) : std::nullopt;
}

std::optional<DsseSignature> read_signature(const Json& json) {
  DsseSignature signature;
  auto sig = base64_at(json, "sig", 4096);
  if (!sig) return std::nullopt;
  signature.sig = std::move(*sig);
  if (find_member(json, "keyid") == nullptr) return signature;
  auto keyid = text_at(json, "keyid");
  if (!keyid) return std::nullopt;
  signature.keyid = std::move(*keyid);
  return signature;
}

bool is_signed_by(const DsseSignature& signature, const PublicKey& key, ByteView signed_bytes,
                  const Verifier& verifier) {
  Signature sig;
  if (signature.sig.size() != sig.size()) return false;  // of another algorithm
  std::copy(signature.sig.begin(), signature.sig.end(), sig.begin());
  return verifier.verifies(key, signed_bytes, sig);
}

}  // namespace

std::string base64_of(ByteView bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the terminating zero
  return text;
}

std::optional<Bytes> parse_base64(std::string_view text) {
  if (auto bytes = decode_base64(text, sodium_base64_VARIANT_ORIGINAL)) return bytes;
  return decode_base64(text, sodium_base64_VARIANT_URLSAFE);
}

Parsed<DsseEnvelope> parse_envelope(ByteView text) {
  using Refused = Parsed<DsseEnvelope>;
  const auto json = parse_bounded(text, most_envelope_bytes);
  if (!json) return Refused::refused("envelope: " + json.why);
  DsseEnvelope envelope;
  auto payload_type = text_at(*json, "payloadType");
  if (!payload_type) return Refused::refused("envelope: payloadType is missing or no text");
  envelope.payload_type = std::move(*payload_type);
  auto payload = base64_at(*json, "payload", most_envelope_bytes);
  if (!payload) return Refused::refused("envelope: payload is missing or not base64");
  envelope.payload = std::move(*payload);
  const Json* signatures = find_member(*json, "signatures");
  if (signatures == nullptr || !signatures->is_array())
    return Refused::refused("envelope: signatures is missing or no list");
  if (signatures->size() > most_signatures)
    return Refused::refused("envelope: more than " + std::to_string(most_signatures) + " signatures");
  for (const Json& item : *signatures) {
    auto signature = read_signature(item);
    if (!signature) return Refused::refused("envelope: a signature is not of the form {keyid, sig}");
    envelope.signatures.push_back(std::move(*signature));
  }
  return envelope;
}

Bytes write_envelope(const DsseEnvelope& envelope) {
  Json signatures = Json::array();
  for (const DsseSignature& signature : envelope.signatures)
    signatures.push_back({{"keyid", signature.keyid}, {"sig", base64_of(signature.sig)}});
  const Json json{{"payload", base64_of(envelope.payload)},
                  {"payloadType", envelope.payload_type},
                  {"signatures", std::move(signatures)}};
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return {text.begin(), text.end()};
}

Bytes pae(std::string_view payload_type, ByteView payload) {
  const std::string head = "DSSEv1 " + std::to_string(payload_type.size()) + " " + std::string(payload_type) +
                           " " + std::to_string(payload.size()) + " ";
  Bytes bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

std::string keyid_of(const PublicKey& key) {
  return text_of(sha256_of(key));
}

DsseEnvelope sign_envelope(std::string payload_type, Bytes payload, const Signer& signer) {
  const Signature signature = signer.sign(pae(payload_type, payload));
  return {std::move(payload_type),
          std::move(payload),
          {{keyid_of(signer.public_key()), Bytes(signature.begin(), signature.end())}}};
}

EnvelopeCheck check_envelope(const DsseEnvelope& envelope, std::span<const PublicKey> trusted,
                             const Verifier& verifier) {
  const Bytes signed_bytes = pae(envelope.payload_type, envelope.payload);
  EnvelopeCheck check;
  for (const DsseSignature& signature : envelope.signatures) {
    if (signature.sig.empty()) continue;
    if (check.trust == EnvelopeTrust::unsigned_envelope) check.trust = EnvelopeTrust::unknown_key;
    for (const PublicKey& key : trusted) {
      const bool is_named = signature.keyid == keyid_of(key);
      if (!is_named && !signature.keyid.empty()) continue;
      if (is_signed_by(signature, key, signed_bytes, verifier)) return {EnvelopeTrust::good, key};
      if (is_named && !check.key) check = {EnvelopeTrust::bad_signature, key};
    }
  }
  return check;
}

}  // namespace ibcf

#pragma once

#include <optional>
#include <string>

#include "controlplane/parsed.hpp"
#include "model/digest.hpp"
#include "model/json.hpp"

/// JSON from outside, for the sources of this layer only: nlohmann/json stays out of its headers.
namespace ibcf {

/// The document in `text`, all of it. Refused: more than `most_bytes`, nesting deeper than 32, a key twice in
/// one object (readers disagree on which counts, and a signature must not cover two meanings), bytes that
/// are not UTF-8, anything after the end. Never throws.
Parsed<Json> parse_bounded(ByteView text, std::size_t most_bytes);

/// The member `key` of `json`, or null where `json` is no object or has no such member.
const Json* find_member(const Json& json, const char* key);
/// The text at `key`, or nothing where it is missing, no text, or longer than `most`.
std::optional<std::string> text_at(const Json& json, const char* key, std::size_t most = 512);
/// The whole number at `key`, from 0 up.
std::optional<std::uint64_t> number_at(const Json& json, const char* key);
/// A digest of 32 bytes as 64 hex digits.
std::optional<Digest> digest_at(const Json& json, const char* key);

}  // namespace ibcf

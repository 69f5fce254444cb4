#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "controlplane/parsed.hpp"
#include "model/digest.hpp"

namespace ibcf {

inline constexpr std::size_t most_sbom_bytes = 1 << 20;

enum class SbomFormat : std::uint8_t { cyclonedx, spdx };
constexpr auto words_of(SbomFormat) {
  return std::array<std::string_view, 2>{"CycloneDX", "SPDX"};
}

/// What a software bill of materials says of itself and of the one thing that it describes.
struct Sbom {
  SbomFormat format = SbomFormat::cyclonedx;
  std::string format_version;    ///< "1.5", "2.3"
  std::string document;          ///< serialNumber (may be empty) or documentNamespace
  std::string name;              ///< of the described component
  std::string version;           ///< of the described component; may be empty
  std::optional<Digest> sha256;  ///< of the described component
  std::uint32_t components = 0;  ///< beside the described one, nested ones included
  friend bool operator==(const Sbom&, const Sbom&) = default;
};

/// Reads CycloneDX JSON 1.4 and later 1.x (https://cyclonedx.org/docs, metadata.component) and SPDX JSON 2.3
/// (https://spdx.github.io/spdx-spec/v2.3, the package that the document DESCRIBES). Other formats and
/// versions, more than one described thing, and what is longer than most_sbom_bytes are refused.
Parsed<Sbom> parse_sbom(ByteView json);

}  // namespace ibcf

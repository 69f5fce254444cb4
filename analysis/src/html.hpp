#pragma once

#include <string>

#include "model/json.hpp"
#include "plots.hpp"

namespace ibcf::analysis {

/// The tables of a report as one page that needs nothing else: style and pictures are inside, every text is
/// escaped.
std::string render_html(const Json& tables, const Plots& plots);

/// &, <, >, " and ' as entities.
std::string escaped(std::string_view text);

/// RFC 4648, with padding.
std::string base64_of(std::string_view bytes);

}  // namespace ibcf::analysis

#include "place.hpp"

namespace ibcf {

std::string project_folder() {
  return IBCF_SOURCE_DIR;
}

std::string project_program() {
  return IBCF_PROGRAM;
}

}  // namespace ibcf

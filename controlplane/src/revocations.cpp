#include "controlplane/revocations.hpp"

#include <algorithm>

namespace ibcf {
namespace {

template <class T>
void add_each(std::vector<T>& list, const std::vector<T>& others) {
  list.insert(list.end(), others.begin(), others.end());
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

void Revocations::add(const Revocations& others) {
  add_each(keys, others.keys);
  add_each(artifacts, others.artifacts);
}

bool Revocations::has(ArtifactId artifact) const {
  return std::binary_search(artifacts.begin(), artifacts.end(), artifact);
}

}  // namespace ibcf

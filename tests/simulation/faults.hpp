// How planned faults happen.
#pragma once

#include "tests/simulation/world.hpp"

namespace solar::test {

void inflict(World& world, const PlannedFault& fault);

/// Everything works again from now on.
void heal(World& world);

}  // namespace solar::test

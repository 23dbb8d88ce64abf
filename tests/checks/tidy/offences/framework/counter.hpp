#pragma once

namespace troupe {

struct Counter {
  int Value = 0;
};

}  // namespace troupe

#pragma once

struct counter {
  int value = 0;
};

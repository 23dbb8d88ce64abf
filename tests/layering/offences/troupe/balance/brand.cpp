#include <random>

int brand(int x);
int y = brand(3);  // not rand()
auto clock_of_sorts = 1;
auto fd = socket(1, 2, 3);

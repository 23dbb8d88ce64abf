// One node that does nothing but be a member: a process of bench_membership's.
#include <troupe/troupe.hpp>

int main(int argc, char** argv) {
  return troupe::run(argc, argv, [](troupe::node&) {});
}

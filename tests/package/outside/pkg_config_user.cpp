// Compiles and links with what pkg-config says about an installed Troupe.
#include <iostream>

#include <troupe/troupe.hpp>

int main() {
  const auto value = troupe::parse_duration("300ms");
  std::cout << (value ? troupe::format_duration(*value) : value.error().describe()) << "\n";
  return value ? 0 : 1;
}

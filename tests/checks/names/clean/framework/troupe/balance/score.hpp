// The score of a replica: see balance/score.hpp, and `balance::scorer` that adds up,
// and  `w_i` of a formula.
#pragma once

namespace troupe::balance {

/* Also here: `balance::scorer`, and <sys/socket.h>, which is a system's. */
struct scorer {
  int total_of_all = 0;  // total_of_all, in `name` numbers
  const char* name = "named_in_a_literal // no_comment";
};

}  // namespace troupe::balance
